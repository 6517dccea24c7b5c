internal import Glibc
internal import SystemPackage
internal import XIOSystem

/// How far the part of a file has come, in a file beside it: what is written there is on the device.
final class ResumeJournal {
  /// Smaller files in bytes are copied anew, which takes no longer.
  static let smallestFile: Int64 = 1 << 20
  /// After so many bytes it is written how far the copy is.
  static let stride: Int64 = 64 << 20
  /// A copy goes on at a multiple of this, in bytes, for O_DIRECT too.
  private static let unit: Int64 = 1 << 20
  private static let recordSize = 256

  private let place: TargetPlace
  private let descriptor: FileDescriptor
  /// The name of the part, and of this.
  let part: ContiguousArray<CChar>, name: ContiguousArray<CChar>
  /// Where the copy goes on, in bytes.
  private(set) var offset: Int64 = 0
  private var source: [Int64] = []
  private var inode: UInt64 = 0

  private init(
    _ place: TargetPlace, _ descriptor: FileDescriptor, _ part: ContiguousArray<CChar>,
    _ name: ContiguousArray<CChar>
  ) {
    self.place = place
    self.descriptor = descriptor
    self.part = part
    self.name = name
  }

  deinit {
    // What it holds has been written, or is not needed.
    try? System.close(descriptor)
  }

  /// The names that the part of a file and its journal have.
  static func names(_ target: ContiguousArray<CChar>) -> (
    part: ContiguousArray<CChar>, journal: ContiguousArray<CChar>
  ) {
    var base = target.withName { PathName($0) }.bytes
    // Names have 255 bytes at most.
    if base.count > 200 {
      base = base.prefix(200) + Array(".\(String(Checksum.of(base), radix: 36))".utf8)
    }
    func name(_ end: String) -> ContiguousArray<CChar> {
      PathName([UInt8(ascii: ".")] + base + Array(end.utf8)).text
    }
    return (name(".xio-part"), name(".xio-journal"))
  }

  /// Opens the journal of a target for this process alone, or makes it.
  ///
  /// - Throws: The error number; EWOULDBLOCK when another process copies to the same name, EPERM when the
  ///   journal is somebody else's.
  static func open(_ place: TargetPlace) throws(Errno) -> ResumeJournal {
    let (part, name) = names(place.name)
    while true {
      let opened = try name.withName { (name) throws(Errno) in
        try System.open(
          name, in: place.directory, [.readWrite, .create, .noFollow, .noTerminal, .nonBlocking],
          permissions: 0o600)
      }
      let journal = ResumeJournal(place, opened, part, name)
      let status = try System.entryStatus(opened)
      guard status.kind == .regular, status.user == Caller.user else { throw .notPermitted }
      try System.lock(opened)
      // Whoever had it locked may have finished, and removed it.
      if try name.withName({ (name) throws(Errno) in
        try has(name, in: place.directory, status.identity)
      }) {
        return journal
      }
    }
  }

  /// Whether a name is that of a file.
  private static func has(
    _ name: NamePointer, in directory: Directory, _ identity: EntryStatus.Identity
  ) throws(Errno) -> Bool {
    do throws(Errno) {
      return try System.entryStatus(name, in: directory, follows: false).identity == identity
    } catch {
      if error == .noSuchFileOrDirectory { return false }
      throw error
    }
  }

  /// What tells whether a source is the same as before.
  private static func identity(_ status: EntryStatus) -> [Int64] {
    [
      Int64(bitPattern: status.identity.device), Int64(bitPattern: status.identity.inode),
      status.size, status.modified.seconds, status.modified.nanoseconds, status.changed.seconds,
      status.changed.nanoseconds,
    ]
  }

  // MARK: Reading

  /// What the journal says of a part.
  enum Finding {
    /// Nothing that could be relied upon.
    case nothing
    /// The source was another, or is not what it was.
    case otherSource
    /// The part has come so far, in bytes.
    case part(Int64)
  }

  /// Reads the journal.
  ///
  /// - Parameters:
  ///   - source: The source as it is now.
  ///   - part: The part.
  /// - Returns: How far the part has come, if that can be relied upon.
  func find(_ source: EntryStatus, _ part: EntryStatus) -> Finding {
    var bytes = [UInt8](repeating: 0, count: Self.recordSize)
    let count = bytes.withUnsafeMutableBytes { try? System.read(descriptor, into: $0, at: 0) }
    guard count == Self.recordSize,
      let end = bytes.lastIndex(of: UInt8(ascii: "#")),
      String(decoding: bytes[(end + 1)...], as: UTF8.self)
        .trimmingSuffix(" ") == String(Checksum.of(bytes[..<end]), radix: 36)
    else { return .nothing }
    let words = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ")
    let numbers = words.dropFirst().compactMap { Int64($0) }
    guard words.first == "xio-resume-1", numbers.count == 9 else { return .nothing }
    guard Array(numbers[..<7]) == Self.identity(source) else { return .otherSource }
    guard UInt64(bitPattern: numbers[7]) == part.identity.inode, part.kind == .regular,
      part.user == Caller.user, part.links == 1, (0...part.size).contains(numbers[8])
    else { return .nothing }
    return .part(numbers[8])
  }

  // MARK: Writing

  /// Begins to write about a part.
  ///
  /// - Throws: The error number.
  func begin(
    _ source: EntryStatus, _ part: EntryStatus, at offset: Int64
  ) throws(Errno) {
    self.source = Self.identity(source)
    inode = part.identity.inode
    self.offset = offset
    try write()
  }

  /// The part has come so far, in bytes: brings it to the device, and then writes that it is there.
  ///
  /// - Throws: The error number of bringing it there, or of writing that.
  func reach(_ end: Int64, of part: FileDescriptor) throws(Errno) {
    try System.retry { () throws(Errno) in try System.synchronize(part, dataOnly: true) }
    offset = end / Self.unit * Self.unit
    try write()
  }

  /// The copy ends here for now. Where that cannot be written, the copy will go on from further back.
  func keep(upTo end: Int64, of part: FileDescriptor) {
    guard end > offset, (try? System.synchronize(part, dataOnly: true)) != nil else { return }
    offset = end / Self.unit * Self.unit
    try? write()
  }

  /// Removes the journal, as there is no part any more.
  func remove() {
    name.withName { name in _ = try? System.remove(name, in: place.directory) }
  }

  private func write() throws(Errno) {
    let numbers = source + [Int64(bitPattern: inode), offset]
    var text = "xio-resume-1 " + numbers.map { "\($0)" }.joined(separator: " ") + " "
    text += "#" + String(Checksum.of(Array(text.utf8)), radix: 36)
    let padding = String(repeating: " ", count: max(0, Self.recordSize - text.utf8.count))
    let record = Array((text + padding).utf8)
    let count = try System.retry { () throws(Errno) in
      try record.withUnsafeBytesTyped { (bytes) throws(Errno) in
        try System.write(descriptor, from: bytes, at: 0)
      }
    }
    guard count == record.count else { throw .ioError }
  }
}

/// A sum that tells damaged bytes from whole ones.
enum Checksum {
  /// The sum (FNV-1a, 64 bits).
  static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}

extension Array<UInt8> {
  /// Lends the bytes to a call that throws errors of one type.
  fileprivate func withUnsafeBytesTyped<Output>(
    _ body: (UnsafeRawBufferPointer) throws(Errno) -> Output
  ) throws(Errno) -> Output {
    try withUnsafeBufferPointer { (buffer) throws(Errno) in
      try body(UnsafeRawBufferPointer(buffer))
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(_ character: Character) -> String {
    var text = self
    while text.last == character { text.removeLast() }
    return text
  }
}
