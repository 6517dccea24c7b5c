#!/usr/bin/env bash
# The first process of a test suite's namespaces: run-suite.sh SECONDS LOG COMMAND [ARGUMENT ...]
# LOG is where standard output is going.
# Runs the command until it ends or the time is over, tells what hangs, and fails when something
# still runs afterwards. Whatever it leaves ends with the namespaces.
set -u
limit=$1
log=$2
shift 2

# Nothing but the three standard streams is inherited; 255 is this script.
for descriptor in /proc/self/fd/*; do
  number=${descriptor##*/}
  ((number <= 2 || number == 255)) || eval "exec $number>&-"
done

# Sets `left` to all processes but this one. A subshell would find itself among them.
list_others() {
  local entry
  left=()
  for entry in /proc/[0-9]*; do
    [[ $entry == /proc/$$ ]] || left+=("${entry#/proc/}")
  done
}

describe() {
  local process
  for process in "$@"; do
    echo "-- $process $(tr '\0' ' ' <"/proc/$process/cmdline" | cut -c 1-160)"
    echo "   $(grep State "/proc/$process/status"), waits in $(cat "/proc/$process/wchan")"
  done 2>/dev/null
}

show_what_hangs() {
  echo "run-suite: not done after $limit s. The last test that began:"
  tac "$log" | grep --text -m 1 '^◇ Test'
  describe "${left[@]}"
  command -v gdb >/dev/null || return
  timeout 20 gdb -p "$suite" -batch -nx -ex 'thread apply all bt 12' 2>/dev/null |
    grep -E '^(#|Thread)' | head -n 100
}

# What an ordinary user can have besides a directory; the tests then run as that user again.
as_user=()
if [[ -n ${XIO_TEST_USER-} ]]; then
  for kind in tmpfs overlayfs; do
    mkdir "$XIO_TEST_DIRECTORY/$kind" && mount -t tmpfs tmpfs "$XIO_TEST_DIRECTORY/$kind" || exit
  done
  (
    cd "$XIO_TEST_DIRECTORY/overlayfs" && mkdir lower upper work &&
      mount -t overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work overlay .
  ) || exit
  as_user=(unshare --user "--map-user=${XIO_TEST_USER%:*}" "--map-group=${XIO_TEST_USER#*:}")
fi

# A builtin waits, so that the timer is one process.
{ read -r -t "$limit" <> <(:); kill -USR1 $$; } &
timer=$!
"${as_user[@]}" "$@" &
suite=$!
trap 'list_others; show_what_hangs; exit 124' USR1
wait "$suite"
status=$?
trap '' USR1
kill "$timer"
wait "$timer"

# What is just ending may do so.
for ((round = 0; round < 100; round++)); do
  list_others
  ((${#left[@]})) || exit "$status"
  read -r -t 0.02 <> <(:)
done
echo "run-suite: still running after the suite had ended:"
describe "${left[@]}"
exit $((status ? status : 1))
