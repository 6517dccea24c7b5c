internal import XIOCommands

/// An option as documents show it.
public struct OptionDescription: Sendable {
  /// What comes after the name.
  public struct Value: Sendable {
    /// What it is called.
    public var name: String
    /// Whether the option means something without it.
    public var isOptional: Bool
    /// The words that it can be; empty where it can be anything.
    public var choices: [String]
    /// What a shell offers for it.
    public var completion: Completion
  }

  /// What a shell offers for a value.
  public enum Completion: Sendable {
    /// Nothing is known; one of the words; some of them, with commas between them; names.
    case none, choices, lists, files, directories
  }

  /// The title of its group.
  public var section: String
  /// Letters, without the dash.
  public var short: [String]
  /// Names, without dashes.
  public var long: [String]
  /// What comes after it; nil for one that stands alone.
  public var value: Value?
  /// What it does, in a sentence or two.
  public var text: String
  /// What holds when it is not given, where the parser knows.
  public var standard: String?
  /// Whether it may be given more than once.
  public var isRepeating: Bool

  /// All its spellings, with dashes.
  public var spellings: [String] { short.map { "-\($0)" } + long.map { "--\($0)" } }
}

/// A command as documents show it.
public struct CommandDescription: Sendable {
  /// The word that stands for it.
  public var name: String
  /// What it does, in a sentence.
  public var abstract: String
  /// Its options, group by group.
  public var options: [OptionDescription]
  /// Whether it takes operands that are files.
  public var takesFiles: Bool
  /// The words that its first operand can be; empty where that is a file, too.
  public var firstWords: [String]

  /// The titles of its groups of options, in their order.
  public var sections: [String] {
    options.reduce(into: []) { titles, option in
      if !titles.contains(option.section) { titles.append(option.section) }
    }
  }

  /// The program and its commands, as they are declared.
  ///
  /// - Returns: The program itself, whose options stand before a command, and the commands.
  /// - Throws: `DocsError`, `DecodingError`.
  public static func all() throws -> (program: CommandDescription, commands: [CommandDescription]) {
    let root = try ParserDump(json: Declarations.description).command
    let commands = (root.subcommands ?? []).filter { $0.commandName != "help" }
    return (CommandDescription(root), commands.map { CommandDescription($0) })
  }

  private init(_ dump: ParserDump.Command) {
    name = dump.commandName
    abstract = dump.abstract ?? ""
    let arguments = (dump.arguments ?? []).filter(\.shouldDisplay)
    let operands = arguments.filter { $0.kind == "positional" }
    firstWords = operands.first.flatMap { $0.allValues ?? $0.completionKind?.list?.values } ?? []
    takesFiles =
      operands.count > (firstWords.isEmpty ? 0 : 1) || operands.contains(where: \.isRepeating)
    let command = name
    let declared = arguments.filter { $0.kind != "positional" }
      .map { OptionDescription($0, in: command) }
    // The parser puts what has no title behind everything that has one.
    options =
      declared.filter { !$0.section.isEmpty }
      + declared.filter(\.section.isEmpty)
      .map { option in
        var other = option
        other.section = "Other options"
        return other
      }
  }
}

extension OptionDescription {
  init(_ dump: ParserDump.Argument, in command: String) {
    section = dump.sectionTitle ?? ""
    let names = dump.names ?? []
    short = names.filter { $0.kind == "short" }.map(\.name)
    long = names.filter { $0.kind == "long" }.map(\.name)
    text = dump.abstract ?? ""
    standard = dump.defaultValue
    isRepeating = dump.isRepeating
    guard dump.kind == "option" else { return }
    let choices = dump.allValues ?? dump.completionKind?.list?.values ?? []
    let name = dump.valueName ?? "value"
    let completion: Completion =
      if !choices.isEmpty {
        name == "list" ? .lists : .choices
      } else if dump.completionKind?.directory != nil {
        .directories
      } else {
        dump.completionKind?.file == nil ? .none : .files
      }
    value = Value(
      name: name,
      isOptional: long.contains { Declarations.isValueOptional(of: $0, in: command) },
      choices: choices, completion: completion)
  }
}
