#!/usr/bin/env bash
# Builds coreutils, runs its tests with both programs, and compares: run-conformance.sh PLACE
# PLACE holds `coreutils`, the source, and `bin`, with links named cat, tail and cp to the program.
set -eu
here=$(dirname "$(realpath "$0")")
place=$1
known=$here/conformance-known.txt
export LC_ALL=C
cd "$place/coreutils"
# GNU's tests wait for up to a minute themselves before they fail.
limit=(timeout --kill-after 5 120)

# An ordinary user: the one who started this or, where that is root, nobody. Some tests change
# between two groups of theirs.
as_user=()
if ((UID == 0)); then
  chown -R nobody "$place/coreutils"
  as_user=(setpriv --reuid nobody --regid "$(id -g nobody)" --groups "users,games"
    env "HOME=$place" USER=nobody)
fi

fail() {
  echo "conformance: $*" >&2
  exit 1
}

build() {
  # Without nls and manual pages, of which no test makes use.
  "${as_user[@]}" ./configure --quiet --disable-nls CFLAGS='-O1 -w' &&
    "${as_user[@]}" make --jobs "$(nproc)" SUBDIRS=. all
}

# Those of the three programs, and those of mv and others that are about cp as well. Left out is what
# sets a breakpoint in a line of GNU's source.
list_tests() {
  find tests/cat tests/tail tests/cp -name '*.sh' -o -name '*.pl' | grep -v /inotify-race
  printf 'tests/%s\n' misc/xattr.sh mv/{childproof,dup-source,hard-2,hard-3,i-2,part-symlink,update}.sh
}

# Runs tests by the harness that coreutils has, and prints each with its result: run NAME TEST ...
run() {
  local name=$1 test
  shift
  "${as[@]}" make --jobs "$(nproc)" check-TESTS TESTS="$*" SH_LOG_COMPILER="${limit[*]} $BASH" \
    TESTSUITE_PERL="${limit[*]} perl" >"$place/$name.log" 2>&1 || true
  for test in "$@"; do
    test=${test%.*}
    echo "${test#tests/} $(sed -n 's/^:global-test-result: //p' "$test.trs")"
    # The next run may be that of another user.
    rm -f "$test.log.$name"
    mv "$test.log" "$test.log.$name"
    rm -f "$test.trs"
  done
}

# Runs all tests, each as who it wants to be run by: run_all NAME
run_all() {
  local as=()
  ((UID != 0)) || run "$1" "${of_root[@]}"
  as=("${as_user[@]}")
  run "$1" "${of_user[@]}"
}

(build </dev/null) >"$place/build.log" 2>&1 || {
  tail -n 30 "$place/build.log"
  fail "coreutils could not be built"
}
mapfile -t of_root < <(list_tests | xargs grep -lE '^ *require_root_' | sort)
mapfile -t of_user < <(list_tests | xargs grep -LE '^ *require_root_' | sort)
run_all gnu | sort >"$place/gnu.txt"
for name in cat cp tail; do ln -sf "$place/bin/$name" "src/$name"; done
run_all xio | sort >"$place/xio.txt"

join "$place/gnu.txt" "$place/xio.txt" | grep ' PASS ' >"$place/both.txt" ||
  fail "no test passes with GNU's programs"

awk '{ split($1, part, "/"); all[part[1]]++; passed[part[1]] += $3 == "PASS" }
  END { for (name in all) printf "%-5s %d of %d that pass with GNU\n", name, passed[name], all[name] }' \
  "$place/both.txt" | sort
unexpected=0
while read -r test _ result; do
  reason=$(awk -F '\t' -v test="$test" '$1 == test { print $2 }' "$known")
  if [[ $result == PASS ]]; then
    [[ -z $reason ]] || echo "not lost any more, though in ${known##*/}: $test"
    continue
  fi
  echo "lost: $test ($result)${reason:+, as is known: $reason}"
  [[ -z $reason ]] || continue
  ((unexpected += 1))
  tail -n 25 "tests/$test.log.xio" | cut -c 1-200 | sed 's/^/    /'
done <"$place/both.txt"
passed=$(grep -c ' PASS$' "$place/both.txt" || true)
echo "$passed passed, $(($(wc -l <"$place/both.txt") - passed)) lost, $unexpected of them unknown"
((unexpected == 0))
