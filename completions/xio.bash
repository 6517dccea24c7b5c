# Completions of xio for bash. Made by xio-docs from the program's options.

_xio_options() {
  case $1 in
    copy) echo '-a --archive -r -R --recursive --copy-contents -L --dereference -H --dereference-command-line -P --no-dereference -d --parents -x --one-file-system --strip-trailing-slashes -t --target-directory -T --no-target-directory -i --interactive -n --no-clobber --update -u -f --force --remove-destination --backup -b -S --suffix -l --link -s --symbolic-link --keep-directory-symlink --preserve -p --no-preserve --attributes-only --reflink --physical --sparse --jobs --context -Z -v --verbose --debug --atomic --durability --resume --verify --progress --engine --notify --block-size --queue-depth --cache --report --report-to --timeline --explain -h --help' ;;
    cat) echo '-A --show-all -b --number-nonblank -e -E --show-ends -n --number -s --squeeze-blank -t -T --show-tabs -u -v --show-nonprinting --progress --engine --notify --block-size --queue-depth --cache --report --report-to --timeline --explain -h --help' ;;
    tail) echo '-c --bytes -n --lines -q --quiet --silent -v --verbose -z --zero-terminated --memory -f -F --follow --retry -s --sleep-interval --pid --max-unchanged-stats --debug --latency --fifo-eof --checkpoint --strict --engine --notify --block-size --queue-depth --cache --report --report-to --timeline --explain -h --help' ;;
    fanin) echo '--label --format --color --colour -z --zero-terminated --delimiter --max-line --long-line --partial-flush --order --window --idle-after --time --time-format --on-full --memory --source-memory --connections --reconnect --no-reconnect --from --follow --no-follow --exclude --lines --until-idle --pid --drain-timeout --checkpoint --stats-every --latency -s --sleep-interval --strict --engine --notify --block-size --queue-depth --cache --report --report-to --timeline --explain -h --help' ;;
    compare) echo '--engines --notify --cache --state --block-size --queue-depth --sources --active --sleep-interval --repeat --seed --events --rate --overlap --json --svg --timeline --color --colour -h --help' ;;
    engines) echo '-h --help' ;;
    cache) echo '--engine --notify --block-size --queue-depth -r -R --recursive --json --color --colour -h --help' ;;
    *) echo '--version -v --verbose -h --help' ;;
  esac
}

# What can stand behind an option: words, "list" and words that commas divide, "files", "directories", or
# nothing known; and whether it has to, as "must" or "may".
_xio_value() {
  case $1:$2 in
    copy:-t | copy:--target-directory) echo 'must directories' ;;
    copy:--update) echo 'may all none none-fail older' ;;
    copy:--backup) echo 'may none off simple never existing nil numbered t' ;;
    copy:-S | copy:--suffix) echo 'must ' ;;
    copy:--preserve) echo 'may list mode ownership timestamps links context xattr all' ;;
    copy:--no-preserve) echo 'must list mode ownership timestamps links context xattr all' ;;
    copy:--reflink) echo 'may auto always never' ;;
    copy:--sparse) echo 'must auto always never' ;;
    copy:--jobs) echo 'must ' ;;
    copy:--context) echo 'may ' ;;
    copy:--durability) echo 'must cached data full batch' ;;
    copy:--verify) echo 'must flight media' ;;
    copy:--engine) echo 'must auto blocking nonblocking select poll epoll sigio posix-aio libaio uring kernel' ;;
    copy:--notify) echo 'must suspend poll signal thread' ;;
    copy:--block-size) echo 'must ' ;;
    copy:--queue-depth) echo 'must ' ;;
    copy:--cache) echo 'must page direct uncached keep' ;;
    copy:--report) echo 'may text json' ;;
    copy:--report-to) echo 'must files' ;;
    copy:--timeline) echo 'must files' ;;
    cat:--engine) echo 'must auto blocking nonblocking select poll epoll sigio posix-aio libaio uring kernel' ;;
    cat:--notify) echo 'must suspend poll signal thread' ;;
    cat:--block-size) echo 'must ' ;;
    cat:--queue-depth) echo 'must ' ;;
    cat:--cache) echo 'must page direct uncached keep' ;;
    cat:--report) echo 'may text json' ;;
    cat:--report-to) echo 'must files' ;;
    cat:--timeline) echo 'must files' ;;
    tail:-c | tail:--bytes) echo 'must ' ;;
    tail:-n | tail:--lines) echo 'must ' ;;
    tail:--memory) echo 'must ' ;;
    tail:--follow) echo 'may descriptor name' ;;
    tail:-s | tail:--sleep-interval) echo 'must ' ;;
    tail:--pid) echo 'must ' ;;
    tail:--max-unchanged-stats) echo 'must ' ;;
    tail:--latency) echo 'must ' ;;
    tail:--fifo-eof) echo 'must close reopen' ;;
    tail:--checkpoint) echo 'must files' ;;
    tail:--engine) echo 'must auto blocking nonblocking select poll epoll sigio posix-aio libaio uring kernel' ;;
    tail:--notify) echo 'must suspend poll signal thread' ;;
    tail:--block-size) echo 'must ' ;;
    tail:--queue-depth) echo 'must ' ;;
    tail:--cache) echo 'must page direct uncached keep' ;;
    tail:--report) echo 'may text json' ;;
    tail:--report-to) echo 'must files' ;;
    tail:--timeline) echo 'must files' ;;
    fanin:--label) echo 'must ' ;;
    fanin:--format) echo 'must text json tail' ;;
    fanin:--color | fanin:--colour) echo 'must auto always never' ;;
    fanin:--delimiter) echo 'must ' ;;
    fanin:--max-line) echo 'must ' ;;
    fanin:--long-line) echo 'must split truncate drop pass' ;;
    fanin:--partial-flush) echo 'must ' ;;
    fanin:--order) echo 'must arrival merge window' ;;
    fanin:--window) echo 'must ' ;;
    fanin:--idle-after) echo 'must ' ;;
    fanin:--time) echo 'must detect arrival' ;;
    fanin:--time-format) echo 'must ' ;;
    fanin:--on-full) echo 'must block drop-oldest drop-newest spill' ;;
    fanin:--memory) echo 'must ' ;;
    fanin:--source-memory) echo 'must ' ;;
    fanin:--connections) echo 'must ' ;;
    fanin:--from) echo 'must beginning end' ;;
    fanin:--exclude) echo 'must ' ;;
    fanin:--lines) echo 'must ' ;;
    fanin:--until-idle) echo 'must ' ;;
    fanin:--pid) echo 'must ' ;;
    fanin:--drain-timeout) echo 'must ' ;;
    fanin:--checkpoint) echo 'must files' ;;
    fanin:--stats-every) echo 'must ' ;;
    fanin:--latency) echo 'must ' ;;
    fanin:-s | fanin:--sleep-interval) echo 'must ' ;;
    fanin:--engine) echo 'must auto blocking nonblocking select poll epoll sigio posix-aio libaio uring kernel' ;;
    fanin:--notify) echo 'must suspend poll signal thread' ;;
    fanin:--block-size) echo 'must ' ;;
    fanin:--queue-depth) echo 'must ' ;;
    fanin:--cache) echo 'must page direct uncached keep' ;;
    fanin:--report) echo 'may text json' ;;
    fanin:--report-to) echo 'must files' ;;
    fanin:--timeline) echo 'must files' ;;
    compare:--engines) echo 'must list auto blocking nonblocking select poll epoll sigio posix-aio libaio uring kernel' ;;
    compare:--notify) echo 'must list suspend poll signal thread' ;;
    compare:--cache) echo 'must list page direct uncached keep' ;;
    compare:--state) echo 'must list warm cold' ;;
    compare:--block-size) echo 'must ' ;;
    compare:--queue-depth) echo 'must ' ;;
    compare:--sources) echo 'must ' ;;
    compare:--active) echo 'must ' ;;
    compare:--sleep-interval) echo 'must ' ;;
    compare:--repeat) echo 'must ' ;;
    compare:--seed) echo 'must ' ;;
    compare:--events) echo 'must ' ;;
    compare:--rate) echo 'must ' ;;
    compare:--svg) echo 'must files' ;;
    compare:--timeline) echo 'must files' ;;
    compare:--color | compare:--colour) echo 'must auto always never' ;;
    cache:--engine) echo 'must auto blocking nonblocking select poll epoll sigio posix-aio libaio uring kernel' ;;
    cache:--notify) echo 'must suspend poll signal thread' ;;
    cache:--block-size) echo 'must ' ;;
    cache:--queue-depth) echo 'must ' ;;
    cache:--color | cache:--colour) echo 'must auto always never' ;;
  esac
}

# What the first operand of a command can be; nothing where it is a file.
_xio_first() {
  case $1 in
    compare) echo 'copy cat tail fanin' ;;
    cache) echo 'show warm evict' ;;
  esac
}

# Completes the last word of a list with those that are not in it.
_xio_list() {
  local begun= word words=()
  [[ $current == *,* ]] && begun=${current%,*},
  for word in $1; do
    [[ ,$begun == *,$word,* ]] || words+=("$word")
  done
  COMPREPLY=($(compgen -P "$prefix$begun" -W "${words[*]}" -- "${current##*,}"))
}

_xio() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command= operand= option= index word is_over= known kind prefix=
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [[ $word == -- ]]; then
      is_over=1
    elif [[ -z $command && $word != -* ]]; then
      command=$word
    elif [[ -z $is_over && $word == = ]]; then
      # An option's value is no operand.
      ((index += 1))
    elif [[ -z $is_over && -n $command && $word == -* ]]; then
      known=$(_xio_value "$command" "$word")
      [[ $known == must* && ${COMP_WORDS[index + 1]} != = ]] && ((index += 1))
    elif [[ -n $command && $word != -* ]]; then
      operand=$word
    fi
  done
  if [[ -z $command && $current != -* ]]; then
    COMPREPLY=($(compgen -W 'copy cat tail fanin compare engines cache help' -- "$current"))
    return
  fi
  if [[ $command == help ]]; then
    COMPREPLY=($(compgen -W 'copy cat tail fanin compare engines cache' -- "$current"))
    return
  fi
  if [[ -z $is_over ]]; then
    # The shell takes an option, the sign and the value for three words, unless it is told otherwise.
    if [[ $current == = ]]; then
      option=$previous current=
    elif [[ $previous == = ]]; then
      option=${COMP_WORDS[COMP_CWORD - 2]}
    elif [[ $current == --*=* ]]; then
      option=${current%%=*} prefix=${current%%=*}= current=${current#*=}
    elif [[ $previous == -* ]]; then
      known=$(_xio_value "$command" "$previous")
      [[ $known == must* ]] && option=$previous
    fi
    if [[ -n $option ]]; then
      known=$(_xio_value "$command" "$option")
      kind=${known#* }
      case $kind in
        files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        directories) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        list*) _xio_list "${kind#list}" ;;
        *) COMPREPLY=($(compgen -P "$prefix" -W "$kind" -- "$current")) ;;
      esac
      return
    fi
    if [[ $current == -* ]]; then
      COMPREPLY=($(compgen -W "$(_xio_options "$command")" -- "$current"))
      [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
      return
    fi
  fi
  known=$(_xio_first "$command")
  if [[ -n $known && -z $operand ]]; then
    COMPREPLY=($(compgen -W "$known" -- "$current"))
    return
  fi
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

complete -F _xio xio
