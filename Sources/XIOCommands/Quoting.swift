internal import SystemPackage
internal import XIOSystem

/// Names of files in messages, quoted as a shell would want them back.
enum Quoting {
  /// The name in quotes.
  static func always(_ path: FilePath) -> String { quote(bytes(path)) }

  /// The name, in quotes only where it has characters that a shell would take for its own, or a
  /// colon, which would look like the end of the name in a message.
  static func whereNeeded(_ path: FilePath) -> String {
    let bytes = bytes(path)
    guard let text = printable(bytes), !text.isEmpty, !text.utf8.contains(where: special.contains),
      !isSpecial(first: bytes), bytes != [UInt8(ascii: "{")], bytes != [UInt8(ascii: "}")]
    else { return quote(bytes) }
    return text
  }

  /// A word of a command line, in quotes only where a shell would take characters for its own.
  static func word(_ bytes: [UInt8]) -> String {
    guard bytes.starts(with: "--".utf8), let sign = bytes.firstIndex(of: UInt8(ascii: "=")) else {
      return whereNeeded(FilePath(bytes: bytes))
    }
    let value = Array(bytes[(sign + 1)...])
    let name = String(decoding: bytes[...sign], as: UTF8.self)
    return name + (value.isEmpty ? "" : whereNeeded(FilePath(bytes: value)))
  }

  /// The value of an option, in quotes as C would have them.
  static func value(_ text: some StringProtocol) -> String {
    var quoted = ""
    for scalar in String(text).unicodeScalars {
      let bytes = Arguments.decode(String(scalar))
      if scalar == "'" || scalar == "\\" {
        quoted += "\\" + String(scalar)
      } else if bytes == Array(String(scalar).utf8), isPrintable(scalar) {
        quoted.unicodeScalars.append(scalar)
      } else {
        quoted += bytes.map(escape).joined()
      }
    }
    return "'\(quoted)'"
  }

  private static let special = Array(" !\"$&'()*:;<=>?[\\^`|".utf8)
  /// Signs that stand for themselves between double quotes as they do between single ones.
  private static let plainSigns = Array(" '%+,-./:@]_".utf8)

  /// Whether a shell would take the name for a comment or for somebody's home.
  private static func isSpecial(first bytes: [UInt8]) -> Bool {
    bytes.first == UInt8(ascii: "#") || bytes.first == UInt8(ascii: "~")
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), 0x80...:
      true
    default: plainSigns.contains(byte)
    }
  }

  /// The text of a name that nothing must be escaped in.
  private static func printable(_ bytes: [UInt8]) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self),
      text.unicodeScalars.allSatisfy(isPrintable)
    else { return nil }
    return text
  }

  private static func bytes(_ path: FilePath) -> [UInt8] { TypedNames.here.bytes(of: path) }

  /// Whether more than ASCII is shown; GNU's tools leave that to the locale.
  private static let showsUnicode =
    Terminal.hasUnicode || !Voice(of: Arguments.shownName).isLiteral

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.isASCII || showsUnicode else { return false }
    return switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      false
    default: true
    }
  }

  private static func quote(_ bytes: [UInt8]) -> String {
    if bytes.contains(UInt8(ascii: "'")), let text = printable(bytes),
      bytes.dropFirst(isSpecial(first: bytes) ? 1 : 0).allSatisfy(isPlain)
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
