public import SystemPackage
internal import XIOEngines
public import XIOSystem

/// What makes a file the same file, whatever its name.
public struct FileIdentity: Sendable, Hashable {
  /// The device and the inode.
  public var device: UInt64, inode: UInt64

  /// Takes what stat(2) says.
  public init(_ status: NameStatus) {
    device = status.device
    inode = status.inode
  }

  /// Takes the numbers.
  public init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}

/// One inode that a name has pointed to, open for reading.
///
/// It stays open while somebody may still write to it, so that neither renaming nor removal can take
/// away what has not been read.
public final class Generation {
  /// Which file it is.
  public let identity: FileIdentity
  /// The kind of object.
  public let kind: FileKind
  /// When the file was made, in nanoseconds since 1970, where the file system tells.
  public let birthTime: Int64?
  /// The open file; nil while descriptors are short and nothing happens to it.
  public internal(set) var descriptor: FileDescriptor?
  /// What it was called when it was closed to save descriptors.
  var lastPath: FilePath?
  /// The source whose name it was opened by.
  public internal(set) unowned var source: Source

  /// Everything before this offset in bytes has been delivered.
  public var offset: Int64 = 0
  /// The last bytes before ``offset``, by which a file is recognised that was written anew.
  public var marker: [UInt8] = []
  /// Everything before this offset was accepted by whoever reads, and the bytes before it, where that is
  /// told apart from ``offset``.
  private var delivered: (offset: Int64, marker: [UInt8])?
  /// Changes when the file turns out to have been cut or written anew, and reading begins again.
  public internal(set) var epoch = 0
  /// Whether there may be something to read.
  public var isDirty = true {
    didSet { if isDirty { source.watcher.enqueue(source) } }
  }
  /// Bytes behind ``offset`` that are being written.
  public var inFlight: Int64 = 0
  /// Whether a call on the file is being made, so that it must stay open.
  public var isBusy = false
  /// Whether it could not be read when that was tried last.
  var cannotBeRead = false
  /// Whether an unfinished line is to be delivered now, because nothing will finish it.
  public var mustFlush = false
  /// Since when an unfinished line has been held back; nil when none is.
  public var heldBackSince: Nanoseconds?
  /// What the name has led to before, when another followed name still leads there. (A weak reference
  /// would make every use of either slower.)
  var former: Generation?
  /// How far it may be delivered, while former files have to be delivered first.
  var turn: Turn?
  /// What it waits for: events that may tell of files before it.
  var fence: Fence?
  /// Whether no name of the source leads to it any more.
  public internal(set) var isSuperseded = false
  /// Whether nothing more can come from it.
  public internal(set) var hasEnded = false

  /// The size in bytes and the time of the last change when it was last looked at.
  public internal(set) var seenSize: Int64
  var seenModified: Int64
  /// The largest size that was seen since reading began again.
  var peakSize: Int64
  /// Whether a read of the file ends where the file did when the read began.
  private(set) lazy var readsOneSize = descriptor.flatMap { try? System.readsOneSize($0) } ?? false
  /// Whether zeros at the beginning are what a writer has left out that did not notice the cut.
  var skipsZeros = false
  /// When it last was seen to grow.
  var lastGrowth = Clock.monotonic
  /// Whether a writer has closed it since it lost its name.
  var wasClosed = false
  var watch: Int32?

  init(
    _ descriptor: FileDescriptor, _ status: NameStatus, source: Source, isAtEnd: Bool = false
  ) {
    self.descriptor = descriptor
    self.source = source
    identity = FileIdentity(status)
    kind = status.kind
    birthTime = try? System.birthTime(descriptor)
    seenSize = status.size
    seenModified = status.modified
    peakSize = status.size
  }

  /// Whether nothing of it was read yet.
  var isUnread: Bool { offset == 0 && inFlight == 0 && !isBusy }

  /// Whether files that came before it may not be known yet.
  public var isFenced: Bool { fence?.isOver == false }

  /// How many bytes were there, when it was last looked at, that have not been delivered.
  public var lag: Int64 { kind.isPositional ? max(0, seenSize - settledOffset) : 0 }

  /// Everything before this offset was accepted, so that the next run may go on there; by these bytes
  /// it finds the place.
  public var settledOffset: Int64 { delivered?.offset ?? offset }
  var settledMarker: [UInt8] { delivered?.marker ?? marker }

  /// From now on what was read is not what was delivered: ``settle(_:_:)`` tells of that.
  public func tellsDelivered() {
    if delivered == nil { delivered = (offset, marker) }
  }

  /// Takes note of what was accepted.
  ///
  /// - Parameters:
  ///   - offset: Behind it, in bytes.
  ///   - marker: The last bytes before that.
  public func settle(_ offset: Int64, _ marker: [UInt8]) {
    delivered = (offset, marker)
  }

  /// Takes back what was said of delivery, when reading begins again.
  func forgetDelivery() { delivered = nil }

  /// Takes note of what stat(2) says, and finds out whether the file was cut or written anew.
  ///
  /// - Returns: Whether something has changed.
  @discardableResult
  func look(_ status: NameStatus) -> Bool {
    guard status.size != seenSize || status.modified != seenModified else { return false }
    if status.size > seenSize { lastGrowth = Clock.monotonic }
    seenModified = status.modified
    seenSize = status.size
    if kind == .regular {
      if status.size < offset || recognition() == .other { restart(wasCut: status.size < offset) }
      peakSize = max(peakSize, status.size)
      source.counts.maximumLag = max(source.counts.maximumLag, lag)
    }
    isDirty = true
    return true
  }
}
