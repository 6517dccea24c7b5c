public import SystemPackage
public import XIOSystem

/// The I/O models.
public enum EngineName: String, CaseIterable, Sendable {
  case blocking, nonblocking, select, poll, epoll, sigio
  case posixAIO = "posix-aio"
  case libaio, uring, kernel
}

extension EngineName {
  /// Whether reads wait inside a call, of this thread or another, so that descriptors must block.
  public var waitsInside: Bool {
    switch self {
    case .blocking, .posixAIO, .uring: true
    case .nonblocking, .select, .poll, .epoll, .sigio, .libaio, .kernel: false
    }
  }
}

/// What an engine is, apart from the machine it runs on.
public struct EngineTraits: Sendable {
  /// Whether the result is announced by the call's return or by an event of its own.
  public enum Synchrony: String, Sendable {
    case synchronous = "sync", asynchronous = "async"
    case asynchronousNotice = "async notice, sync copy"
  }

  /// What the caller does meanwhile.
  public enum Meanwhile: String, Sendable {
    case blocking, polling, nonblocking = "non-blocking"
  }

  /// How the result is announced, and what the caller does until then.
  public var synchrony: Synchrony, meanwhile: Meanwhile
  /// Whether transfers can carry flags such as `RWF_DONTCACHE`.
  public var carriesFlags: Bool
  /// Whether several operations on one file can be in flight.
  public var overlaps: Bool
  /// How many buffers are worth having when nobody says.
  public var defaultDepth: Int
  /// How many buffers can be of use at most; nil when there is no limit.
  public var maximumDepth: Int?
  /// Whether an operation that has begun can be cancelled.
  public var cancels: Bool
  /// Whether it can be told when a stream is ready, apart from reading it.
  public var tellsReadiness: Bool
  /// Whether it can read a file as soon as another descriptor is ready, as one operation.
  public var linksReads: Bool
  /// How often in a row an engine that was told of readiness in vain waits again by itself.
  static let mostFalseAlarms = 4
  /// How it reads and writes streams and regular files, in a few words each.
  public var onStreams: String, onFiles: String

  init(
    _ synchrony: Synchrony, _ meanwhile: Meanwhile, carriesFlags: Bool = true,
    overlaps: Bool = false, defaultDepth: Int = 1,
    maximumDepth: Int? = nil, cancels: Bool = true, tellsReadiness: Bool = true,
    linksReads: Bool = false,
    onStreams: String, onFiles: String
  ) {
    self.synchrony = synchrony
    self.meanwhile = meanwhile
    self.carriesFlags = carriesFlags
    self.overlaps = overlaps
    self.defaultDepth = defaultDepth
    self.maximumDepth = maximumDepth
    self.cancels = cancels
    self.tellsReadiness = tellsReadiness
    self.linksReads = linksReads
    self.onStreams = onStreams
    self.onFiles = onFiles
  }
}

/// Whether an engine can run here.
public enum Availability: Sendable {
  case available
  case unavailable(EngineUnavailable)
}

/// Why an engine cannot run, and what would mend that.
public struct EngineUnavailable: Error, Sendable, Equatable {
  /// The engine.
  public var engine: EngineName
  /// What the kernel said.
  public var errno: Errno?
  /// The reason, in words.
  public var cause: String
  /// What a user or an administrator can do.
  public var mend: String
}

/// What an engine needs to know when it is made.
public struct EngineConfiguration: Sendable {
  /// How many operations may be in flight.
  public var queueDepth: Int
  /// How POSIX AIO announces completions.
  public var notification: AIONotification
  /// Whether phases are to be measured.
  public var measures: Bool
  /// Whether buffers are to be registered with the kernel, which pays for O_DIRECT.
  public var registersBuffers: Bool
  /// How long a polling engine pauses between attempts, in nanoseconds; nil for pauses that grow to 1 ms.
  public var pollInterval: Nanoseconds?

  /// Takes the settings; unmeasured and unregistered when nothing is said.
  public init(
    queueDepth: Int, notification: AIONotification = .suspend, measures: Bool = false,
    registersBuffers: Bool = false, pollInterval: Nanoseconds? = nil
  ) {
    self.queueDepth = queueDepth
    self.notification = notification
    self.measures = measures
    self.registersBuffers = registersBuffers
    self.pollInterval = pollInterval
  }
}

/// Events that an engine has counted.
public struct EngineCounters: Sendable {
  /// Calls that failed with EAGAIN.
  public var retries = 0
  /// Signals that announced I/O, and how often their queue had overflowed.
  public var signals = 0, signalOverflows = 0
  /// Calls of a non-blocking engine that had to block in the end.
  public var blockingFallbacks = 0
  /// Descriptors that the kernel was given to watch: all of them by every select(2) and poll(2), each alone
  /// when epoll(7) or signals are told of it.
  public var descriptorsPassed = 0
  /// Remarks on what the engine did differently from what was asked.
  public var remarks: [String] = []

  /// Nothing has happened yet.
  public init() {}

  /// Adds what another engine has counted at the same time.
  public mutating func add(_ other: EngineCounters) {
    retries += other.retries
    signals += other.signals
    signalOverflows += other.signalOverflows
    blockingFallbacks += other.blockingFallbacks
    descriptorsPassed += other.descriptorsPassed
    remarks += other.remarks.filter { !remarks.contains($0) }
  }
}

/// An engine as it is listed: what it is, whether it can run, what it can do with a descriptor.
public protocol EngineDescription: ~Copyable {
  /// The name on the command line.
  static var name: EngineName { get }
  /// What the engine is.
  static var traits: EngineTraits { get }
  /// Whether it can run here, found out by trying.
  static func availability() -> Availability
  /// What it can do with a descriptor.
  static func inspect(_ facts: DescriptorFacts) -> DescriptorReport
}

/// One way to read and write.
///
/// An engine moves what one call moves. Short counts, EINTR, EAGAIN and lack of progress are the
/// business of ``Driver``.
public protocol IOEngine: EngineDescription, ~Copyable {
  /// Makes an engine for the buffers of `pool`.
  ///
  /// - Throws: The error number of what the engine is made of.
  init(_ configuration: EngineConfiguration, pool: BufferPool) throws(Errno)
  /// What was counted so far.
  var counters: EngineCounters { get }
  /// Takes an operation.
  ///
  /// - Throws: The error number of the machinery; a failure of the operation is a completion.
  mutating func submit(_ operation: Operation) throws(Errno) -> Submission
  /// Hands over what was submitted; ``reap(atLeast:deadline:_:)`` does so too.
  ///
  /// - Throws: The error number of the machinery.
  mutating func commit() throws(Errno)
  /// Waits for completions and passes them on.
  ///
  /// - Parameters:
  ///   - count: How many to wait for.
  ///   - deadline: A time of ``Clock/monotonic`` after which not to wait, nil for never.
  ///   - body: Takes each completion.
  /// - Returns: How many were passed on.
  /// - Throws: EINTR after a signal; completions that are due stay due.
  mutating func reap(
    atLeast count: Int, deadline: Nanoseconds?, _ body: (Completion) -> Void
  ) throws(Errno) -> Int
  /// Forgets what it holds on a descriptor that is about to be closed or used otherwise.
  mutating func forget(_ descriptor: FileDescriptor)
  /// Gives everything back; nothing may be in flight but what could not be cancelled.
  ///
  /// - Throws: The error number.
  consuming func close() throws(Errno)
}

extension IOEngine where Self: ~Copyable {
  /// Engines without a queue of their own have nothing to hand over.
  public mutating func commit() throws(Errno) {}

  /// Engines that hold nothing on a descriptor have nothing to forget.
  public mutating func forget(_ descriptor: FileDescriptor) {}
}

/// The time left until a deadline in nanoseconds, never negative; nil without a deadline.
func timeLeft(until deadline: Nanoseconds?) -> Nanoseconds? {
  deadline.map { max(0, $0 - Clock.monotonic) }
}
