#!/usr/bin/env bash
# Installs below a directory of its own, looks for everything where programs look for it, and removes
# it again. The program must have been built.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
make=(make --no-print-directory DESTDIR="$place" PREFIX=/usr MULTICALL=1)

fail() {
  echo "check-install: $*" >&2
  exit 1
}

"${make[@]}" install >/dev/null
[[ $("$place/usr/bin/xio" --version) == xio\ * ]] || fail "the program does not run"
for name in cat cp tail; do
  [[ $(readlink -f "$place/usr/libexec/xio/bin/$name") == "$place/usr/bin/xio" ]] ||
    fail "$name does not lead to the program"
done
echo text >"$place/file"
[[ $("$place/usr/libexec/xio/bin/cat" "$place/file") == text ]] || fail "cat does not run"
for page in xio xio-cat "xio copy" xio-tail xio-fanin xio-compare "7 xio-engines" "5 xio-report"; do
  # shellcheck disable=SC2086
  LC_ALL=C.UTF-8 MANPAGER=cat man -M "$place/usr/share/man" $page 2>&1 | grep -q "^NAME" ||
    fail "there is no page for: man $page"
done
mandb --quiet --create "$place/usr/share/man" 2>/dev/null
apropos -M "$place/usr/share/man" xio | grep -q "^xio-tail (1)" || fail "apropos does not know xio"
rm -rf "$place/usr/share/man/index.db" "$place"/usr/share/man/cat*
"${make[@]}" uninstall >/dev/null
left=$(find "$place/usr" ! -type d)
[[ -z $left ]] || fail "this stays after make uninstall: $left"
