public import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Where reading had got to in one file.
public struct FilePosition: Sendable, Equatable {
  /// Which file.
  public var identity: FileIdentity
  /// Its handle and the time it was made, where the file system tells.
  public var handle: [UInt8], birthTime: Int64?
  /// The last bytes before an offset, and that offset, by which the file is recognised.
  public var marker: [UInt8], markerOffset: Int64
  /// What was about to be written, and what was accepted by standard output.
  public var sent: Int64, accepted: Int64
  /// Whether the file was read to its end and nobody could write to it any more.
  public var hasEnded: Bool
}

/// Positions of sources, kept in a file from one run to the next.
///
/// The file is replaced as a whole: written under another name, synchronised and renamed. Between
/// two such times it is noted in place, without synchronising, what is about to be written and what
/// was accepted: when the program is killed the next run goes on there, and can tell how much may
/// come twice.
public final class Checkpoint {
  private static let title = "xio-checkpoint 1"
  private static let numberWidth = 20
  private static let interval: Nanoseconds = 1_000_000_000
  /// The same when there are other files than before, which have no place in it yet.
  private static let shortInterval: Nanoseconds = 200_000_000

  private let path: FilePath
  private var file: FileDescriptor?
  /// Where it stands how much of a file was sent, accepted, and whether it has ended.
  private var places: [FileIdentity: Int64] = [:]
  private var lastWritten: Nanoseconds = 0, lastLooked: Nanoseconds = 0
  private var lastText: [UInt8] = []
  /// What is known of names that nobody follows now, and their order: they may be followed again.
  private var others: [[UInt8]: (positions: [FilePosition], text: [UInt8])] = [:]
  private var otherNames: [[UInt8]] = []
  /// So many of them are kept.
  private static let mostOthers = 4096
  /// Whether the run that wrote it has come to its end, and when it last wrote, in nanoseconds since 1970.
  public private(set) var wasClean = true, lastNoted: Int64 = 0
  /// The last failure to write it, which does not end the follow.
  public private(set) var failure: Errno?

  /// Keeps positions in a file.
  public init(_ path: FilePath) {
    self.path = path
  }

  /// Reads what an earlier run has left.
  ///
  /// - Returns: The positions of each source by its name, oldest file first; nil when there is no file.
  /// - Throws: The error number; EINVAL when the file is something else.
  public func load() throws(Errno) -> [[UInt8]: [FilePosition]]? {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Self.contents(of: path)
      lastNoted = try System.status(of: EntryName(Self.bytes(of: path)), in: nil).modified
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw error
    }
    var positions: [[UInt8]: [FilePosition]] = [:]
    var source: [UInt8]?
    var lines = bytes.split(separator: UInt8(ascii: "\n"))[...]
    guard let first = lines.popFirst(), first.elementsEqual(Self.title.utf8) else {
      throw .invalidArgument
    }
    wasClean = lines.popFirst()?.elementsEqual("ended".utf8) == true
    var texts: [[UInt8]: [UInt8]] = [:]
    for line in lines {
      let fields = line.split(separator: UInt8(ascii: " ")).map {
        String(decoding: $0, as: UTF8.self)
      }
      if fields.count == 2, fields[0] == "source", let name = Self.bytes(fields[1]) {
        source = name
        positions[name] = []
      } else if let source, let position = FilePosition(fields) {
        positions[source]?.append(position)
      } else {
        throw .invalidArgument
      }
      if let source { texts[source, default: []] += line + [UInt8(ascii: "\n")] }
      if fields.count == 2, let source { otherNames.append(source) }
    }
    for name in otherNames { others[name] = (positions[name] ?? [], texts[name] ?? []) }
    return positions
  }

  /// What is known of a name that nobody has followed so far in this run.
  ///
  /// - Parameter name: The bytes of its path.
  /// - Returns: Its positions, oldest file first; nil where nothing is known.
  public func positions(of name: [UInt8]) -> [FilePosition]? { others[name]?.positions }

  /// Keeps what is known of a source that is not followed any more.
  ///
  /// - Parameters:
  ///   - source: The source, all of whose files have ended.
  ///   - watcher: Who has followed it.
  public func retain(_ source: Source, of watcher: Watcher) {
    var places: [FileIdentity: Int64] = [:]
    let text = Self.render(source, watcher, at: 0, &places)
    let positions = text.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap { line in
      FilePosition(
        line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) })
    }
    if others.updateValue((positions, text), forKey: source.pathBytes) == nil {
      otherNames.append(source.pathBytes)
    }
    if otherNames.count > Self.mostOthers { others[otherNames.removeFirst()] = nil }
  }

  /// Writes the positions if something has changed, once in a while or when it has to be now.
  ///
  /// - Parameters:
  ///   - watcher: What is followed.
  ///   - mustBeNow: Whether the program is about to end.
  public func save(_ watcher: Watcher, mustBeNow: Bool) {
    let now = Clock.monotonic
    guard mustBeNow || now - lastLooked >= Self.shortInterval else { return }
    lastLooked = now
    let isDue = now - lastWritten >= Self.interval || hasNewFiles(watcher.sources)
    guard mustBeNow || isDue else { return }
    lastWritten = now
    let (text, places) = render(watcher, isLast: mustBeNow)
    guard text != lastText else { return }
    do throws(Errno) {
      try replace(text)
      self.places = places
      lastText = text
      failure = nil
    } catch {
      // Whoever reads the output goes on being served; the next time may be better.
      failure = error
    }
  }

  /// Notes that bytes are about to be written.
  ///
  /// - Parameters:
  ///   - generation: The file that they come from.
  ///   - end: The offset behind them in bytes.
  public func willSend(_ generation: Generation, upTo end: Int64) {
    note(Self.padded(end), generation, at: 0)
  }

  /// Notes that everything before an offset of a file was accepted.
  ///
  /// - Parameter generation: The file.
  public func didSend(_ generation: Generation) {
    note(Self.padded(generation.settledOffset), generation, at: Self.numberWidth + 1)
  }

  /// Notes that nothing more will come from a file.
  ///
  /// - Parameter generation: The file.
  public func didEnd(_ generation: Generation) {
    note("e", generation, at: 2 * (Self.numberWidth + 1))
  }

  private func note(_ text: String, _ generation: Generation, at distance: Int) {
    guard let file, let place = places[generation.identity] else { return }
    let bytes = Array(text.utf8)
    // What is missing here only makes the next run print more twice.
    _ = try? bytes.withUnsafeBytes { bytes in
      Result { () throws(Errno) in
        try System.write(file, from: bytes, at: place + Int64(distance))
      }
    }.get()
  }

  private func hasNewFiles(_ sources: [Source]) -> Bool {
    sources.contains { source in
      source.generations.contains { $0.kind == .regular && places[$0.identity] == nil }
    }
  }

  private func replace(_ text: [UInt8]) throws(Errno) {
    var name = path
    let last = path.lastComponent?.string ?? "checkpoint"
    name.removeLastComponent()
    name.append(".\(last).new")
    let new = try System.open(name, [.writeOnly, .create, .truncate], permissions: 0o600)
    do throws(Errno) {
      var done = 0
      while done < text.count {
        done += try text.withUnsafeBytes { bytes in
          Result { () throws(Errno) in
            try System.write(
              new, from: UnsafeRawBufferPointer(rebasing: bytes[done...]), at: Int64(done))
          }
        }.get()
      }
      try System.synchronize(new, dataOnly: false)
      try System.rename(name, to: path)
    } catch {
      try? System.close(new)
      try? System.remove(name)
      throw error
    }
    if let file { try? System.close(file) }
    file = new
    synchronizeDirectory()
  }

  private func synchronizeDirectory() {
    let parent = path.removingLastComponent()
    guard let directory = try? System.open(parent.isEmpty ? "." : parent, .readOnly) else { return }
    try? System.synchronize(directory, dataOnly: false)
    try? System.close(directory)
  }

  private static func padded(_ number: Int64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, numberWidth - digits.count)) + digits
  }

  /// So many files of each source that have ended are kept, which tell whether others are new.
  private static let endedFiles = 16

  private func render(
    _ watcher: Watcher, isLast: Bool
  ) -> (text: [UInt8], places: [FileIdentity: Int64]) {
    var text = Array("\(Self.title)\n\(isLast ? "ended" : "running")\n".utf8)
    var places: [FileIdentity: Int64] = [:]
    let followed = others.isEmpty ? [] : Set(watcher.sources.map(\.pathBytes))
    for name in otherNames where !followed.contains(name) { text += others[name]?.text ?? [] }
    for source in watcher.sources {
      text += Self.render(source, watcher, at: text.count, &places)
    }
    return (text, places)
  }

  private static func render(
    _ source: Source, _ watcher: Watcher, at start: Int, _ places: inout [FileIdentity: Int64]
  ) -> [UInt8] {
    var text = Array("source \(hex(source.pathBytes))\n".utf8)
    for (identity, entry) in watcher.ended.last(endedFiles, of: source.index) {
      text += line(identity, entry)
      text += Array("\(padded(entry.offset)) \(padded(entry.offset)) e\n".utf8)
    }
    for generation in source.generations where generation.kind == .regular {
      let entry = EndedFiles.Entry(
        source: source.index, handle: generation.handle, birthTime: generation.birthTime,
        offset: generation.settledOffset, marker: generation.settledMarker)
      text += line(generation.identity, entry)
      places[generation.identity] = Int64(start + text.count)
      text += Array("\(padded(entry.offset)) \(padded(entry.offset)) -\n".utf8)
    }
    return text
  }

  private static func line(_ identity: FileIdentity, _ entry: EndedFiles.Entry) -> [UInt8] {
    let fields = [
      "file", String(identity.device), String(identity.inode),
      entry.handle.isEmpty ? "-" : hex(entry.handle), entry.birthTime.map { String($0) } ?? "-",
      padded(entry.offset), entry.marker.isEmpty ? "-" : hex(entry.marker),
    ]
    return Array((fields.joined(separator: " ") + " ").utf8)
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  fileprivate static func bytes(_ hex: String) -> [UInt8]? {
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

  private static func bytes(of path: FilePath) -> [UInt8] {
    path.bytes
  }

  private static func contents(of path: FilePath) throws(Errno) -> [UInt8] {
    let file = try System.open(path, .readOnly)
    defer { try? System.close(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = try block.withUnsafeMutableBytes { memory in
        Result { () throws(Errno) in
          try System.read(file, into: memory, at: Int64(bytes.count))
        }
      }.get()
      if count == 0 { return bytes }
      bytes += block[..<count]
    }
  }
}

extension FilePosition {
  /// Takes the fields of a line apart.
  fileprivate init?(_ fields: [String]) {
    guard fields.count == 10, fields[0] == "file", let device = UInt64(fields[1]),
      let inode = UInt64(fields[2]), let markerOffset = Int64(fields[5]),
      let sent = Int64(fields[7]), let accepted = Int64(fields[8]),
      let handle = fields[3] == "-" ? [] : Checkpoint.bytes(fields[3]),
      let marker = fields[6] == "-" ? [] : Checkpoint.bytes(fields[6])
    else { return nil }
    identity = FileIdentity(device: device, inode: inode)
    self.handle = handle
    birthTime = Int64(fields[4])
    self.markerOffset = markerOffset
    self.sent = sent
    self.accepted = accepted
    self.marker = marker
    hasEnded = fields[9] == "e"
  }
}
