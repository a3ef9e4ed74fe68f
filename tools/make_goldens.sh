#!/bin/sh
# Makes the packs of golden/packs anew from the default models and a made scan; takes minutes, most of them to build.
#
# Usage: sh tools/make_goldens.sh
#
# INTSIM_BUILD_DIR moves the build folder. The packs that are there are replaced once all new ones are made.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/tools/packages.sh"
build=${INTSIM_BUILD_DIR:-$root/build}

case ${1:-} in
  '') ;;
  -h | --help)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *)
    say "make_goldens.sh: takes no argument; see --help"
    exit 2
    ;;
esac

ensure_packages $build_packages $torch_packages
configure_tools "$build" "$root" >&2
ninja -j "$(nproc)" -C "$build" >&2

work=$(mktemp -d "$root/golden/packs.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$build/tools/make_dataset/make_dataset" -o "$work/streets" --sequences 08 -n 3 -q
scan=$work/streets/sequences/08/velodyne/000000.bin
mkdir "$work/packs"
for config in w8a8 w4a8; do
  "$build/tools/golden_dump/golden-dump" --checkpoint "$root/models/salsanext.safetensors" \
    --encodings "$root/models/$config.encodings" --config "$config" --scan "$scan" --height 32 --crop 16 --tensors '*' \
    --threads 1 -o "$work/packs/aimet_$config"
  for profile in hexagon-hvx ideal aimet; do
    "$build/src/cli/intsim" dump --model "$build/models/$config.safetensors" --target "$profile" --scan "$scan" \
      -o "$work/packs/scan_${config}_$profile"
  done
done
rm -rf "$root/golden/packs"
mv "$work/packs" "$root/golden/packs"
