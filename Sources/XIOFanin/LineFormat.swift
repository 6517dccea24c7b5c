internal import XIOSystem

/// What is known of a line besides its bytes.
struct LineFacts {
  /// In nanoseconds since 1970; nil where it has none.
  var time: Nanoseconds?
  var isLate = false
}

/// Makes of a line what goes out.
struct LineFormatter {
  let format: FaninOptions.Format
  let delimiter: [UInt8]
  /// The source that the last header has named.
  private var lastNumber = 0
  private var stamps = StampCache()

  /// What stands in front of a line that came too late.
  private static let lateMark = Array("~ ".utf8)

  init(_ options: FaninOptions) {
    format = options.format
    delimiter = options.delimiter
  }

  /// Whether a header has to come before the next line.
  func needsHeader(_ feed: Feed) -> Bool { format == .tail && lastNumber != feed.number }

  /// The header of a source.
  mutating func header(_ feed: Feed) -> [UInt8] {
    let start = lastNumber == 0 ? "==> " : "\n==> "
    lastNumber = feed.number
    return Array(start.utf8) + LabelTemplate.escaped(feed.title.path) + Array(" <==\n".utf8)
  }

  /// What stands before a line of text.
  mutating func label(_ feed: Feed, _ facts: LineFacts, into out: inout [UInt8]) {
    if facts.isLate { out += Self.lateMark }
    for (index, piece) in feed.label.pieces.enumerated() {
      if index > 0 { out += facts.time.map { stamps.text($0) } ?? [UInt8(ascii: "-")] }
      out += piece
    }
  }

  /// Renders a line.
  ///
  /// - Parameters:
  ///   - line: Its bytes, with the delimiter.
  ///   - feed: Where it comes from.
  ///   - facts: What else is known of it.
  ///   - out: Where it goes.
  mutating func render(
    _ line: UnsafeRawBufferPointer, _ feed: Feed, _ facts: LineFacts, into out: inout [UInt8]
  ) {
    switch format {
    case .text:
      label(feed, facts, into: &out)
      out += line
    case .tail:
      if needsHeader(feed) { out += header(feed) }
      label(feed, facts, into: &out)
      out += line
    case .json:
      let bare = UnsafeRawBufferPointer(rebasing: line[..<(line.count - delimiter.count)])
      renderJSON(bare, feed, facts, &out)
    }
  }

  private mutating func renderJSON(
    _ line: UnsafeRawBufferPointer, _ feed: Feed, _ facts: LineFacts, _ out: inout [UInt8]
  ) {
    out += Array("{\"v\":1,\"n\":\(feed.number),\"source\":".utf8)
    JSONText.append(feed.title.path, to: &out)
    if !feed.title.peer.isEmpty {
      out += Array(",\"peer\":".utf8)
      JSONText.append(feed.title.peer, to: &out)
    }
    if let process = feed.title.process { out += Array(",\"pid\":\(process)".utf8) }
    if let time = facts.time {
      out += Array(",\"time\":\"".utf8) + stamps.text(time) + [UInt8(ascii: "\"")]
    }
    if facts.isLate { out += Array(",\"late\":true".utf8) }
    out += Array(",\"line\":".utf8)
    JSONText.append(line, to: &out)
    out += Array("}\n".utf8)
  }
}

/// Strings of JSON.
enum JSONText {
  private static let digits = Array("0123456789abcdef".utf8)
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Adds text; bytes that are none become an object with base64.
  static func append(_ bytes: some Collection<UInt8>, to out: inout [UInt8]) {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      out += Array("{\"bytes\":\"".utf8)
      appendBase64(Array(bytes), to: &out)
      out += Array("\"}".utf8)
      return
    }
    out.append(UInt8(ascii: "\""))
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        out.append(UInt8(ascii: "\\"))
        out.append(byte)
      case 10: out += Array("\\n".utf8)
      case 13: out += Array("\\r".utf8)
      case 9: out += Array("\\t".utf8)
      case 0..<32, 127:
        out += Array("\\u00".utf8)
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }

  private static func appendBase64(_ bytes: [UInt8], to out: inout [UInt8]) {
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var value = group.reduce(0) { $0 << 8 | Int($1) }
      value <<= 8 * (3 - group.count)
      for place in 0..<4 {
        out.append(
          place <= group.count ? alphabet[value >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
  }
}
