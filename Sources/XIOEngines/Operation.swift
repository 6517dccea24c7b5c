public import SystemPackage
public import XIOSystem

/// Names one operation among those in flight.
public struct OperationID: Hashable, Sendable {
  /// The number.
  public var rawValue: UInt64

  /// Takes a number that no operation in flight has.
  public init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

/// What an operation does. Offsets are bytes; nil is the descriptor's own position.
public enum Verb: Sendable {
  case read(at: Int64?)
  case write(at: Int64?)
  case waitReadable
  case waitWritable
  case fsync(dataOnly: Bool)
  case cancel(OperationID)

  /// Whether the operation needs the descriptor to be writable.
  var isForWriting: Bool {
    switch self {
    case .write, .waitWritable: true
    case .read, .waitReadable, .fsync, .cancel: false
    }
  }
}

/// One operation, which an engine renders as a plain call, as interest in readiness, or as a
/// submission.
public struct Operation: Sendable {
  /// Comes back with the completion.
  public var id: OperationID
  /// What it works on.
  public var descriptor: FileDescriptor
  /// The kind of object that ``descriptor`` refers to.
  public var kind: FileKind
  /// What it does.
  public var verb: Verb
  /// The buffer, by its index in the pool.
  public var slot: Int
  /// The bytes of the buffer that are to be filled or written.
  public var range: Range<Int>
  /// How the kernel shall treat the transfer.
  public var flags: TransferFlags
  /// Whether the descriptor is open with O_DIRECT.
  public var isDirect: Bool
  /// Whether readiness engines make the call before they wait.
  public var triesFirst: Bool
  /// An anonymous descriptor whose readiness engines that link reads wait for, rather than that of
  /// ``descriptor``: it tells of what happens to a file.
  public var trigger: FileDescriptor?

  /// Makes an operation; those without data leave `slot`, `range` and `flags` out.
  public init(
    id: OperationID, descriptor: FileDescriptor, kind: FileKind, verb: Verb, slot: Int = 0,
    range: Range<Int> = 0..<0, flags: TransferFlags = [], isDirect: Bool = false,
    triesFirst: Bool = false, trigger: FileDescriptor? = nil
  ) {
    self.id = id
    self.descriptor = descriptor
    self.kind = kind
    self.verb = verb
    self.slot = slot
    self.range = range
    self.flags = flags
    self.isDirect = isDirect
    self.triesFirst = triesFirst
    self.trigger = trigger
  }
}

/// The end of one operation. The id is there in every case, also after a failure.
public struct Completion: Sendable {
  /// The operation's.
  public var id: OperationID
  /// The number of bytes, 0 for an operation without data, or the error number.
  public var result: Result<Int, Errno>
  /// Where the time went.
  public var phases: Phases

  /// Pairs a result with the operation it belongs to.
  public init(id: OperationID, result: Result<Int, Errno>, phases: Phases) {
    self.id = id
    self.result = result
    self.phases = phases
  }
}

/// What became of an operation that was handed to an engine.
public enum Submission: Sendable {
  /// It is done.
  case completed(Completion)
  /// It will complete later.
  case queued
  /// There is no room: reap, then submit it again.
  case full
}
