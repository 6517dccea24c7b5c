public import SystemPackage
public import XIOSystem

/// Whether the kernel does what it is asked to.
public enum Honour: Sendable, Equatable {
  case honoured
  case refused(Errno)
  /// The question has no meaning for this kind of file.
  case notApplicable
}

/// What is known of a descriptor, found out by trying and without changing it.
public struct DescriptorFacts: Sendable {
  /// The kind of object.
  public var kind: FileKind
  /// Whether it is a terminal.
  public var isTerminal: Bool
  /// Whether it can be read from and written to.
  public var canRead: Bool, canWrite: Bool
  /// Its number.
  public var number: Int32
  /// Whether epoll accepts it, which is to say that it is not always ready.
  public var isPollable: Bool
  /// Whether it sends signals when O_ASYNC is set.
  public var signals: Bool
  /// `RWF_NOWAIT` and `RWF_DONTCACHE`.
  public var noWait: Honour, dontCache: Honour
  /// The alignment of O_DIRECT, nil where there is no direct I/O.
  public var directAlignment: DirectAlignment?
  /// Whether its files live in memory alone.
  public var isInMemory: Bool

  /// Finds out.
  ///
  /// - Throws: EBADF when the descriptor is not open.
  public init(_ descriptor: FileDescriptor) throws(Errno) {
    let flags = try System.statusFlags(descriptor)
    let status = try System.status(descriptor)
    number = descriptor.rawValue
    kind = status.kind
    isTerminal = kind == .characterDevice && System.isTerminal(descriptor)
    canRead = flags.canRead
    canWrite = flags.canWrite
    isPollable = System.isEpollable(descriptor)
    signals = Self.sendsSignals(descriptor, flags)
    isInMemory = kind == .regular && (try? System.isInMemory(descriptor)) == true
    noWait = .notApplicable
    dontCache = .notApplicable
    if kind.isPositional {
      noWait = Self.honour(of: .noWait, descriptor, canRead: canRead)
      dontCache = Self.honour(of: .dontCache, descriptor, canRead: canRead)
      directAlignment = try? System.directAlignment(descriptor)
    }
  }

  /// O_ASYNC is accepted by every file, and stays set only where signals are sent.
  private static func sendsSignals(_ descriptor: FileDescriptor, _ flags: StatusFlags) -> Bool {
    if flags.contains(.async) { return true }
    guard (try? System.setStatusFlags(descriptor, flags.union(.async))) != nil else { return false }
    let sticks = (try? System.statusFlags(descriptor).contains(.async)) ?? false
    try? System.setStatusFlags(descriptor, flags)
    return sticks
  }

  // Beyond every end: the kernel looks at the flags first, and reads nothing ahead into the cache.
  private static let probeOffset: Int64 = 1 << 62

  /// Reads with a flag where nothing is: refusal does not depend on there being something.
  static func honour(
    of flag: TransferFlags, _ descriptor: FileDescriptor, canRead: Bool
  ) -> Honour {
    guard canRead else { return .notApplicable }
    var byte: UInt8 = 0
    do throws(Errno) {
      try withUnsafeMutableBytes(of: &byte) { memory throws(Errno) in
        _ = try System.read(descriptor, into: memory, at: probeOffset, flags: flag)
      }
      return .honoured
    } catch {
      return error == .wouldBlock ? .honoured : .refused(error)
    }
  }
}

/// What one engine can do with one descriptor.
public struct DescriptorReport: Sendable, Equatable {
  /// How the engine comes to know that data can be moved.
  public enum Readiness: String, Sendable {
    case waits = "waits"
    case alwaysReady = "always ready"
    case blocks = "blocks in the call"
    case retries = "retries"
    case inKernel = "asynchronous"
    case inSubmission = "synchronous in submission"
    case onHelper = "helper thread"
    case refused = "refused"
  }

  /// How it comes to know.
  public var readiness: Readiness
  /// The reason or a limit, in words.
  public var remark: String

  /// Pairs the two.
  public init(_ readiness: Readiness, _ remark: String = "") {
    self.readiness = readiness
    self.remark = remark
  }
}
