#!/bin/sh
# Installs packages, builds with warnings as errors, runs the tests; the last line counts them.
#
# Usage: sh tools/check.sh [ARGUMENT OF meson test ...]
#
# `--suite full` runs the slow tests instead of the others, `--suite portability` those with other compilers and CPUs.
# INTSIM_BUILD_DIR moves the build folder. Exit code 0: all passed; 1: not; 3: packages are missing.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/tools/packages.sh"
build=${INTSIM_BUILD_DIR:-$root/build}

case ${1:-} in
  -h | --help)
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

ensure_packages $build_packages $test_packages $torch_packages $hexagon_packages $browser_packages
configure "$build" "$root" -Dwerror=true -Dtests=true -Dbench=enabled -Dtorch=enabled -Dhvx=enabled
ninja -j "$(nproc)" -C "$build"

# Meson's own exit code is kept out of the way: the log says more, and an empty one is a failure too.
rm -f "$build"/meson-logs/testlog*.json
meson test -C "$build" --no-rebuild --print-errorlogs "$@" || true
python3 "$root/tools/test_summary.py" "$build"
