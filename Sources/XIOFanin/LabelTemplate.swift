/// What a source is called.
struct FeedTitle {
  /// A short name, and the whole of it, as bytes.
  var name: [UInt8], path: [UInt8]
  /// Who is at the other end, and with which process, as far as that is known.
  var peer: [UInt8] = [], process: Int32?
}

/// Why a label cannot be understood.
struct LabelProblem: Error {
  var message: String
}

/// What stands in front of a line: text, and fields in braces.
struct LabelTemplate {
  enum Field: String {
    case name, path, n, peer, pid, time
  }

  enum Part {
    case text([UInt8])
    case field(Field, width: Int, alignsRight: Bool)
  }

  private let parts: [Part]

  /// Takes a template apart, such as `{n} {name:12} `; `{{` stands for a brace.
  init(_ text: String) throws(LabelProblem) {
    var parts: [Part] = []
    var plain: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") else {
        plain.append(byte)
        continue
      }
      if rest.first == byte {
        rest.removeFirst()
        plain.append(byte)
        continue
      }
      guard byte == UInt8(ascii: "{"), let close = rest.firstIndex(of: UInt8(ascii: "}")) else {
        throw LabelProblem(message: "a brace in the label '\(text)' has no partner")
      }
      if !plain.isEmpty { parts.append(.text(plain)) }
      plain = []
      parts.append(try Self.field(String(decoding: rest[..<close], as: UTF8.self)))
      rest = rest[(close + 1)...]
    }
    if !plain.isEmpty { parts.append(.text(plain)) }
    self.parts = parts
  }

  private static func field(_ text: String) throws(LabelProblem) -> Part {
    let pieces = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let field = Field(rawValue: String(pieces[0])) else {
      throw LabelProblem(
        message: "a label has no field '\(text)'; fields are name, path, n, peer, pid and time")
    }
    guard pieces.count > 1 else { return .field(field, width: 0, alignsRight: false) }
    let alignsRight = pieces[1].hasPrefix(">")
    guard let width = Int(alignsRight ? pieces[1].dropFirst() : pieces[1]),
      (0...512).contains(width)
    else { throw LabelProblem(message: "'\(text)' has no width between 0 and 512") }
    return .field(field, width: width, alignsRight: alignsRight)
  }

  /// Whether lines have a time in front of them.
  var hasTime: Bool {
    parts.contains { if case .field(.time, _, _) = $0 { true } else { false } }
  }

  /// Fills in what does not change from line to line.
  ///
  /// - Parameters:
  ///   - title: What the source is called.
  ///   - number: Its number.
  ///   - colour: The number of a colour; nil for none.
  /// - Returns: The label of the source.
  func render(_ title: FeedTitle, number: Int, colour: Int?) -> RenderedLabel {
    var pieces: [[UInt8]] = [colour.map { Array("\u{1B}[3\($0)m".utf8) } ?? []]
    for part in parts {
      switch part {
      case .text(let bytes): pieces[pieces.count - 1] += bytes
      case .field(.time, _, _): pieces.append([])
      case .field(let field, let width, let alignsRight):
        pieces[pieces.count - 1] += Self.pad(
          Self.value(field, title, number), width, alignsRight)
      }
    }
    if colour != nil { pieces[pieces.count - 1] += Array("\u{1B}[0m".utf8) }
    return RenderedLabel(pieces: pieces)
  }

  private static func value(_ field: Field, _ title: FeedTitle, _ number: Int) -> [UInt8] {
    switch field {
    case .name: escaped(title.name)
    case .path: escaped(title.path)
    case .n: Array("\(number)".utf8)
    case .peer: escaped(title.peer)
    case .pid: title.process.map { Array("\($0)".utf8) } ?? [UInt8(ascii: "-")]
    case .time: []
    }
  }

  /// Text is padded by its characters, not by its bytes.
  private static func pad(_ bytes: [UInt8], _ width: Int, _ alignsRight: Bool) -> [UInt8] {
    let count = String(decoding: bytes, as: UTF8.self).count
    let blanks = [UInt8](repeating: UInt8(ascii: " "), count: max(0, width - count))
    return alignsRight ? blanks + bytes : bytes + blanks
  }

  /// A name on one line: control characters, and bytes that are no text, as escapes.
  static func escaped(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    var rest = bytes[...]
    while let first = rest.first {
      let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      let part = rest.prefix(length)
      if let scalar = String(validating: part, as: UTF8.self)?.unicodeScalars.first,
        isPrintable(scalar)
      {
        text += part
        rest = rest.dropFirst(length)
      } else {
        text += escape(first)
        rest = rest.dropFirst()
      }
    }
    return text
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .unassigned: false
    default: true
    }
  }

  private static func escape(_ byte: UInt8) -> [UInt8] {
    switch byte {
    case 9: return Array("\\t".utf8)
    case 10: return Array("\\n".utf8)
    case 13: return Array("\\r".utf8)
    default:
      let octal = String(byte, radix: 8)
      return Array(("\\" + String(repeating: "0", count: 3 - octal.count) + octal).utf8)
    }
  }
}

/// What stands in front of the lines of one source; a time goes between its pieces.
struct RenderedLabel {
  var pieces: [[UInt8]]

  /// All of it, where lines have no time.
  var plain: [UInt8]? { pieces.count == 1 ? pieces[0] : nil }
}
