internal import ArgumentParser

/// What documents about the command line are made from.
public enum Declarations {
  /// The commands, options and operands as the parser describes them, in JSON.
  public static var description: String { Xio._dumpHelp() }

  /// The number of this version, such as `0.1.0`.
  public static var version: String { Version.number }

  /// The models of `xio engines`: a row of headings, and one for each model.
  public static var models: [[String]] { EngineTable.models }

  /// The calls that engines make: a row of headings, and one for each engine.
  public static var calls: [[String]] { EngineTable.calls }

  /// What `--help` or `-h` prints, in 80 columns.
  ///
  /// - Parameters:
  ///   - command: The name of a command, or nil for the program.
  ///   - isBrief: Whether it is to fit on a screen.
  /// - Returns: The text; nil when there is no such command.
  public static func help(of command: String?, isBrief: Bool = false) -> String? {
    if isBrief { return BriefHelp.text(of: command) }
    let arguments = (command.map { [$0] } ?? []) + ["--help"]
    do {
      var help = try Xio.parseAsRoot(arguments)
      try help.run()
      return nil
    } catch {
      let text = Xio.fullMessage(for: error, columns: 80) + "\n"
      return HelpText.polish(text, OptionTable.of(command))
    }
  }

  /// Whether an option of a command can be given without its value.
  ///
  /// - Parameters:
  ///   - option: The long name of the option, without dashes.
  ///   - command: The name of the command.
  /// - Returns: Whether it means something alone.
  public static func isValueOptional(of option: String, in command: String) -> Bool {
    if case .optional = OptionTable.of(command)?.long[option] { true } else { false }
  }

  /// Everything that a command takes for an option: `--name` and `-n`; nil where the parser alone knows.
  public static func spellings(of command: String) -> Set<String>? {
    guard let table = OptionTable.of(command) else { return nil }
    return Set(table.long.keys.map { "--\($0)" })
      .union(table.synonyms.keys.map { "--\($0)" })
      .union(table.short.keys.map { "-\($0)" })
  }
}
