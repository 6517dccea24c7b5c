#!/usr/bin/env bash
# Makes a Debian package of the program: make-deb.sh PROGRAM DIRECTORY
# The same program and commit give the same bytes.
set -eu
program=$1
directory=$2
version=$(sed -n 's/.*static let number = "\(.*\)"/\1/p' Sources/XIOCommands/Version.swift)
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Package.swift)}
export SOURCE_DATE_EPOCH
mkdir -p "$directory"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
umask 022
chmod 755 "$tree"

make --no-print-directory install DESTDIR="$tree" PREFIX=/usr MULTICALL=1 >/dev/null
# The identity of a build and the hashes of its modules are made of what is stripped, too, and differ with
# the place of the checkout.
strip --strip-unneeded --remove-section=.comment --remove-section=.note \
  --remove-section=.note.gnu.build-id --remove-section=.swift_modhash "$tree/usr/bin/xio"
mkdir "$tree/usr/share/zsh/vendor-completions"
mv "$tree/usr/share/zsh/site-functions/_xio" "$tree/usr/share/zsh/vendor-completions/"
rmdir "$tree/usr/share/zsh/site-functions"
gzip -9n "$tree"/usr/share/man/man*/*

documents=$tree/usr/share/doc/xio
install -D -m 644 README.md "$documents/README.md"
gzip -9nc CHANGELOG.md >"$documents/changelog.gz"
{
  echo "xio ($version) unstable; urgency=medium"
  echo
  echo "  * See changelog.gz."
  echo
  echo " -- The xio authors <xio@localhost>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$documents/changelog.Debian.gz"
{
  echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
  echo "Upstream-Name: xio"
  echo
  echo "Files: *"
  echo "Copyright: 2026 The xio authors"
  echo "License: Apache-2.0"
  echo " On Debian systems the text of this licence is in"
  echo " /usr/share/common-licenses/Apache-2.0."
} >"$documents/copyright"
install -d "$tree/usr/share/lintian/overrides"
cat >"$tree/usr/share/lintian/overrides/xio" <<'OVERRIDES'
# One file that needs no Swift runtime is what the program promises.
xio: statically-linked-binary [usr/bin/xio]
# The project has no address for mail.
xio: bogus-mail-host Maintainer xio@localhost
xio: bogus-mail-host-in-debian-changelog xio@localhost *
# The static parts of the Swift runtime and the C library come with it.
xio: embedded-library *
OVERRIDES

mkdir "$tree/DEBIAN"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: xio
Version: $version
Architecture: $architecture
Maintainer: The xio authors <xio@localhost>
Installed-Size: $(du -sk --apparent-size "$tree/usr" | cut -f1)
Section: utils
Priority: optional
Description: copy files and follow logs by the I/O model of your choice
 Copies files and trees, concatenates pipes, follows logs through their
 rotations and gathers lines of many live sources, by blocking and
 non-blocking calls, select, poll, epoll, signals, POSIX asynchronous I/O,
 libaio and io_uring, and reports what that cost.
CONTROL
(cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

package=$directory/xio_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$tree" "$package.part" >/dev/null
mv "$package.part" "$package"
echo "$package"
