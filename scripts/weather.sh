# What the machine is like while suites are repeated; for soak.sh, which has `fail` and `here`.
# shellcheck shell=bash disable=SC2034,SC2154

# What is left to the suites, which write to file systems in memory, in MiB.
leave=2048
started=()

# Runs something that ends with this shell, however that ends.
begin() {
  setpriv --pdeathsig KILL "$@" &
  started+=($!)
}

take_memory() {
  local held
  exec {held}< <(exec setpriv --pdeathsig KILL "$here/hold-memory.pl" "$leave")
  started+=($!)
  read -r -t 300 -u "$held" || fail "the memory could not be taken"
  exec {held}<&-
}

# Sets `prefix`, what commands are to be run by, and `factor`, how much longer they may take. The
# limits of suites are for a machine that has nothing else to do.
set_weather() {
  local number processors
  started=()
  prefix=()
  factor=4
  case $1 in
    idle) factor=1 ;;
    load)
      for ((number = 2 * $(nproc); number > 0; number--)); do
        begin bash -c 'while :; do :; done'
      done
      take_memory
      ;;
    one-core)
      processors=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
      prefix=(taskset --cpu-list "${processors%%[-,]*}")
      ;;
    *) fail "there is no weather '$1'" ;;
  esac
}

end_weather() {
  local process
  for process in "${started[@]}"; do
    kill "$process" || fail "what makes the weather has ended early"
    wait "$process" 2>/dev/null
  done
  started=()
}
