#!/usr/bin/env bash
# Runs one suite in namespaces of its own: start-suite.sh SUITE SECONDS
# Its log, and a line of seconds and verdict, are left in the folder XIO_TEST_LOGS.
set -u
here=$(dirname "$(realpath "$0")")
suite=$1
limit=$2
log=$XIO_TEST_LOGS/$suite.log
started=$EPOCHREALTIME

# What the suite leaves in its directory goes with that; a user who is not root must be able to enter.
XIO_TEST_DIRECTORY=$(mktemp -d /tmp/xio-XXXXXX) || exit
export XIO_TEST_DIRECTORY
link=$XIO_TEST_RUN/${XIO_TEST_DIRECTORY##*/}
leave() {
  # Only root removes what is in a directory that nobody may enter.
  ((UID == 0)) || chmod -R u+rwX "$XIO_TEST_DIRECTORY"
  rm -rf --one-file-system "$XIO_TEST_DIRECTORY" "$link"
}
trap leave EXIT
ln -s "$XIO_TEST_DIRECTORY" "$link" && chmod 755 "$XIO_TEST_DIRECTORY" || exit

# An ordinary user has namespaces within one of users, where a few mounts are possible.
enter=(unshare --mount --pid --fork --kill-child --mount-proc)
if ((UID != 0)); then
  enter+=(--user --map-root-user)
  XIO_TEST_USER=$UID:$(id -g)
  export XIO_TEST_USER
fi

# Jobs in the background have SIGINT and SIGQUIT ignored, and so would what they test. The outer
# limit is for a suite that even the inside of its namespaces cannot end. Each process ends with
# its parent: unshare ignores what an interrupted run sends it. A suite that prints without end
# loses its reader.
most=$((64 << 20))
with_parent=(setpriv --pdeathsig KILL)
env --default-signal NO_COLOR=1 "${with_parent[@]}" timeout --signal=KILL $((limit + 60)) \
  "${with_parent[@]}" "${enter[@]}" \
  "$here/run-suite.sh" "$limit" "$log" "$XIO_TEST_BUNDLE" --testing-library swift-testing \
  --no-parallel --filter "^${suite/./\\.}/" </dev/null 2>&1 | head -c "$most" >"$log"
status=${PIPESTATUS[0]}

seconds=$((${EPOCHREALTIME/./} - ${started/./}))
verdict=ok
if (($(stat -c %s "$log") >= most)); then
  verdict="FAILED (printed more than $((most >> 20)) MiB)"
elif ((status == 124 || (status != 0 && seconds >= limit * 1000000))); then
  verdict="TIMEOUT ($limit s)"
elif ((status != 0)); then
  verdict="FAILED (status $status)"
# A filter that matches nothing is a success to Swift Testing.
elif ! grep --text -qE '^(✔|━) Test run with [1-9]' "$log"; then
  verdict="FAILED (ran no test)"
elif ((UID == 0)) || [[ -n ${CI-} ]] && grep --text -q '^left out: ' "$log"; then
  verdict="FAILED (left a test out)"
fi
printf '%d.%d %s\n' $((seconds / 1000000)) $((seconds / 100000 % 10)) "$verdict" \
  >"$XIO_TEST_LOGS/$suite.verdict"
