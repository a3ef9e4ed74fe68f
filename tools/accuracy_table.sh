#!/bin/sh
# Scores a checkpoint with its encodings in every way there is: LibTorch float32 and fake-quant, the integer profiles.
#
# Usage: sh tools/accuracy_table.sh CHECKPOINT FOLDER_OF_ENCODINGS DATA_SET [OPTION OF intsim evaluate ...]
#
# FOLDER_OF_ENCODINGS holds w8a8.encodings and w4a8.encodings; the results are written beside them, into `results`.
# Options choose the scans (--sequences, --limit). INTSIM_BUILD_DIR names the build folder.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
build=${INTSIM_BUILD_DIR:-$root/build}
if [ $# -lt 3 ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0"
  exit 2
fi
checkpoint=$1 encodings=$2 data=$3
shift 3
intsim=$build/src/cli/intsim
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
columns="$results/fp32.json"
for config in w8a8 w4a8; do
  "$intsim" import --checkpoint "$checkpoint" --encodings "$encodings/$config.encodings" --name "$config" \
    --output "$results/$config.safetensors" >&2
  for target in hexagon-hvx ideal aimet; do
    "$intsim" --config "$config" --model "$results/$config.safetensors" --target "$target" --dataset-path "$data" \
      --json "$results/$config-$target.json" "$@" >/dev/null
    columns="$columns $results/$config-$target.json"
  done
  predict "$config-fake-quant" --encodings "$encodings/$config.encodings" "$@"
  score "$config-fake-quant" "$@"
  columns="$columns $results/$config-fake-quant.json"
done
# The columns of a configuration: hexagon-hvx, ideal, aimet, fake-quant in LibTorch.
"$intsim" table --format markdown $columns
