internal import Glibc
internal import SystemPackage

/// The arguments as bytes, and as the parser wants them.
///
/// The parser takes strings, and a string cannot hold a name that is not UTF-8. Stray bytes, and control
/// characters that its messages would repeat, travel as characters of a private area, one each, and
/// become bytes again in ``Operand``.
struct Arguments {
  /// The command's name: the first argument, or the name of a link to the program.
  let command: String?
  /// The name in messages, such as `xio copy`.
  let programName: String
  private let rest: [[UInt8]]

  /// Commands that a link to the program can be named after.
  private static let linkNames = ["cat": "cat", "copy": "copy", "cp": "copy", "tail": "tail"]
  /// Options that may come with a value and without, and what they mean without.
  private static let optionalValues = ["--report": "text"]

  /// Takes the arguments after the program's name.
  init(program: [UInt8], _ arguments: [[UInt8]]) {
    let name = program.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
    let text = String(decoding: name, as: UTF8.self)
    if let linked = Self.linkNames[text] {
      command = linked
      programName = text
      rest = arguments
    } else {
      let first = arguments.first.flatMap { String(validating: $0, as: UTF8.self) }
      let isCommand = first.map { !$0.hasPrefix("-") } ?? false
      command = isCommand ? first : nil
      programName = isCommand && Xio.hasCommand(first) ? "xio \(first ?? "")" : "xio"
      rest = isCommand ? Array(arguments.dropFirst()) : arguments
    }
  }

  /// The arguments of this process.
  static func raw() -> Arguments {
    let all = (0..<Int(CommandLine.argc)).compactMap { index in
      CommandLine.unsafeArgv[index].map { pointer in
        Array(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
      }
    }
    return Arguments(program: all.first ?? [], Array(all.dropFirst()))
  }

  /// The name in messages, when nothing else is known.
  static var shownName: String { raw().programName }

  /// Whether no argument is an option.
  var hasOperandsOnly: Bool {
    rest.allSatisfy { $0.first != UInt8(ascii: "-") || $0.count == 1 }
  }

  /// The operands, when there is nothing else.
  var operands: [FilePath] { rest.map(Self.path) }

  /// Everything in the form that the parser understands.
  ///
  /// - Throws: ``UsageError``.
  func forParser() throws(UsageError) -> [String] {
    let texts = rest.map(Self.encode)
    if let table = OptionTable.of(command) {
      let stops = getenv("POSIXLY_CORRECT") != nil
      return (command.map { [$0] } ?? [])
        + (try Normaliser.normalise(texts, table, stopsAtOperand: stops))
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

  // The private area U+F700…U+F7FF stands for the bytes 0x00…0xFF. A name that contains one of these
  // characters itself has its bytes encoded like stray ones, so that every name comes back as it was.
  private static let area: ClosedRange<UInt32> = 0xF700...0xF7FF

  /// Bytes as a string that ``decode(_:)`` turns back into the same bytes.
  static func encode(_ bytes: [UInt8]) -> String {
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
    text.unicodeScalars.flatMap { scalar in
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

  /// A path of bytes as they are.
  static func path(_ bytes: [UInt8]) -> FilePath {
    (bytes + [0]).withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { characters in
        characters.baseAddress.map { FilePath(platformString: $0) } ?? FilePath()
      }
    }
  }
}
