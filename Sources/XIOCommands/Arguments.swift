internal import Glibc
internal import SystemPackage
internal import XIOSystem

/// The arguments as bytes, and as the parser wants them.
///
/// The parser takes strings, and a string cannot hold a name that is not UTF-8. Stray bytes, and control
/// characters that its messages would repeat, travel as characters of a private area, one each, and
/// become bytes again in ``Operand``.
struct Arguments {
  /// The command's name: the first argument, or the name of a link to the program.
  let command: String?
  /// The name of the link that the program was called by, when it is one of a command.
  private let linkName: String?
  private let rest: [[UInt8]]

  /// Options that may come with a value and without, and what they mean without.
  private static let optionalValues = ["--report": "text"]

  /// Takes the arguments after the program's name.
  init(program: [UInt8], _ arguments: [[UInt8]]) {
    let name = program.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
    let text = String(decoding: name, as: UTF8.self)
    if let linked = Self.command(linkedAs: text) {
      command = linked
      linkName = text
      rest = arguments
    } else {
      linkName = nil
      let first = arguments.first.flatMap { String(validating: $0, as: UTF8.self) }
      let isCommand = first.map { !$0.hasPrefix("-") } ?? false
      command = isCommand ? first : nil
      rest = isCommand ? Array(arguments.dropFirst()) : arguments
    }
  }

  /// The command that a link of this name stands for.
  private static func command(linkedAs name: String) -> String? {
    switch name {
    case "cat", "copy", "fanin", "tail": name
    case "cp": "copy"
    default: nil
    }
  }

  /// The name in messages, such as `xio copy`.
  var programName: String {
    if let linkName { return linkName }
    guard let command, CommandName(rawValue: command) != nil else { return "xio" }
    return "xio \(command)"
  }

  /// The arguments of this process.
  static func raw() -> Arguments {
    let all = (0..<ProcessArguments.count).compactMap(ProcessArguments.bytes)
    return Arguments(program: all.first ?? [], Array(all.dropFirst()))
  }

  /// The name in messages, when nothing else is known.
  static var shownName: String { raw().programName }

  /// Whether no argument is an option.
  var hasOperandsOnly: Bool {
    rest.allSatisfy { $0.first != UInt8(ascii: "-") || $0.count == 1 }
  }

  /// Whether help is asked for as `-h`, which is to fit on a screen.
  var asksBriefly: Bool {
    guard !Voice(of: programName).isLiteral else { return false }
    let options = rest.prefix { $0 != Array("--".utf8) }
    return options.contains(Array("-h".utf8)) && !options.contains(Array("--help".utf8))
  }

  /// The first argument after the command.
  var firstWord: String? { rest.first.map(Self.encode) }

  /// Looks whether there is such a command, or one to be helped with.
  ///
  /// - Throws: ``UsageError``.
  func checkCommand() throws(UsageError) {
    let named = command == "help" ? firstWord : command
    guard let named, !named.hasPrefix("-"), named != "help", CommandName(rawValue: named) == nil
    else { return }
    let names = CommandName.allCases.map(\.rawValue)
    throw UsageError(
      "unknown command '\(named)'", suggestion: Suggestion.nearest(to: named, among: names))
  }

  /// The operands, when there is nothing else.
  var operands: [FilePath] { rest.map { FilePath(name: $0) } }

  /// Everything in the form that the parser understands.
  ///
  /// - Throws: ``UsageError``.
  func forParser() throws(UsageError) -> [String] {
    let texts = rest.map(Self.encode)
    if command == "compare" {
      return ["compare"] + (try ComparedJob.split(texts, Self.stopsAtOperand).options)
    }
    if var table = OptionTable.of(command) {
      // GNU's tools do not know it, and say so.
      if Voice(of: programName).isLiteral { table.short["h"] = nil }
      let name = command.map { [$0] } ?? []
      if table.keepsOperands {
        return name
          + (try Normaliser.split(texts, table, stopsAtOperand: Self.stopsAtOperand)).options
      }
      return name
        + (try Normaliser.normalise(texts, table, stopsAtOperand: Self.stopsAtOperand))
    }
    var strings = command.map { [$0] } ?? []
    var isAfterTerminator = false
    for text in texts {
      if text == "--" { isAfterTerminator = true }
      if !isAfterTerminator, let value = Self.optionalValues[text] {
        strings.append("\(text)=\(value)")
      } else {
        strings.append(text)
      }
    }
    return strings
  }

  private static var stopsAtOperand: Bool { getenv("POSIXLY_CORRECT") != nil }

  /// The operands that the parser was not given.
  ///
  /// - Throws: ``UsageError``.
  func keptOperands() throws(UsageError) -> [Operand] {
    guard let table = OptionTable.of(command), table.keepsOperands else { return [] }
    return try Normaliser.split(
      rest.map(Self.encode), table, stopsAtOperand: Self.stopsAtOperand
    ).operands.map(Operand.init)
  }

  /// The job of `compare`, which the parser was not given.
  ///
  /// - Throws: ``UsageError``.
  func comparedJob() throws(UsageError) -> ComparedJob? {
    try ComparedJob.split(rest.map(Self.encode), Self.stopsAtOperand).job
  }

  // The private area U+F700…U+F7FF stands for the bytes 0x00…0xFF. A name that contains one of these
  // characters itself has its bytes encoded like stray ones, so that every name comes back as it was.
  private static let area: ClosedRange<UInt32> = 0xF700...0xF7FF

  /// Bytes as a string that ``decode(_:)`` turns back into the same bytes.
  static func encode(_ bytes: [UInt8]) -> String {
    if bytes.allSatisfy({ (32..<127).contains($0) }) {
      return String(decoding: bytes, as: UTF8.self)
    }
    var scalars = String.UnicodeScalarView()
    var rest = bytes[...]
    while let first = rest.first {
      let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      let part = rest.prefix(length)
      let valid = String(validating: part, as: UTF8.self)?.unicodeScalars.first
      if let valid, !area.contains(valid.value), valid.properties.generalCategory != .control {
        scalars.append(valid)
        rest = rest.dropFirst(length)
      } else {
        scalars.append(Unicode.Scalar(UInt32(0xF700) + UInt32(first)) ?? "?")
        rest = rest.dropFirst()
      }
    }
    return String(scalars)
  }

  /// The bytes that a string of ``encode(_:)`` stands for.
  static func decode(_ text: String) -> [UInt8] {
    if text.utf8.allSatisfy({ $0 < 128 }) { return Array(text.utf8) }
    return text.unicodeScalars.flatMap { scalar in
      area.contains(scalar.value)
        ? [UInt8(truncatingIfNeeded: scalar.value - 0xF700)] : Array(String(scalar).utf8)
    }
  }

  /// Text of the parser on one line, with encoded bytes shown as escapes.
  static func display(_ text: String) -> String {
    var shown = ""
    // The parser lists values one to a line.
    let lines = text.split(separator: "\n")
    let values = lines.dropFirst().map { $0.drop { " -".contains($0) } }
    let whole =
      (lines.first.map(String.init) ?? "") + (values.isEmpty ? "" : " ")
      + values.joined(separator: ", ")
    for scalar in whole.unicodeScalars {
      if area.contains(scalar.value) {
        let octal = String(scalar.value - 0xF700, radix: 8)
        shown += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }
}
