/// Completions for zsh(1).
public enum ZshCompletion {
  /// The script, which `compinit` finds by its name `_xio`.
  public static func script(
    _ program: CommandDescription, _ commands: [CommandDescription]
  ) -> String {
    let list = commands.map { "    \(quote("\($0.name):\(escapeColons($0.abstract))"))" }
    return """
      #compdef xio
      # Completions of xio for zsh. Made by xio-docs from the program's options.

      _xio_commands() {
        local -a commands=(
      \(list.joined(separator: "\n"))
          'help:Show the help of a command.'
        )
        _describe -t commands command commands
      }

      _xio() {
        local context state state_descr line
        typeset -A opt_args
        _arguments -S -C \\
      \(program.options.flatMap { specifications(of: $0) }.map { "    \($0) \\\n" }.joined())\
          '1:command:_xio_commands' \\
          '*:: :->command' && return
        case $words[1] in
      \(commands.map(branch).joined())\
          help) _arguments '1:command:_xio_commands' ;;
        esac
      }

      if [[ $funcstack[1] == _xio ]]; then
        _xio "$@"
      else
        compdef _xio xio
      fi

      """
  }

  private static func branch(_ command: CommandDescription) -> String {
    let options = command.options.flatMap { specifications(of: $0) }
      .map { "        \($0) \\\n" }.joined()
    let words = command.firstWords.joined(separator: " ")
    let first = words.isEmpty ? "" : "        '1:what to do:(\(words))' \\\n"
    return """
          \(command.name))
            _arguments -s -S \\
      \(options)\(first)\
              '*:file:_files' ;;

      """
  }

  /// An argument of `_arguments` for every spelling.
  private static func specifications(of option: OptionDescription) -> [String] {
    let all = option.spellings
    let others = option.isRepeating || all.count < 2 ? "" : "(\(all.joined(separator: " ")))"
    return all.map { spelling in
      let isLong = spelling.hasPrefix("--")
      var text = "\(option.isRepeating ? "*" : others)\(spelling)"
      guard let value = option.value else { return quote("\(text)[\(escape(option.text))]") }
      let action =
        switch value.completion {
        case .none: " "
        case .lists: "_sequence compadd - \(value.choices.joined(separator: " "))"
        case .choices: "(\(value.choices.joined(separator: " ")))"
        case .files: "_files"
        case .directories: "_files -/"
        }
      text += value.isOptional ? "=-" : isLong ? "=" : "+"
      return quote(
        "\(text)[\(escape(option.text))]\(value.isOptional ? "::" : ":")\(escapeColons(value.name)):\(action)"
      )
    }
  }

  private static func escape(_ text: String) -> String {
    escapeColons(text.replacing("[", with: "\\[").replacing("]", with: "\\]"))
  }

  private static func escapeColons(_ text: String) -> String { text.replacing(":", with: "\\:") }

  private static func quote(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
}
