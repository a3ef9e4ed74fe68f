#!/bin/sh
# Scores a checkpoint with its encodings in every way there is: LibTorch float32 and fake-quant, the integer profiles.
#
# Usage: sh tools/accuracy_table.sh CHECKPOINT FOLDER_OF_ENCODINGS DATA_SET [OPTION ...]
#
# FOLDER_OF_ENCODINGS holds w8a8.encodings and w4a8.encodings; the results are written beside them, into `results`.
# Options choose the scans (--split, --sequences, --limit). INTSIM_BUILD_DIR names the build folder.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
build=${INTSIM_BUILD_DIR:-$root/build}
if [ $# -lt 3 ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0"
  case ${1:-} in -h | --help) exit 0 ;; esac
  exit 2
fi
checkpoint=$1 encodings=$2 data=$3
shift 3
intsim=$(CDPATH= cd -- "$build" && pwd)/src/cli/intsim
results=$encodings/results
mkdir -p "$results"

# predict NAME OPTION...: labels from LibTorch, scored.
predict() {
  name=$1
  shift
  rm -rf "$results/$name"
  "$build/tools/torch_predict/torch_predict" --checkpoint "$checkpoint" --dataset-path "$data" \
    --output "$results/$name" --threads "$(nproc)" "$@" >&2
}
# score NAME OPTION...: a report of those labels.
score() {
  name=$1
  shift
  "$intsim" evaluate --config "$name" --predictions "$results/$name" --dataset-path "$data" \
    --json "$results/$name.json" -q "$@" >/dev/null
}

predict fp32 "$@"
score fp32 "$@"
for config in w8a8 w4a8; do
  "$intsim" import --checkpoint "$checkpoint" --encodings "$encodings/$config.encodings" --name "$config" \
    --output "$results/$config.safetensors" >&2
  for target in hexagon-hvx ideal aimet; do
    "$intsim" --config "$config" --model "$results/$config.safetensors" --target "$target" --dataset-path "$data" \
      --json "$results/$config-$target.json" "$@" >/dev/null
  done
  predict "$config-fake-quant" --encodings "$encodings/$config.encodings" "$@"
  score "$config-fake-quant" "$@"
done
cd "$results"
"$intsim" table --format markdown fp32.json w8a8-hexagon-hvx.json w8a8-ideal.json w8a8-aimet.json w8a8-fake-quant.json \
  w4a8-hexagon-hvx.json w4a8-ideal.json w4a8-aimet.json w4a8-fake-quant.json
echo
echo "Columns: FP32; then for W8A8 and for W4A8: hexagon-hvx, ideal and aimet in intsim, fake-quant in LibTorch."
