#!/usr/bin/env bash
# Runs the test suites of a tier, each in a process and in namespaces of its own, two at a time:
#   run-tests.sh PROGRAM TESTS TIER [PATTERN]
# PROGRAM is the binary under test, TESTS the folder of the built tests, TIER `test` or `stress`.
# Which suite belongs where is written in Tests/tiers.tsv. PATTERN (a regular expression) chooses
# among the suites of the tier. The tier `stress` runs everything in full size, writes each result
# into a table, and leaves out what has passed with this commit already.
set -u
here=$(dirname "$(realpath "$0")")
table=${XIO_TIERS:-$here/../Tests/tiers.tsv}
program=$(realpath -e "$1") || exit
tests=$(realpath -e "$2/xioPackageTests.xctest") || exit
tier=$3
pattern=${4-}
logs=$(realpath --canonicalize-missing --no-symlinks "$2/../logs-$tier")
results=$(realpath --canonicalize-missing --no-symlinks "$2/../stress.tsv")
lanes=2
# How many times longer than the table says a suite may take, on a machine that is kept busy.
factor=${XIO_LIMIT_FACTOR:-1}
export XIO_TEST_LOGS=$logs
[[ $tier != stress ]] || export XIO_TEST_FULL=1

# Programs under test shall have the environment of a user.
unset SWIFT MAKEFLAGS MFLAGS MAKELEVEL MAKE_TERMOUT MAKE_TERMERR XIO_TIERS XIO_LIMIT_FACTOR

fail() {
  echo "run-tests: $*" >&2
  exit 1
}

# shellcheck source=scripts/machine.sh
. "$here/machine.sh"

# Each line: suite, lane (`any`, or `alone` for what nothing else may notice), limit in seconds.
# Suites start in the order of the table, which has the longest first.
suites_of_tier() {
  awk -F '\t' -v tier="$tier" -v pattern="$pattern" -v factor="$factor" \
    '!/^#/ && ($2 == tier || $2 == "both") && $1 ~ pattern {
      print $1, $3, factor * (tier == "stress" ? $5 : $4) }' "$table"
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
  awk -F '\t' '!/^#/ && ($2 !~ /^(test|stress|both)$/ || $3 !~ /^(any|alone)$/ || $4 > 180 ||
    ($2 != "stress" && $4 < 1) || ($2 != "test" && $5 < 1)) { print; bad = 1 } END { exit bad }' \
    "$table" || fail "Tests/tiers.tsv: these lines are wrong"
}

# What is being tested; nothing for a checkout that differs from its commit.
commit() {
  [[ -n $(git -C "$here" status --porcelain 2>/dev/null) ]] ||
    git -C "$here" rev-parse --short=12 HEAD 2>/dev/null
}

# The suites of a list without those that the table of results has as passed.
without_passed() {
  local commit=$1
  [[ -n $commit && -z ${AGAIN-} && -f $results ]] || { cat; return; }
  awk -v commit="$commit" 'NR == FNR { if ($1 == commit && $4 == "ok") passed[$2]; next }
    !($1 in passed)' "$results" -
}

# Tests name programs in lines for the shell, which a space in the name of the checkout would part, and
# run the one under test as users who may not be allowed to enter the checkout.
place_programs() {
  local place
  place=$(mktemp -d /tmp/xio-XXXXXX) && ln -s "$place" "$XIO_TEST_RUN/${place##*/}" &&
    chmod 755 "$place" && cp "$program" "$place/" && ln -s "${tests%/*}" "$place/built" || exit
  export XIO_UNDER_TEST=$place/${program##*/} XIO_TEST_BUNDLE=$place/built/${tests##*/}
}

# Begins one suite; this shell cannot outlive the runner.
start() {
  setpriv --pdeathsig KILL "$here/start-suite.sh" "$@" {lock}>&- {alive}>&- &
}

collect() {
  local suite=$1 seconds verdict
  read -r seconds verdict <"$logs/$suite.verdict"
  if [[ $verdict == ok && $seconds == 0.* ]]; then
    quick+=("$suite $seconds")
  else
    printf '%-46s %7s s  %s\n' "$suite" "$seconds" "$verdict"
  fi
  # Told of once more at the end, which a run that is cut short does not reach.
  [[ $verdict == ok ]] || tell_what_failed "$suite"
  [[ $tier != stress ]] ||
    printf '%s\t%s\t%s\t%s\n' "${commit:-(changed)}" "$suite" "$seconds" "$verdict" >>"$results"
}

# Waits until one of those that run has ended.
wait_for_one() {
  local ended=0
  wait -n -p ended
  [[ -n ${running[$ended]-} ]] || return
  collect "${running[$ended]}"
  unset "running[$ended]"
}

# What a failed suite has to say: the tests that failed, what hung, and where the rest stands.
tell_what_failed() {
  local suite=$1 log=$logs/$1.log
  echo
  echo "== $suite: $(cut -d ' ' -f 2- "$logs/$suite.verdict"); the whole log: $log"
  grep --text -A 10 -E '^✘ .* recorded an issue' "$log" | grep --text -vE '^(◇|✔|━|--)' |
    cut -c 1-600 | head -n 40
  grep --text -A 60 -E '^run-suite: ' "$log" | cut -c 1-200
  grep --text -qE '^(✘|run-suite:)' "$log" || tail -n 30 "$log" | cut -c 1-200
}

# A line each would hide the others.
tell_what_was_quick() {
  ((${#quick[@]})) || return
  echo
  echo "passed in less than a second, each with its time:"
  printf '%s\n' "${quick[@]}" | awk '
    length(line) + length($0) > 98 { print line ","; line = "" }
    { line = line (line ? ", " : "") $0 }
    END { print line }'
}

tell_what_is_slow() {
  echo
  echo "the slowest tests:"
  grep --text --no-filename -E '^[✔✘] Test .*\) .*(passed|failed) after ' "$logs"/*.log |
    sed -E 's/^. Test (.*) (passed|failed) after ([0-9.]+) seconds.*/\3\t\1/' |
    sort -rn | head -n 10 | awk -F '\t' '{ printf "%8.1f s  %s\n", $1, $2 }'
}

# Only an ordinary user may leave tests out.
tell_what_was_left_out() {
  local what
  what=$(grep --text -h '^left out: ' "$logs"/*.log | sort | uniq -c | sort -rn |
    sed -E 's/ *([0-9]+) left out: only root can (.*)/\2 (\1)/' | paste -sd ';')
  [[ -z $what ]] || echo "left out, as only root can: ${what//;/, }. 'sudo make test' runs all."
}

main() {
  check_table
  local chosen suite lane limit
  local -A running=()
  local -a quick=()
  chosen=$(suites_of_tier)
  [[ -n $chosen ]] || fail "no suite of the tier $tier matches '$pattern'"
  if [[ $tier == stress ]]; then
    commit=$(commit)
    chosen=$(without_passed "$commit" <<<"$chosen")
    [[ -n $chosen ]] || { echo "all of it has passed with $commit; AGAIN=1 repeats it"; return; }
  fi
  rm -rf "$logs"
  mkdir -p "$logs"
  trap leave_machine EXIT
  trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
  enter_machine
  place_programs
  while read -r suite lane limit; do
    [[ $lane == any ]] || continue
    ((${#running[@]} < lanes)) || wait_for_one
    start "$suite" "$limit"
    running[$!]=$suite
  done <<<"$chosen"
  while ((${#running[@]})); do wait_for_one; done
  while read -r suite lane limit; do
    [[ $lane == alone ]] || continue
    have_machine_alone
    start "$suite" "$limit"
    running[$!]=$suite
    wait_for_one
  done <<<"$chosen"

  local failed passed
  failed=$(grep -LE '^[0-9.]+ ok$' "$logs"/*.verdict | sed 's,.*/,,; s,\.verdict$,,')
  passed=$(grep -lE '^[0-9.]+ ok$' "$logs"/*.verdict | wc -l)
  tell_what_was_quick
  for suite in $failed; do tell_what_failed "$suite"; done
  tell_what_is_slow
  echo
  tell_what_was_left_out
  echo "$passed passed, $(wc -w <<<"$failed") failed"
  [[ -z $failed && $passed == $(wc -l <<<"$chosen") ]]
}

main
exit
