#!/bin/sh
# Makes the default models anew: training streets, training, calibration, accuracy table. Hours on two cores.
#
# Usage: sh tools/make_models.sh FOLDER [OPTION OF train ...]
#
# FOLDER receives the data set (3.2 GB), the run and the results. An interrupted run is continued by the same command.
# Nothing in models/ is changed: copy salsanext.safetensors, w8a8.encodings and w4a8.encodings there to ship them.
# INTSIM_BUILD_DIR moves the build folder.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/tools/packages.sh"
build=${INTSIM_BUILD_DIR:-$root/build}

case ${1:-} in
  '' | -*)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    [ "${1:-}" = --help ] || [ "${1:-}" = -h ] || exit 2
    exit 0
    ;;
esac
mkdir -p "$1"
folder=$(CDPATH= cd -- "$1" && pwd)
shift

ensure_packages $build_packages $torch_packages
configure_tools "$build" "$root" >&2
ninja -j "$(nproc)" -C "$build" >&2
tools=$build/tools
intsim=$build/src/cli/intsim
data=$folder/streets
checkpoint=$folder/run/salsanext.safetensors

# times.txt is the last file of a sequence.
[ -f "$data/sequences/10/times.txt" ] || "$tools/make_dataset/make_dataset" --split train --output "$data" --force
[ -f "$data/sequences/08/times.txt" ] || "$tools/make_dataset/make_dataset" --split valid --output "$data" --force
"$tools/train/train" --dataset-path "$data" --output "$folder/run" \
  --note 'trained on a made street world (tools/make_dataset), not on recorded scans' "$@"
for config in w8a8 w4a8; do
  "$tools/calibrate/calibrate" --checkpoint "$checkpoint" --dataset-path "$data" --split train --every 30 \
    --config "$config" --scheme percentile --output "$folder/$config.encodings"
done
sh "$root/tools/accuracy_table.sh" "$checkpoint" "$folder" "$data"
