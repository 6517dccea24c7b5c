internal import SystemPackage

/// What a checkpoint says, in lines of words.
///
/// First comes everything that was known when it was written, up to a line `end`; then files that were found
/// since, each when its first bytes were about to be written. The last of those lines may be incomplete.
struct CheckpointText {
  static let title = "xio-checkpoint 2"
  static let numberWidth = 20
  static let end = "end\n"
  /// What one write of a killed program brings to a file wholly or not at all, at an aligned offset.
  private static let page = 4096

  /// Which file the output was; nil when it was none.
  var output: OutputIdentity?
  /// The last write without bytes of files; empty at the end of the output when there was none since this was
  /// written.
  var span: OutputSpan?
  /// Where reading had got to, by the names of sources, oldest file first; and the names in their order.
  private(set) var positions: [[UInt8]: [FilePosition]] = [:], names: [[UInt8]] = []

  /// The bytes, and where in them the notes are.
  private(set) var bytes: [UInt8] = []
  private(set) var outputPlace = 0
  private(set) var places: [FileIdentity: Int] = [:]

  // MARK: Writing

  /// Begins with what is known of the output.
  init(_ output: OutputIdentity?, _ span: OutputSpan?) {
    bytes = Array("\(Self.title)\noutput ".utf8)
    let fields = output.map {
      [String($0.file.device), String($0.file.inode), Self.hex($0.handle)]
    }
    bytes += Array(((fields ?? ["-", "-", "-"]).joined(separator: " ") + " ").utf8)
    outputPlace = bytes.count
    bytes += Array("\(Self.note(span))\n".utf8)
  }

  /// Begins with what is to be put behind a checkpoint.
  ///
  /// - Parameter size: How many bytes that has.
  init(behind size: Int) {
    offset = size
  }
  private var offset = 0

  /// The note about a write that has no bytes of files.
  static func note(_ span: OutputSpan?) -> String {
    "\(padded(span?.start ?? 0)) \(padded(span?.count ?? 0)) \(span?.content.rawValue ?? "-")"
  }

  /// What is said of a source that no notes are made about.
  static func lines(_ name: [UInt8], _ positions: [FilePosition]) -> [UInt8] {
    var text = CheckpointText(behind: 0)
    text.add(name, positions)
    return text.bytes
  }

  /// Adds lines of a source.
  mutating func add(_ lines: [UInt8]) { bytes += lines }

  /// Adds a source and its files.
  mutating func add(_ name: [UInt8], _ positions: [FilePosition]) {
    bytes += Array("source \(Self.hex(name))\n".utf8)
    for position in positions {
      bytes += Array(position.head.utf8)
      // A note must not be left half written.
      let rest = Self.page - (offset + bytes.count) % Self.page
      if rest < FilePosition.noteLength { bytes += [UInt8](repeating: 0x20, count: rest) }
      places[position.identity] = offset + bytes.count
      bytes += Array("\(position.note)\n".utf8)
    }
  }

  mutating func finish() { bytes += Array(Self.end.utf8) }

  // MARK: Reading

  /// Takes a checkpoint apart.
  ///
  /// - Throws: EINVAL when it is something else, or not all of it is there.
  init(_ bytes: [UInt8]) throws(Errno) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"))[...]
    guard let first = lines.popFirst(), first.elementsEqual(Self.title.utf8),
      let second = lines.popFirst(), takeOutput(Self.fields(second))
    else { throw .invalidArgument }
    if bytes.last != UInt8(ascii: "\n") { _ = lines.popLast() }
    var source: [UInt8]?
    var isWhole = false
    for line in lines {
      let fields = Self.fields(line)
      if fields == ["end"] {
        isWhole = true
      } else if fields.count == 2, fields[0] == "source", let name = Self.bytes(fields[1]) {
        source = name
        if positions.updateValue(positions[name] ?? [], forKey: name) == nil { names.append(name) }
      } else if let source, let position = FilePosition(fields) {
        positions[source]?.append(position)
      } else {
        throw .invalidArgument
      }
    }
    guard isWhole else { throw .invalidArgument }
  }

  private mutating func takeOutput(_ fields: [Substring]) -> Bool {
    guard fields.count == 7, fields[0] == "output", let handle = Self.bytes(fields[3]),
      Self.take(fields[4...6], &span)
    else { return false }
    if let device = UInt64(fields[1]), let inode = UInt64(fields[2]) {
      output = OutputIdentity(file: FileIdentity(device: device, inode: inode), handle: handle)
    }
    return true
  }

  /// Changes what is known of each file.
  mutating func update(_ body: (inout FilePosition) -> Void) {
    for name in names {
      for index in positions[name]?.indices ?? 0..<0 {
        if var position = positions[name]?[index] {
          body(&position)
          positions[name]?[index] = position
        }
      }
    }
  }

  private static func fields(_ line: ArraySlice<UInt8>) -> [Substring] {
    String(decoding: line, as: UTF8.self).split(separator: " ")
  }

  /// Takes three fields that say where a write went.
  ///
  /// - Returns: Whether that is what they say.
  static func take(_ fields: ArraySlice<Substring>, _ span: inout OutputSpan?) -> Bool {
    let fields = Array(fields)
    guard let start = Int64(fields[0]), let count = Int64(fields[1]) else { return false }
    guard fields[2] != "-" else { return true }
    guard let content = OutputSpan.Content(rawValue: String(fields[2])) else { return false }
    span = OutputSpan(start: start, count: count, content: content)
    return true
  }

  static func padded(_ number: Int64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, numberWidth - digits.count)) + digits
  }

  /// Bytes as digits; `-` stands for none.
  static func hex(_ bytes: [UInt8]) -> String {
    guard !bytes.isEmpty else { return "-" }
    return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  static func bytes(_ hex: some StringProtocol) -> [UInt8]? {
    guard hex != "-" else { return [] }
    let digits = Array(hex.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
      guard let byte = UInt8(pair, radix: 16) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
