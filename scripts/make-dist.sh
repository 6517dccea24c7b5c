#!/usr/bin/env bash
# Makes a tarball of the source as it is committed: make-dist.sh DIRECTORY
# The same commit gives the same bytes.
set -eu
directory=$1
version=$(sed -n 's/.*static let number = "\(.*\)"/\1/p' Sources/XIOCommands/Version.swift)
mkdir -p "$directory"
archive=$directory/xio-$version.tar.gz
git archive --format=tar --prefix="xio-$version/" HEAD | gzip -9n >"$archive.part"
mv "$archive.part" "$archive"
echo "$archive"
