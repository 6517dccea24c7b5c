#!/bin/sh
# Installs the Debian packages that a build needs; with the argument `test`, also those that the
# tests need, or with `conformance` those that GNU's need. Does nothing when all are there.
set -eu

packages="gcc libc6-dev liburing-dev libaio-dev make"
case ${1-} in
  '') ;;
  test) packages="$packages e2fsprogs xfsprogs btrfs-progs strace util-linux mount binutils \
    mandoc groff man-db zsh fish perl attr acl procps gdb" ;;
  conformance) packages="$packages xz-utils perl attr acl strace e2fsprogs util-linux mount \
    libacl1-dev libattr1-dev libcap-dev" ;;
  *)
    echo "usage: $0 [test | conformance]" >&2
    exit 2
    ;;
esac

if ! command -v "${SWIFT:-swift}" >/dev/null 2>&1; then
  cat >&2 <<'TEXT'
setup: there is no swift in PATH. xio is built with Swift 6.3 or later:
install it as https://www.swift.org/install/linux/ says and add its usr/bin to PATH.
TEXT
  exit 1
fi

# Whether each part is there is asked of the system itself, so that a machine with another package
# manager, or with a library built by hand, needs no apt.
has() {
  case $1 in
    gcc) command -v gcc || command -v clang ;;
    libc6-dev) has_header stdio.h ;;
    liburing-dev) has_header liburing.h && has_library uring ;;
    libaio-dev) has_header libaio.h && has_library aio ;;
    libacl1-dev) has_header sys/acl.h ;;
    libattr1-dev) has_header attr/error_context.h ;;
    libcap-dev) has_header sys/capability.h ;;
    make) command -v make ;;
    xz-utils) has_tool xz ;;
    e2fsprogs) has_tool mkfs.ext4 ;;
    xfsprogs) has_tool mkfs.xfs ;;
    btrfs-progs) has_tool mkfs.btrfs ;;
    strace) has_tool strace ;;
    util-linux) has_tool fincore ;;
    mount) has_tool mount && has_tool losetup ;;
    binutils) has_tool nm ;;
    man-db) has_tool lexgrog ;;
    attr) has_tool setfattr ;;
    acl) has_tool setfacl ;;
    procps) has_tool pgrep ;;
    mandoc | groff | zsh | fish | perl | gdb) has_tool "$1" ;;
  esac >/dev/null 2>&1
}

has_tool() {
  PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1"
}

has_header() {
  compiler=$(command -v gcc || command -v clang) || return 1
  echo "#include <$1>" | "$compiler" -E -x c - -o /dev/null
}

# A static program needs the archive, not only the shared library.
has_library() {
  compiler=$(command -v gcc || command -v clang) || return 1
  [ -f "$("$compiler" -print-file-name="lib$1.a")" ]
}

missing=
for package in $packages; do
  has "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  cat >&2 <<TEXT
setup: these Debian packages are missing, and there is no apt-get to install them with:
 $missing
Install what your system calls them, with headers and static libraries, and try again.
TEXT
  exit 1
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    cat >&2 <<TEXT
setup: these packages are missing, and installing them takes root or sudo. Run as root:
  apt-get install --no-install-recommends$missing
TEXT
    exit 1
  fi
  as_root="sudo -n"
fi

echo "setup: installing$missing"
# Nothing is asked, and nothing waits for ever: neither for a password nor for another apt nor a mirror.
apt="apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Acquire::http::Timeout=60 \
  -o Acquire::https::Timeout=60"
# shellcheck disable=SC2086 # The lists are meant to be split.
$as_root $apt update </dev/null || {
  echo "setup: the lists of packages could not be fetched${as_root:+, or sudo wants a password}" >&2
  exit 1
}
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive $apt install --yes --no-install-recommends \
  -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold $missing </dev/null
