#!/bin/sh
# Checks what only the release binary can show: that it needs no library of the machine it runs on,
# that the seam through which tests make system calls fail is not in it, and that it does not know
# where it was built.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: $0 BINARY" >&2
  exit 2
fi
binary=$1

if ldd "$binary" 2>&1 | grep -q '=>'; then
  echo "check-release: $binary is not statically linked:" >&2
  ldd "$binary" >&2
  exit 1
fi

symbols=$(nm "$binary" 2>&1) || {
  echo "check-release: cannot list the symbols of $binary: $symbols" >&2
  exit 1
}
if ! printf '%s\n' "$symbols" | grep -q XIOSystem; then
  echo "check-release: $binary has no symbols of its own to look at: do not strip it" >&2
  exit 1
fi
found=$(printf '%s\n' "$symbols" | grep -c FaultPlan || true)
if [ "$found" -ne 0 ]; then
  echo "check-release: $binary holds $found symbols of the fault-injection seam (FaultPlan)" >&2
  exit 1
fi

if grep --quiet --text --fixed-strings "$PWD/" "$binary"; then
  echo "check-release: $binary names the checkout it was built in, $PWD" >&2
  exit 1
fi

echo "check-release: $binary is static, without the fault-injection seam, and names no checkout"
