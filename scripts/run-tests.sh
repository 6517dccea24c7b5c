#!/usr/bin/env bash
# Runs every test on a program that was built before: run-tests.sh PROGRAM
set -u
swift=${SWIFT:-swift}
# Programs under test shall have the environment of a user.
unset SWIFT
XIO_UNDER_TEST=$(realpath -e "$1") || exit
export XIO_UNDER_TEST

# Tests that the others must not notice: they change settings of the whole machine, compare clocks,
# for which nothing else may keep the processors, or take the low numbers of descriptors, without
# which select(2) cannot work.
apart='^(XIOGlobalStateTests|XIOEnginesTests\.(PhaseTests|LimitTests))[./]'
# Tests wait for programs and devices most of the time, and no more of them run at once in a process
# than there are processors: so these have a process of their own, beside the rest.
beside='^XIOProgramTests\.(Cat|Checkpoint|Compare|Fanin|Follow|Rotation|Tail)'

# What `swift test` would run: two of that would wait for each other.
tests=$("$swift" build --show-bin-path)/xioPackageTests.xctest
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# Jobs in the background would have SIGINT ignored, and what they test with them.
set -m
trap 'for group in $(jobs -p); do kill -- "-$group"; done; exit 130' INT TERM

start() {
  local log=$logs/$1
  shift
  "$tests" --testing-library swift-testing "$@" >"$log" 2>&1 </dev/null &
}

# Shows what a process of tests prints until it ends.
finish() {
  tail -n +1 -f --pid="$2" "$logs/$1" &
  local shown=$!
  wait "$2" || status=$?
  wait "$shown"
}

# Between thousands of lines nobody finds what has failed: it stands at the end.
tell_what_failed() {
  echo
  echo "What has failed:"
  grep --text -h -A 12 -E '^✘ .* recorded an issue' "$logs"/* |
    grep --text -vE '^(◇|✔|↳|━) ' | cut -c 1-2000 | tail -n 120
}

status=0
start beside --filter "$beside"
beside_tests=$!
start rest --skip "$apart" --skip "$beside"
finish rest $!
finish beside "$beside_tests"
start apart --filter "$apart"
finish apart $!
[[ $status == 0 ]] || tell_what_failed
exit "$status"
