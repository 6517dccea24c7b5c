#!/usr/bin/env bash
# Runs one phase of a check: phase.sh NAME SECONDS COMMAND [ARGUMENT ...]
# It ends when the time is over. All that is printed goes into a log; told are only the seconds that
# it took, or what went wrong.
set -u
name=$1
limit=$2
shift 2
log=$(dirname "$(realpath "$0")")/../.build-tests/logs/$name.log
mkdir -p "${log%/*}"
log=$(realpath "$log")
started=$EPOCHREALTIME
status=0
# In the foreground, so that Ctrl-C still reaches it; make passes on what it is sent.
timeout --foreground --kill-after 10 "$limit" "$@" >"$log" 2>&1 </dev/null || status=$?
seconds=$(((${EPOCHREALTIME/./} - ${started/./}) / 1000000))
if ((status == 0)); then
  printf '%-20s %5d s\n' "$name" "$seconds"
  exit
fi
((status != 124)) || echo "$name: not done after $limit s"
echo "$name: status $status after $seconds s; the whole log: $log"
grep -nE -A 4 '(^|[^a-z])(error|fatal):' "$log" | cut -c 1-300 | head -n 60
tail -n 30 "$log" | cut -c 1-300
exit "$status"
