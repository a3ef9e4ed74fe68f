#!/bin/sh
# Makes the default models anew: training streets, training, calibration, accuracy table. Hours on two cores.
#
# Usage: sh tools/make_models.sh FOLDER [OPTION OF train ...]
#
# FOLDER receives the data set (3.2 GB), the run and the results. An interrupted run is continued by the same command.
# Where train ends before its schedule does (--minutes), nothing is calibrated and the exit code is 1. Nothing in
# models/ is changed: copy run/salsanext.safetensors, w8a8.encodings and w4a8.encodings there to ship them.
# INTSIM_BUILD_DIR moves the build folder.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/tools/packages.sh"
. "$root/tools/streets.sh"
build=${INTSIM_BUILD_DIR:-$root/build}

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }
case ${1:-} in
  -h | --help)
    usage
    exit 0
    ;;
  '')
    usage >&2
    exit 2
    ;;
  -*)
    say "make_models.sh: unknown option $1; the folder comes first, see --help"
    exit 2
    ;;
esac
mkdir -p -- "$1" || {
  say "make_models.sh: $1 cannot be created"
  exit 4
}
folder=$(CDPATH= cd -- "$1" && pwd)
shift
for word in "$@"; do
  case $word in
    -h | --help)
      say "make_models.sh: $word does not go with a folder; see --help alone, and train --help"
      exit 2
      ;;
  esac
done

ensure_packages $build_packages $torch_packages
configure_tools "$build" "$root" >&2
ninja -j "$(nproc)" -C "$build" >&2
tools=$build/tools
data=$folder/streets
checkpoint=$folder/run/salsanext.safetensors

# steps_left FILE: what the schedule of a run lacks, by the state that train saved.
steps_left() {
  python3 -c 'import json, struct, sys
with open(sys.argv[1], "rb") as file:
    run = json.loads(file.read(*struct.unpack("<Q", file.read(8))))["__metadata__"]
print(int(run["steps"]) - int(run["step"]))' "$1"
}

for split in train valid; do
  ensure_streets "$tools/make_dataset/make_dataset" "$data" "$split"
done
"$tools/train/train" --dataset-path "$data" --output "$folder/run" \
  --note 'trained on a made street world (tools/make_dataset), not on recorded scans' "$@"
left=$(steps_left "$folder/run/state.safetensors")
if [ "$left" != 0 ]; then
  say "make_models.sh: training stopped $left steps before the end of its schedule; nothing was calibrated. Go on with"
  say "  sh tools/make_models.sh '$folder' and the same options of train, with more --minutes or without"
  exit 1
fi
for config in w8a8 w4a8; do
  "$tools/calibrate/calibrate" --checkpoint "$checkpoint" --dataset-path "$data" --split train --every 30 \
    --config "$config" --scheme percentile --output "$folder/$config.encodings"
done
sh "$root/tools/accuracy_table.sh" "$checkpoint" "$folder" "$data"
