#!/usr/bin/env bash
# Unpacks the source of GNU coreutils whose tests are run: fetch-coreutils.sh DIRECTORY
# COREUTILS_SOURCE is the archive, a file or a URL; without it, the mirrors of Debian or Ubuntu that
# apt is configured with are asked for the one in their pool.
set -eu
directory=$1
version=9.10
checksum=16535a9adf0b10037364e2d612aad3d9f4eca3a344949ced74d12faf4bd51d25
archive=$directory/coreutils-$version.tar.xz

fail() {
  echo "fetch-coreutils: $*" >&2
  exit 1
}

# Asks whom apt would ask, through the proxy that it would take.
fetch() {
  /usr/lib/apt/apt-helper -o Acquire::Retries=2 -o Acquire::http::Timeout=60 \
    -o Acquire::https::Timeout=60 download-file "$1" "$archive" </dev/null
}

urls() {
  local origin
  for origin in Debian Ubuntu; do
    # shellcheck disable=SC2016 # It is apt that replaces this.
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Origin: $origin"
  done | sort -u | sed "s,/*\$,/pool/main/c/coreutils/coreutils_$version.orig.tar.xz,"
}

case ${COREUTILS_SOURCE-} in
  '')
    while read -r url; do
      ! fetch "$url" || break
    done < <(urls)
    ;;
  *://*) fetch "$COREUTILS_SOURCE" || true ;;
  *) cp -- "$COREUTILS_SOURCE" "$archive" ;;
esac
[[ -e $archive ]] ||
  fail "the source of coreutils $version could not be fetched; COREUTILS_SOURCE=FILE|URL names one"
echo "$checksum  $archive" | sha256sum --check --status ||
  fail "${COREUTILS_SOURCE:-what was fetched} is not coreutils-$version.tar.xz: wrong checksum"
tar --extract --no-same-owner --directory "$directory" --strip-components 1 --file "$archive"
rm "$archive"
