# The made data set of quickstart.sh and make_models.sh, which source this; needs `say` of packages.sh.

# streets_stamp PROGRAM FOLDER SPLIT: hashes of the program that makes the split and of the files that are there.
streets_stamp() (
  sha256sum <"$1"
  CDPATH= cd -- "$2" || exit
  case $3 in
    valid) set -- -path 'sequences/08/*' ;;
    *) set -- ! -path 'sequences/08/*' ;;
  esac
  [ -n "$(find -L sequences -type f "$@" | head -n 1)" ] || exit
  find -L sequences -type f "$@" -exec sha256sum {} + | LC_ALL=C sort | sha256sum
)

# ensure_streets PROGRAM FOLDER SPLIT: makes the split, unless this very program made it and no file has changed since.
ensure_streets() {
  if [ -f "$2/made.$3" ] && [ "$(streets_stamp "$@" 2>/dev/null)" = "$(cat "$2/made.$3")" ]; then
    say "The $3 split of the data set is there, made by this make_dataset"
    return 0
  fi
  say "Making the $3 split of the data set"
  "$1" --split "$3" --output "$2" --force >&2
  streets_stamp "$@" >"$2/made.$3"
}
