# What a run of the tests shares with all others on the machine; for run-tests.sh, which has `fail`.
# shellcheck shell=bash

state=/run/xio-tests
((UID == 0)) || state=/tmp/xio-tests-$UID
# A run within a test is given a state of its own.
export XIO_TEST_STATE=${XIO_TEST_STATE:-$state}
state=$XIO_TEST_STATE

# Settings that suites of the lane `alone` change.
settings=(kernel/io_uring_disabled fs/aio-max-nr fs/inotify/max_queued_events)

# Waits while another run must have the machine alone, and registers this one. Whatever a run that was
# killed has left is removed first. Nobody can be changing a setting at that moment.
enter_machine() {
  local gate
  mkdir -p "$state/runs" || exit
  exec {lock}>>"$state/lock" {gate}>>"$state/gate" || fail "cannot open the locks in $state"
  flock --shared --wait 1800 "$lock" || fail "other tests have held $state/lock for half an hour"
  flock --wait 600 "$gate" || fail "another run has held $state/gate for ten minutes"
  remove_ended_runs
  restore_settings
  XIO_TEST_RUN=$(mktemp -d "$state/runs/XXXXXX") && exec {alive}>"$XIO_TEST_RUN/alive" || exit
  export XIO_TEST_RUN
  flock "$alive"
  exec {gate}>&-
}

# A run holds a lock as long as it lives, however it ends. Its suites end a moment later.
remove_ended_runs() {
  local run tries
  for run in "$state"/runs/*; do
    if [[ ! -d $run ]] || ! flock --nonblock "$run/alive" true; then continue; fi
    for ((tries = 0; tries < 200; tries++)); do
      grep --quiet --text --fixed-strings "XIO_TEST_RUN=$run" /proc/[0-9]*/environ 2>/dev/null ||
        break
      read -r -t 0.05 <> <(:)
    done
    remove_run "$run"
  done
}

# Each directory of a suite has a link to it in that of its run, and gave its name to its images.
remove_run() {
  local link
  for link in "$1"/xio-*; do
    [[ -L $link ]] || continue
    rm -rf --one-file-system "$(readlink "$link")" "/dev/shm/${link##*/}"-*.img && rm "$link"
  done
  rm -f "$1/alive" && rmdir "$1"
}

# Waits until no other run is going on, and remembers the settings.
have_machine_alone() {
  flock --exclusive --wait 1800 "$lock" ||
    fail "other tests have held $state/lock for half an hour"
  [[ ! -e $state/settings ]] || return 0
  local name
  for name in "${settings[@]}"; do echo "$name $(<"/proc/sys/$name")"; done >"$state/settings.new"
  mv "$state/settings.new" "$state/settings"
}

# A suite that was killed has restored nothing itself.
restore_settings() {
  [[ -e $state/settings ]] || return 0
  local name value
  while read -r name value; do
    [[ $(<"/proc/sys/$name") == "$value" ]] || echo "$value" >"/proc/sys/$name"
  done <"$state/settings"
  rm -f "$state/settings"
}

# Only the run that has the machine alone can have changed settings.
leave_machine() {
  [[ -z ${lock-} ]] || ! flock --exclusive --nonblock "$lock" || restore_settings
  [[ -z ${alive-} ]] || remove_run "$XIO_TEST_RUN"
}
