internal import SystemPackage

/// Names of files in messages, quoted as a shell would want them back.
enum Quoting {
  /// The name in quotes.
  static func always(_ path: FilePath) -> String { quote(bytes(path)) }

  /// The name, in quotes only where it has characters that a shell would take for its own.
  static func whereNeeded(_ path: FilePath) -> String {
    let bytes = bytes(path)
    let plain = bytes.allSatisfy { byte in
      byte >= 0x80 || byte > 0x2A && byte < 0x7F && !special.contains(byte)
        || byte == UInt8(ascii: "%")
    }
    guard !bytes.isEmpty, plain, let text = String(validating: bytes, as: UTF8.self),
      text.unicodeScalars.allSatisfy(isPrintable)
    else { return quote(bytes) }
    return text
  }

  private static let special = Array(";<>?[\\]^`{|}~=".utf8)

  private static func bytes(_ path: FilePath) -> [UInt8] {
    path.withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: path.length)) }
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    default: true
    }
  }

  private static func quote(_ bytes: [UInt8]) -> String {
    if bytes.contains(UInt8(ascii: "'")), !bytes.contains(where: { "\"$`\\".utf8.contains($0) }),
      let text = String(validating: bytes, as: UTF8.self),
      text.unicodeScalars.allSatisfy(isPrintable)
    {
      return "\"\(text)\""
    }
    var quoted = "'"
    var isEscaping = false
    func part(_ escaping: Bool, _ text: String) {
      if escaping != isEscaping { quoted += escaping ? "'$'" : "''" }
      isEscaping = escaping
      quoted += text
    }
    var rest = bytes[...]
    while let first = rest.first {
      let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      if first == UInt8(ascii: "'") {
        part(false, "'\\''")
        rest = rest.dropFirst()
      } else if let scalar = String(validating: rest.prefix(length), as: UTF8.self)?
        .unicodeScalars.first, isPrintable(scalar)
      {
        part(false, String(scalar))
        rest = rest.dropFirst(length)
      } else {
        part(true, escape(first))
        rest = rest.dropFirst()
      }
    }
    return quoted + "'"
  }

  private static func escape(_ byte: UInt8) -> String {
    switch byte {
    case 7: return "\\a"
    case 8: return "\\b"
    case 9: return "\\t"
    case 10: return "\\n"
    case 11: return "\\v"
    case 12: return "\\f"
    case 13: return "\\r"
    default:
      let octal = String(byte, radix: 8)
      return "\\" + String(repeating: "0", count: 3 - octal.count) + octal
    }
  }
}
