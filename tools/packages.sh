# Debian packages of intsim and how to get them; sourced by the scripts beside this file.

# A build needs the first list, the tests the second as well, the LibTorch tools the third, the tests
# on HVX code the fourth, the test of the HTML report the fifth.
build_packages='g++ meson ninja-build pkg-config python3 libhwy-dev libboost-dev libcli11-dev nlohmann-json3-dev
  libxxhash-dev libpng-dev'
test_packages='doctest-dev libmpfr-dev libgmp-dev libbenchmark-dev'
torch_packages='libtorch-dev'
hexagon_packages='qemu-user clang-16 lld-16 llvm-16'
browser_packages='chromium chromium-driver python3-selenium'

say() { printf '%s\n' "$*" >&2; }

# Prints those of the given packages that are not installed.
missing_packages() {
  for package in "$@"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || printf ' %s' "$package"
  done
}

# as_root COMMAND...: runs it as root; fails where that is not possible. Only a terminal is asked for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif ! command -v sudo >/dev/null; then
    return 1
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
      -o DPkg::Lock::Timeout=300 "$@" >&2
}

# ensure_packages PACKAGE...: installs what is missing; exits 3 and says what to install where that fails.
ensure_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "This is not Debian, so nothing is installed. Needed are the equivalents of:"
    say "  $(echo $*)"
    command -v meson >/dev/null || exit 3
    return 0
  fi
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  say "Missing Debian packages:$missing"
  apt_install $missing && return 0
  say "They cannot be installed from here. As root, run"
  say "  apt-get update && apt-get install --no-install-recommends$missing"
  say "and start this script again."
  exit 3
}

# configure BUILD_FOLDER SOURCE_ROOT OPTION...: sets the folder up, or takes the options over where it is set up. A
# subshell, so that no variable of the caller changes.
configure() (
  folder=$1 root_folder=$2
  shift 2
  if [ -f "$folder/build.ninja" ]; then
    meson configure "$folder" "$@"
  else
    meson setup "$folder" "$root_folder" "$@"
  fi
)

# configure_tools BUILD_FOLDER SOURCE_ROOT: with the LibTorch tools; a new folder without tests and benchmarks.
configure_tools() {
  [ -f "$1/build.ninja" ] || meson setup "$1" "$2" -Dtests=false -Dbench=disabled
  configure "$1" "$2" -Dtorch=enabled
}
