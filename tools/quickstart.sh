#!/bin/sh
# From a bare Debian 12 to a result: installs packages, builds, runs SalsaNext in integers, prints the scores.
#
# Usage: sh tools/quickstart.sh [SEMANTICKITTI_FOLDER [OPTION OF intsim evaluate ...]]
#
# Without a folder three scans of a seeded scene are made. With one, its first ten scans are run unless options say
# otherwise. Progress goes to standard error, the result to standard output. INTSIM_BUILD_DIR moves the build folder.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/tools/packages.sh"
build=${INTSIM_BUILD_DIR:-$root/build}

case ${1:-} in
  -h | --help)
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  -*)
    say "quickstart.sh: the first argument is the folder of the data set; see --help"
    exit 2
    ;;
esac

if [ $# -gt 0 ]; then
  if [ ! -d "$1" ]; then
    say "quickstart.sh: $1 is no folder; give one that holds 'sequences'"
    exit 3
  fi
  data=$(CDPATH= cd -- "$1" && pwd)
  shift
else
  data=
fi

# The split of the model card is sequence 08; a smaller tree may lack it.
first_sequence() {
  for candidate in 08 00 01 02 03 04 05 06 07 09 10; do
    if [ -d "$data/sequences/$candidate/labels" ] || [ -d "$data/$candidate/labels" ]; then
      echo "$candidate"
      return
    fi
  done
  echo 08
}

ensure_packages $build_packages
[ -f "$build/build.ninja" ] || meson setup "$build" "$root" -Dtests=false -Dbench=disabled -Dtorch=disabled >&2
ninja -j "$(nproc)" -C "$build" src/cli/intsim tools/test_model/make_scene tools/test_model/checkpoint.safetensors >&2
intsim=$build/src/cli/intsim
model=$build/tools/test_model

for config in w8a8 w4a8; do
  "$intsim" import --checkpoint "$model/checkpoint.safetensors" --encodings "$model/$config.encodings" --name "$config" \
    -o "$build/models/$config.safetensors" >&2
done

results=$build/quickstart
mkdir -p "$results"
if [ -z "$data" ]; then
  data=$results/scene
  "$build/tools/test_model/make_scene" --output "$data" --count 3
  what='scans and labels: a made scene of seeded shapes, not recorded by a sensor'
else
  what="scans and labels: $data, as recorded"
  [ $# -gt 0 ] || set -- --sequences "$(first_sequence)" --limit 10
fi

for config in w8a8 w4a8; do
  say "Running $config"
  "$intsim" --config "$config" --model "$build/models/$config.safetensors" --dataset-path "$data" \
    --json "$results/$config.json" "$@" >"$results/$config.txt"
done

# reported NAME CONFIG: a line of the report.
reported() { sed -n "s/^$1  *//p" "$results/$2.txt"; }

"$intsim" table "$results/w8a8.json" "$results/w4a8.json"
echo
echo "made: the weights are seeded, not trained, so these scores mean nothing yet; they show the path from scan to score"
echo "$what"
echo "measured: every label comes from the arithmetic of the $(reported target w8a8) profile;" \
  "$(reported 'seconds per scan' w8a8) s (W8A8) and $(reported 'seconds per scan' w4a8) s (W4A8) per scan here"
say "Reports and JSON: $results; models: $build/models"
