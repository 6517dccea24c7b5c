public import CXIO
public import SystemPackage
public import XIOSystem

/// Signal-driven I/O: a real-time signal says which descriptor has become ready.
public typealias SigioEngine = ReadinessEngine<SignalWaiter>

/// Takes the signals of O_ASYNC descriptors.
///
/// The signal announces that readiness begins, so the call comes first. When the kernel's queue is
/// full a plain SIGIO comes that names no descriptor, and all are tried.
public struct SignalWaiter: ReadinessWaiter, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .sigio }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .asynchronousNotice, .nonblocking, defaultDepth: 2, linksReads: true,
      onStreams: "signal, then read or write",
      onFiles: "no signals: pread, pwrite")
  }

  /// Waits for what sends signals.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    facts.signals
      ? DescriptorReport(.waits) : DescriptorReport(.alwaysReady, "O_ASYNC does not stick")
  }

  /// A signal comes when readiness begins, not while it lasts.
  public static var triesFirst: Bool { true }

  // A terminal that is hung up sends no signal, so terminals are looked at from time to time.
  private static let longestWaitOnTerminal: Nanoseconds = 100_000_000

  /// An armed descriptor: whether somebody else had set O_ASYNC before, and the file behind it.
  private struct Armed {
    var wasAsync: Bool
    var file: FileStatus
  }

  /// What tells one open file from another, as far as signals go.
  private struct FileKey: Hashable {
    var device: UInt64, inode: UInt64

    init(_ file: FileStatus) {
      device = file.device
      inode = file.inode
    }
  }

  private var armed: [Int32: Armed] = [:]
  private var byFile: [FileKey: [Int32]] = [:]
  private var terminals: Set<Int32> = []
  private var silent: Set<Int32> = []

  /// Blocks the two signals, so that they wait to be taken.
  ///
  /// - Throws: The error number.
  public init(_ configuration: EngineConfiguration) throws(Errno) {
    try System.blockIOSignals()
  }

  /// Arms a descriptor that is new; one on which O_ASYNC does not stick is always ready.
  public mutating func watch(
    _ interest: Interest, _ kind: FileKind, _ counters: inout EngineCounters
  ) throws(Errno) -> Bool {
    if armed[interest.fd] != nil { return true }
    if kind.isPositional || silent.contains(interest.fd) { return false }
    let descriptor = FileDescriptor(rawValue: interest.fd)
    let file = try System.status(descriptor)
    let own = byFile[FileKey(file)]?.first.flatMap { armed[$0] }
    let flags = try System.statusFlags(descriptor)
    let wasAsync = own?.wasAsync ?? flags.contains(.async)
    // The flag belongs to everybody who shares the open file, so it is taken back at the end.
    Termination.catchSignals()
    guard try arm(descriptor) else {
      silent.insert(interest.fd)
      return false
    }
    counters.descriptorsPassed += 1
    armed[interest.fd] = Armed(wasAsync: wasAsync, file: file)
    byFile[FileKey(file), default: []].append(interest.fd)
    if file.kind == .characterDevice { terminals.insert(interest.fd) }
    return true
  }

  private func arm(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
    do throws(Errno) {
      return try System.armSignal(descriptor)
    } catch {
      // So says a terminal that is hung up, which has nothing more to announce.
      guard error == .inappropriateIOCTLForDevice else { throw error }
      return false
    }
  }

  /// Waits for one signal and takes all that have come with it.
  public mutating func wait(
    _ interests: inout InterestTable, timeout: Nanoseconds?, _ counters: inout EngineCounters
  ) throws(Errno) {
    let longest = terminals.isEmpty ? .max : Self.longestWaitOnTerminal
    var limit = timeout.map { min($0, longest) } ?? (terminals.isEmpty ? nil : longest)
    defer { for fd in terminals { interests.mark(fd) } }
    while let signal = try System.takeSignal(timeout: limit) {
      counters.signals += 1
      limit = 0
      switch signal {
      case .ready(let fd, let isRoom): mark(fd, isRoom, &interests)
      case .overflow:
        counters.signalOverflows += 1
        interests.markAll()
      }
    }
  }

  /// Two descriptors of one open file share its signals, which name the one that was armed last.
  ///
  /// Each read of a FIFO that is open for writing, too, tells that there is room, also when it found
  /// nothing: whoever read it again for that would never end.
  private func mark(_ fd: Int32, _ isRoom: Bool, _ interests: inout InterestTable) {
    if !isRoom || interests.wanted(fd).write { interests.mark(fd) }
    guard let file = armed[fd]?.file else { return }
    for other in byFile[FileKey(file)] ?? [] where other != fd {
      if !isRoom || interests.wanted(other).write { interests.mark(other) }
    }
  }

  /// Disarms a descriptor, unless another one is told of by way of the same open file.
  public mutating func forget(_ descriptor: FileDescriptor) {
    silent.remove(descriptor.rawValue)
    guard let entry = armed.removeValue(forKey: descriptor.rawValue) else { return }
    terminals.remove(descriptor.rawValue)
    let key = FileKey(entry.file)
    byFile[key]?.removeAll { $0 == descriptor.rawValue }
    guard byFile[key]?.isEmpty == true else { return }
    byFile[key] = nil
    Self.disarm(descriptor, entry.wasAsync)
  }

  /// Disarms all descriptors.
  public consuming func close() {
    for (fd, entry) in armed { Self.disarm(FileDescriptor(rawValue: fd), entry.wasAsync) }
    // What still is in the queue belongs to nobody.
    while (try? System.takeSignal(timeout: 0)) != nil {}
  }

  private static func disarm(_ descriptor: FileDescriptor, _ wasAsync: Bool) {
    try? System.disarmSignal(descriptor)
    guard wasAsync, let flags = try? System.statusFlags(descriptor) else { return }
    try? System.setStatusFlags(descriptor, flags.union(.async))
  }
}
