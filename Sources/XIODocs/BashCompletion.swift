/// Completions for bash(1).
public enum BashCompletion {
  /// The script, which a shell reads when `xio` is completed for the first time.
  public static func script(
    _ program: CommandDescription, _ commands: [CommandDescription]
  ) -> String {
    """
    # Completions of xio for bash. Made by xio-docs from the program's options.

    _xio_options() {
      case $1 in
    \(commands.map { "    \($0.name)) echo '\(words(of: $0))' ;;" }.joined(separator: "\n"))
        *) echo '\(words(of: program))' ;;
      esac
    }

    # What can stand behind an option: words, "list" and words that commas divide, "files", "directories", or
    # nothing known; and whether it has to, as "must" or "may".
    _xio_value() {
      case $1:$2 in
    \(commands.flatMap(values).joined(separator: "\n"))
      esac
    }

    # What the first operand of a command can be; nothing where it is a file.
    _xio_first() {
      case $1 in
    \(commands.filter { !$0.firstWords.isEmpty }.map {
      "    \($0.name)) echo '\($0.firstWords.joined(separator: " "))' ;;"
    }.joined(separator: "\n"))
      esac
    }

    \(list)

    \(function(commands.map(\.name)))

    complete -F _xio xio

    """
  }

  /// What completes words that commas divide.
  private static let list = """
    # Completes the last word of a list with those that are not in it.
    _xio_list() {
      local begun= word words=()
      [[ $current == *,* ]] && begun=${current%,*},
      for word in $1; do
        [[ ,$begun == *,$word,* ]] || words+=("$word")
      done
      COMPREPLY=($(compgen -P "$prefix$begun" -W "${words[*]}" -- "${current##*,}"))
    }
    """

  /// What the shell calls.
  private static func function(_ names: [String]) -> String {
    """
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
        COMPREPLY=($(compgen -W '\((names + ["help"]).joined(separator: " "))' -- "$current"))
        return
      fi
      if [[ $command == help ]]; then
        COMPREPLY=($(compgen -W '\(names.joined(separator: " "))' -- "$current"))
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
    """
  }

  private static func words(of command: CommandDescription) -> String {
    command.options.flatMap(\.spellings).joined(separator: " ")
  }

  private static func values(of command: CommandDescription) -> [String] {
    command.options.compactMap { option in
      guard let value = option.value else { return nil }
      let kind =
        switch value.completion {
        case .none: ""
        case .choices: value.choices.joined(separator: " ")
        case .lists: "list \(value.choices.joined(separator: " "))"
        case .files: "files"
        case .directories: "directories"
        }
      let patterns = option.spellings.map { "\(command.name):\($0)" }.joined(separator: " | ")
      return "    \(patterns)) echo '\(value.isOptional ? "may" : "must") \(kind)' ;;"
    }
  }
}
