# What a run of the tests shares with all others on the machine; for run-tests.sh, which has `fail`.
# shellcheck shell=bash

state=/run/xio-tests
((UID == 0)) || state=/tmp/xio-tests-$UID
# A run within a test has a state of its own.
is_within_test=${XIO_TEST_STATE:+1}
export XIO_TEST_STATE=${XIO_TEST_STATE:-$state}
state=$XIO_TEST_STATE

# Settings that suites of the lane `alone` change.
settings=(kernel/io_uring_disabled fs/aio-max-nr
  fs/inotify/max_queued_events fs/inotify/max_user_watches fs/inotify/max_user_instances)

# Waits while another run must have the machine alone. Whoever has it alone at the beginning removes
# what a run that was killed has left: nobody else can be using it.
enter_machine() {
  mkdir -p "$state/directories" && exec {lock}>>"$state/lock" || fail "cannot open $state/lock"
  if flock --exclusive --nonblock "$lock"; then
    restore_settings
    remove_directories
    [[ -n $is_within_test ]] || rm -f /dev/shm/xio-mount-*.img
  fi
  flock --shared --wait 1800 "$lock" || fail "other tests have held $state/lock for half an hour"
}

# Each directory of a suite has a link to it in `directories`.
remove_directories() {
  local link
  for link in "$state"/directories/*; do
    [[ -L $link ]] || continue
    rm -rf --one-file-system "$(readlink "$link")" "$link"
  done
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
}
