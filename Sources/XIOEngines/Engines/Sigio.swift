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
      .asynchronousNotice, .nonblocking, defaultDepth: 2,
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

  private var armed: [Int32: Armed] = [:]
  private var silent: Set<Int32> = []

  /// Blocks the two signals, so that they wait to be taken.
  ///
  /// - Throws: The error number.
  public init(_ configuration: EngineConfiguration) throws(Errno) {
    try System.blockIOSignals()
  }

  /// Arms a descriptor that is new; one on which O_ASYNC does not stick is always ready.
  public mutating func watch(_ interest: Interest, _ kind: FileKind) throws(Errno) -> Bool {
    if armed[interest.fd] != nil { return true }
    if kind.isPositional || silent.contains(interest.fd) { return false }
    let descriptor = FileDescriptor(rawValue: interest.fd)
    let file = try System.status(descriptor)
    let own = armed.values.first { $0.file.isSameFile(as: file) }
    let flags = try System.statusFlags(descriptor)
    let wasAsync = own?.wasAsync ?? flags.contains(.async)
    // The flag belongs to everybody who shares the open file, so it is taken back at the end.
    Termination.catchSignals()
    guard try arm(descriptor) else {
      silent.insert(interest.fd)
      return false
    }
    armed[interest.fd] = Armed(wasAsync: wasAsync, file: file)
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
    _ interests: inout [Interest], timeout: Nanoseconds?, _ counters: inout EngineCounters
  ) throws(Errno) {
    let hasTerminals = interests.contains { isTerminal($0.fd) }
    let longest = hasTerminals ? Self.longestWaitOnTerminal : .max
    var limit = timeout.map { min($0, longest) } ?? (hasTerminals ? longest : nil)
    defer {
      for index in interests.indices where isTerminal(interests[index].fd) {
        interests[index].ready = true
      }
    }
    while let signal = try System.takeSignal(timeout: limit) {
      counters.signals += 1
      limit = 0
      switch signal {
      case .ready(let fd):
        for index in interests.indices where isSameFile(interests[index].fd, fd) {
          interests[index].ready = true
        }
      case .overflow:
        counters.signalOverflows += 1
        for index in interests.indices { interests[index].ready = true }
      }
    }
  }

  private func isTerminal(_ fd: Int32) -> Bool { armed[fd]?.file.kind == .characterDevice }

  /// Two descriptors of one open file share its signals, which name the one that was armed last.
  private func isSameFile(_ fd: Int32, _ other: Int32) -> Bool {
    guard fd != other, let first = armed[fd], let second = armed[other] else { return fd == other }
    return first.file.isSameFile(as: second.file)
  }

  /// Disarms a descriptor, unless another one is told of by way of the same open file.
  public mutating func forget(_ descriptor: FileDescriptor) {
    silent.remove(descriptor.rawValue)
    guard let entry = armed.removeValue(forKey: descriptor.rawValue),
      !armed.values.contains(where: { $0.file.isSameFile(as: entry.file) })
    else { return }
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
