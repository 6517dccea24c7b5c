#!/usr/bin/env bash
# Repeats test suites in three weathers, which shows those that fail now and then:
#   soak.sh PROGRAM TESTS ROUNDS
# PROGRAM is the binary under test, TESTS the folder of the built tests. ONLY, a regular expression,
# chooses the suites; without it, it is those that are touched by what has changed since the commit
# where this branch left BASE (`main`). WEATHER chooses among idle, load and one-core. The logs of what
# failed are left beside TESTS, in `soak`.
set -u
here=$(dirname "$(realpath "$0")")
table=${XIO_TIERS:-$here/../Tests/tiers.tsv}
program=$1
bundle=$(realpath -e "$2/xioPackageTests.xctest") || exit
rounds=$3
place=$(realpath --canonicalize-missing --no-symlinks "$2/../soak")
base=${BASE:-main}

fail() {
  echo "soak: $*" >&2
  exit 1
}

# shellcheck source=scripts/weather.sh
. "$here/weather.sh"

changed_files() {
  local since
  since=$(git merge-base "$base" HEAD) && git diff --name-only "$since" &&
    git ls-files --others --exclude-standard
}

# The suites that are to be repeated.
choose() {
  if [[ -n ${ONLY-} ]]; then
    awk -F '\t' -v pattern="$ONLY" '!/^#/ && $1 ~ pattern { print $1 }' "$table"
    return
  fi
  cd "$here/.." && "${SWIFT:-swift}" package describe --type json </dev/null >"$place/package.json" &&
    changed_files >"$place/changed" &&
    "$here/touched-suites.pl" "$place/package.json" "$table" <"$place/changed"
}

# Runs suites of a tier once: run TIER FOLDER SUITE ...
run() {
  local tier=$1 folder=$2
  shift 2
  (($#)) || return 0
  local pattern
  pattern="^($(IFS='|' && echo "$*"))\$"
  AGAIN=1 XIO_LIMIT_FACTOR=$factor setpriv --pdeathsig KILL "${prefix[@]}" "$here/run-tests.sh" \
    "$program" "$folder/built" "$tier" "$pattern" >"$folder/$tier.log" 2>&1 </dev/null &
  wait $!
}

# Every suite once, in its small size if it has one.
repeat() {
  local weather=$1 round=$2 folder=$place/$1-$2 suite verdict bad=0
  mkdir -p "$folder/built" && ln -s "$bundle" "$folder/built/" || exit
  run test "$folder" "${small[@]}"
  run stress "$folder" "${full[@]}"
  for suite in "${small[@]}" "${full[@]}"; do
    verdict=$(cat "$folder"/logs-*/"$suite.verdict" 2>/dev/null)
    if [[ ${verdict#* } == ok ]]; then
      ((passed += 1))
      continue
    fi
    ((bad += 1))
    echo "$weather $round: $suite: ${verdict:-did not run}; see $folder"
  done
  ((failed += bad))
  ((bad)) || rm -rf "$folder"
}

[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "the number of rounds is '$rounds'"
rm -rf "$place"
mkdir -p "$place"
chosen=$(choose) || fail "cannot tell what the change touches: BASE=COMMIT or ONLY=PATTERN chooses"
[[ -n $chosen ]] || fail "no suite is chosen: BASE=COMMIT or ONLY=PATTERN chooses others"
tier_of() { awk -F '\t' -v tier="$1" 'NR == FNR { chosen[$1]; next }
  $1 in chosen && ($2 == "stress") == (tier == "stress") { print $1 }' <(echo "$chosen") "$table"; }
mapfile -t small < <(tier_of test)
mapfile -t full < <(tier_of stress)
trap 'kill $(jobs -p) "${started[@]}" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0
for weather in ${WEATHER:-idle load one-core}; do
  echo "$weather: $rounds rounds of $((${#small[@]} + ${#full[@]})) suites"
  set_weather "$weather"
  for ((round = 1; round <= rounds; round++)); do repeat "$weather" "$round"; done
  end_weather
done
echo "$passed passed, $failed failed"
((failed == 0))
