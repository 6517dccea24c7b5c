/// Completions for fish(1).
public enum FishCompletion {
  /// The script, which fish finds by the name of the program.
  public static func script(
    _ program: CommandDescription, _ commands: [CommandDescription]
  ) -> String {
    let names = commands.map(\.name)
    let starts = commands.map { command in
      "complete -c xio -n '__xio_is' -f -a \(command.name) -d \(quote(command.abstract))"
    }
    return """
      # Completions of xio for fish. Made by xio-docs from the program's options.

      # Whether the command is this one, or with no argument, whether there is none yet.
      function __xio_is
        set -l words (commandline -opc)
        for word in $words[2..-1]
          string match -q -- '-*' $word; and continue
          test "$word" = "$argv"
          return
        end
        test -z "$argv"
      end

      \(starts.joined(separator: "\n"))
      complete -c xio -n '__xio_is' -f -a help -d 'Show the help of a command.'
      complete -c xio -n '__xio_is help' -f -a '\(names.joined(separator: " "))'
      \(program.options.map { line($0, "__xio_is") }.joined(separator: "\n"))

      \(commands.map { command in
        (command.options.map { line($0, "__xio_is \(command.name)") } + first(of: command))
          .joined(separator: "\n")
      }.joined(separator: "\n\n"))

      """
  }

  /// The words that can be the first operand.
  private static func first(of command: CommandDescription) -> [String] {
    guard !command.firstWords.isEmpty else { return [] }
    let words = command.firstWords.joined(separator: " ")
    return [
      "complete -c xio -n '__xio_is \(command.name); and not __fish_seen_subcommand_from \(words)' "
        + "-f -a '\(words)' -d 'What to do.'"
    ]
  }

  private static func line(_ option: OptionDescription, _ condition: String) -> String {
    var parts = ["complete -c xio -n '\(condition)'"]
    parts += option.short.map { "-s \($0)" } + option.long.map { "-l \($0)" }
    if let value = option.value {
      switch value.completion {
      case .none: if !value.isOptional { parts.append("-x") }
      case .choices, .lists:
        let list = value.choices.joined(separator: " ")
        let words = value.completion == .lists ? "(__fish_append , \(list))" : list
        parts.append("\(value.isOptional ? "" : "-x ")-a '\(words)'")
      case .files: parts.append("-r -F")
      case .directories: parts.append("-x -a '(__fish_complete_directories)'")
      }
    }
    return (parts + ["-d \(quote(option.text))"]).joined(separator: " ")
  }

  private static func quote(_ text: String) -> String {
    "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
  }
}
