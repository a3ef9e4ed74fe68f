#!/bin/sh
# Scores a checkpoint with its encodings in every way there is: LibTorch float32 and fake-quant, the integer profiles.
#
# Usage: sh tools/accuracy_table.sh CHECKPOINT FOLDER_OF_ENCODINGS DATA_SET [OPTION ...]
#
# FOLDER_OF_ENCODINGS holds w8a8.encodings and w4a8.encodings; the results are written beside them, into `results`.
# Options choose the scans (--split, --sequences, --limit). INTSIM_BUILD_DIR names the build folder. Exit code 2: wrong
# command line; 3: a file, a folder or the build is missing.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/tools/packages.sh"
build=${INTSIM_BUILD_DIR:-$root/build}

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }
case ${1:-} in
  -h | --help)
    usage
    exit 0
    ;;
  -*)
    say "accuracy_table.sh: unknown option $1; see --help"
    exit 2
    ;;
esac
if [ $# -lt 3 ]; then
  usage >&2
  exit 2
fi
checkpoint=$1 encodings=$2 data=$3
shift 3

# require TEST PATH WHAT: exits 3 where the path is missing.
require() {
  test "$1" "$2" && return 0
  say "accuracy_table.sh: $2 is no $3"
  exit 3
}
require -f "$checkpoint" 'file; give a float checkpoint'
require -f "$encodings/w8a8.encodings" 'file; calibrate writes it'
require -f "$encodings/w4a8.encodings" 'file; calibrate writes it'
require -d "$data" "folder; give one that holds 'sequences'"
require -x "$build/src/cli/intsim" 'program; build first, or name the build folder in INTSIM_BUILD_DIR'
require -x "$build/tools/torch_predict/torch_predict" 'program; build with -Dtorch=enabled'
intsim=$(CDPATH= cd -- "$build/src/cli" && pwd)/intsim
results=$encodings/results
mkdir -p -- "$results" || exit 4

# predict NAME OPTION...: labels from LibTorch.
predict() {
  name=$1
  shift
  rm -rf -- "$results/$name"
  "$build/tools/torch_predict/torch_predict" --checkpoint "$checkpoint" --dataset-path "$data" \
    --output "$results/$name" --threads "$(nproc)" "$@" >&2
}
# score NAME HEADING OPTION...: a report of those labels.
score() {
  name=$1 heading=$2
  shift 2
  "$intsim" evaluate --config "$heading" --predictions "$results/$name" --dataset-path "$data" \
    --json "$results/$name.json" -q "$@" >/dev/null
}

predict fp32 "$@"
score fp32 fp32 "$@"
for config in w8a8 w4a8; do
  "$intsim" import --checkpoint "$checkpoint" --encodings "$encodings/$config.encodings" --name "$config" \
    --output "$results/$config.safetensors" >&2
  for target in hexagon-hvx ideal aimet; do
    "$intsim" --config "$config" --model "$results/$config.safetensors" --target "$target" --dataset-path "$data" \
      --json "$results/$config-$target.json" "$@" >/dev/null
  done
  predict "$config-fake-quant" --encodings "$encodings/$config.encodings" "$@"
  score "$config-fake-quant" "$config fake-quant" "$@"
done
CDPATH= cd -- "$results"
"$intsim" table --format markdown fp32.json w8a8-hexagon-hvx.json w8a8-ideal.json w8a8-aimet.json w8a8-fake-quant.json \
  w4a8-hexagon-hvx.json w4a8-ideal.json w4a8-aimet.json w4a8-fake-quant.json
