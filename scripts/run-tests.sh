#!/usr/bin/env bash
# Runs the test suites of a tier, each in a process and in namespaces of its own, two at a time:
#   run-tests.sh PROGRAM TESTS TIER [PATTERN]
# PROGRAM is the binary under test, TESTS the folder of the built tests, TIER `test` or `stress`.
# Which suite belongs where is written in Tests/tiers.tsv. PATTERN (a regular expression) chooses
# among the suites of the tier.
set -u
here=$(dirname "$(realpath "$0")")
table=$here/../Tests/tiers.tsv
XIO_UNDER_TEST=$(realpath -e "$1") || exit
tests=$(realpath -e "$2/xioPackageTests.xctest") || exit
tier=$3
pattern=${4-}
export XIO_UNDER_TEST
logs=$(realpath --canonicalize-missing --no-symlinks "$2/../logs-$tier")
lanes=2
with_parent=(setpriv --pdeathsig KILL)

# Programs under test shall have the environment of a user.
unset SWIFT MAKEFLAGS MFLAGS MAKELEVEL MAKE_TERMOUT MAKE_TERMERR

fail() {
  echo "run-tests: $*" >&2
  exit 1
}

# Each line: suite, lane (`any`, or `alone` for what nothing else may notice), limit in seconds.
# Suites start in the order of the table, which has the longest first.
suites_of_tier() {
  awk -F '\t' -v tier="$tier" -v pattern="$pattern" \
    '!/^#/ && $2 == tier && $1 ~ pattern { print $1, $3, $4 }' "$table"
}

# A suite that is in no tier, or in the table alone, would be a suite that nobody misses.
check_table() {
  local built listed
  built=$("$tests" --testing-library swift-testing --list-tests </dev/null) ||
    fail "cannot list the tests of $tests"
  built=$(sed -n 's/^\([A-Za-z]*\.[A-Za-z]*\)\/.*/\1/p' <<<"$built" | sort -u)
  listed=$(awk -F '\t' '!/^#/ { print $1 }' "$table" | sort)
  [[ $built == "$listed" ]] ||
    fail "Tests/tiers.tsv does not name the suites that there are:
$(diff <(echo "$listed") <(echo "$built") | grep '^[<>]')"
}

# Settings of the machine that suites of the lane `alone` change, as they were before.
declare -A settings
save_settings() {
  local name
  for name in kernel/io_uring_disabled fs/aio-max-nr fs/inotify/max_{queued_events,user_watches,user_instances}; do
    settings[$name]=$(<"/proc/sys/$name")
  done
}

# A suite that was killed has restored nothing itself.
restore_settings() {
  local name
  for name in "${!settings[@]}"; do
    [[ $(<"/proc/sys/$name") == "${settings[$name]}" ]] ||
      echo "${settings[$name]}" >"/proc/sys/$name"
  done
}

# Runs one suite and leaves its verdict and seconds in a file beside its log.
run_suite() {
  local suite=$1 limit=$2 status=0 verdict=ok
  local started=$EPOCHREALTIME
  # Jobs in the background have SIGINT and SIGQUIT ignored, and so would what they test. The outer
  # limit is for a suite that even the inside of its namespaces cannot end. Each process ends with
  # its parent: unshare ignores what an interrupted run sends it.
  env --default-signal "${with_parent[@]}" timeout --signal=KILL $((limit + 60)) \
    "${with_parent[@]}" unshare --mount --pid --fork --kill-child --mount-proc \
    "$here/run-suite.sh" "$limit" "$tests" --testing-library swift-testing --no-parallel \
    --filter "^${suite/./\\.}/" >"$logs/$suite.log" 2>&1 </dev/null || status=$?
  # A filter that matches nothing is a success to Swift Testing.
  if [[ $status == 0 ]] && ! grep -qE '^(✔|━) Test run with [1-9]' "$logs/$suite.log"; then
    verdict="FAILED (ran no test)"
  elif ((status != 0 && EPOCHSECONDS - ${started%.*} >= limit)); then
    verdict="TIMEOUT ($limit s)"
  elif ((status != 0)); then
    verdict="FAILED (status $status)"
  fi
  local seconds
  seconds=$(seconds_between "$started" "$EPOCHREALTIME")
  printf '%s\t%s\t%s\n' "$suite" "$seconds" "$verdict" >"$logs/$suite.verdict"
  printf '%-46s %7s s  %s\n' "$suite" "$seconds" "$verdict"
}

# The seconds between two moments, with one decimal.
seconds_between() {
  awk -v from="$1" -v to="$2" 'BEGIN { printf "%.1f", to - from }'
}

# What a failed suite has to say: the tests that failed, what hung, and where the rest stands.
tell_what_failed() {
  local suite=$1 log=$logs/$1.log
  echo
  echo "== $suite: $(cut -f 3 "$logs/$suite.verdict"); the whole log: $log"
  grep --text -A 10 -E '^✘ .* recorded an issue' "$log" | grep --text -vE '^(◇|✔|━|--)' |
    cut -c 1-600 | head -n 40
  grep --text -A 60 -E '^run-suite: ' "$log" | cut -c 1-200
  grep --text -qE '^(✘|run-suite:)' "$log" || tail -n 30 "$log" | cut -c 1-200
}

main() {
  check_table
  local chosen running=0 suite lane limit
  chosen=$(suites_of_tier)
  [[ -n $chosen ]] || fail "no suite of the tier $tier matches '$pattern'"
  rm -rf "$logs"
  mkdir -p "$logs"
  save_settings
  trap restore_settings EXIT
  trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
  while read -r suite lane limit; do
    [[ $lane == any ]] || continue
    if ((running >= lanes)); then
      wait -n
      running=$((running - 1))
    fi
    run_suite "$suite" "$limit" &
    running=$((running + 1))
  done <<<"$chosen"
  wait
  while read -r suite lane limit; do
    [[ $lane == alone ]] || continue
    run_suite "$suite" "$limit" &
    wait
  done <<<"$chosen"

  local passed failed
  failed=$(awk -F '\t' '$3 != "ok" { print $1 }' "$logs"/*.verdict)
  for suite in $failed; do tell_what_failed "$suite"; done
  passed=$(awk -F '\t' '$3 == "ok"' "$logs"/*.verdict | wc -l)
  echo
  echo "$passed passed, $(wc -w <<<"$failed") failed"
  [[ -z $failed && $passed == $(wc -l <<<"$chosen") ]]
}

main
exit
