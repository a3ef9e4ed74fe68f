#!/bin/sh
# From a bare Debian 12 to the accuracy table: installs packages, builds, runs SalsaNext in float32, W8A8 and W4A8.
#
# Usage: sh tools/quickstart.sh [--limit N | --all] [SEMANTICKITTI_FOLDER [--split S | --sequences NN,NN]]
#
# Without a folder a data set of street scenes is made, kept for the next time, and its first 40 scans are run (--limit N:
# others, --all: the whole split of 120). With a folder, the first ten scans of --split or --sequences are run (sequence
# 08 without, or the first there is) unless --limit or --all says otherwise. Progress goes to standard error, the result
# to standard output. INTSIM_BUILD_DIR moves the build folder. Exit code 2: wrong command line; 3: no such folder, or
# packages are missing.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/tools/packages.sh"
. "$root/tools/streets.sh"
build=${INTSIM_BUILD_DIR:-$root/build}

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }
wrong() {
  say "quickstart.sh: $1; see --help"
  exit 2
}

limit=
case ${1:-} in
  -h | --help)
    usage
    exit 0
    ;;
  --all)
    limit=all
    shift
    ;;
  --limit)
    limit=${2:-}
    case $limit in '' | 0* | *[!0-9]*) wrong "--limit needs a number of scans" ;; esac
    shift 2
    ;;
  -*) wrong "unknown option $1" ;;
esac

data=
if [ $# -gt 0 ]; then
  case $1 in -*) wrong "$1 does not go with what is before it" ;; esac
  if [ ! -d "$1" ]; then
    say "quickstart.sh: $1 is no folder; give one that holds 'sequences'"
    exit 3
  fi
  data=$(CDPATH= cd -- "$1" && pwd)
  shift
  case "$#${1:-}" in
    0 | 2--split | 2--sequences) ;;
    *) wrong "after the folder only --split S or --sequences NN,NN may follow" ;;
  esac
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

ensure_packages $build_packages $torch_packages
configure_tools "$build" "$root" >&2
ninja -j "$(nproc)" -C "$build" src/cli/intsim tools/make_dataset/make_dataset tools/torch_predict/torch_predict \
  models/w8a8.safetensors models/w4a8.safetensors >&2
intsim=$build/src/cli/intsim
checkpoint=$root/models/salsanext.safetensors

results=$build/quickstart
mkdir -p "$results"
if [ -z "$data" ]; then
  data=$results/streets
  what='made: scans and labels, street scenes seen by a computed scanner (tools/make_dataset); no sensor recorded them'
  ensure_streets "$build/tools/make_dataset/make_dataset" "$data" valid
  [ -n "$limit" ] || limit=40
else
  what="read: scans and labels from $data"
  [ -n "$limit" ] || limit=10
  [ $# -gt 0 ] || set -- --sequences "$(first_sequence)"
fi
[ "$limit" = all ] || set -- --limit "$limit" "$@"

say "Running FP32"
rm -rf "$results/fp32"
"$build/tools/torch_predict/torch_predict" --checkpoint "$checkpoint" --dataset-path "$data" --output "$results/fp32" \
  --threads "$(nproc)" "$@" >&2
"$intsim" evaluate --config fp32 --predictions "$results/fp32" --dataset-path "$data" --json "$results/fp32.json" -q \
  "$@" >"$results/fp32.txt"
for config in w8a8 w4a8; do
  say "Running $config"
  "$intsim" --config "$config" --model "$build/models/$config.safetensors" --dataset-path "$data" \
    --json "$results/$config.json" "$@" >"$results/$config.txt"
done

# reported NAME CONFIG: a line of the report.
reported() { sed -n "s/^$1  *//p" "$results/$2.txt"; }

"$intsim" table "$results/fp32.json" "$results/w8a8.json" "$results/w4a8.json"
echo
echo "$what"
echo "made: the weights, trained by this project on other streets of the same kind; they are not the model zoo's"
echo "measured: FP32 by LibTorch in float32; W8A8 and W4A8 in integers by the $(reported target w8a8) profile," \
  "$(reported 'seconds per scan' w8a8) and $(reported 'seconds per scan' w4a8) s per scan"
say "Reports and JSON: $results; models: $build/models"
