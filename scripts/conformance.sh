#!/usr/bin/env bash
# Runs GNU's own tests of cat, tail and cp, with GNU's programs and with this one in their place:
#   conformance.sh PROGRAM
# Told is which tests are lost, which are those that pass only with GNU's. A test that is lost and
# has no reason in conformance-known.txt is a failure. Nothing is kept.
set -eu
here=$(dirname "$(realpath "$0")")
program=$(realpath -e "$1")

# The tests run as an ordinary user, too, who must be able to reach everything.
place=$(mktemp -d /var/tmp/xio-conformance-XXXXXX)
leave() {
  # What is still running writes there.
  kill -KILL %% 2>/dev/null && wait
  rm -rf --one-file-system "$place"
}
trap leave EXIT
trap 'exit 130' INT TERM
mkdir "$place/bin" "$place/coreutils"
chmod -R 755 "$place"
install -m 755 "$program" "$place/bin/xio"
for name in cat cp tail; do ln -s xio "$place/bin/$name"; done

echo "fetching the source of coreutils"
"$here/fetch-coreutils.sh" "$place/coreutils" >"$place/fetch.log" 2>&1 || {
  cat "$place/fetch.log"
  exit 1
}

# What tests mount or leave running ends with these, and they end with this script.
enter=(unshare --mount --pid --fork --kill-child --mount-proc)
((UID == 0)) || enter+=(--user --map-current-user)
setpriv --pdeathsig KILL "${enter[@]}" "$here/run-conformance.sh" "$place" </dev/null &
wait $!
