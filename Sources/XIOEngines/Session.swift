public import SystemPackage
public import XIOSystem

/// An engine at work: makes transfers one after the other.
public protocol TransferSession: ~Copyable {
  /// Moves all of a source to a target. The source's descriptor may be closed afterwards.
  mutating func transfer(from source: Endpoint, to target: Endpoint) -> TransferResult
  /// Reads once, for a job that has to see the bytes.
  ///
  /// - Parameters:
  ///   - source: A stream, which is read where it stands.
  ///   - memory: What to fill; as much as a buffer of the session holds is filled at most.
  /// - Returns: The number of bytes, 0 at the end.
  /// - Throws: The error number; EINTR when the program was asked to end.
  mutating func read(
    _ source: Endpoint, into memory: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int
  /// Moves all of a source to a target, and changes it on the way.
  mutating func transfer<Filter: TransferFilter>(
    from source: Endpoint, through filter: inout Filter, to target: Endpoint
  ) -> TransferResult
  /// What was counted so far.
  var metrics: DriverMetrics { get }
  /// What the engine counted so far.
  var counters: EngineCounters { get }
  /// Gives everything back, and descriptors the flags they had.
  ///
  /// - Throws: The error number.
  consuming func close() throws(Errno)
}

/// What a session needs.
public struct SessionConfiguration: Sendable {
  /// The engine.
  public var engine: EngineName
  /// The size of each buffer in bytes.
  public var blockSize: Int
  /// How many buffers, and so operations, there are at most.
  public var queueDepth: Int
  /// How POSIX AIO announces completions.
  public var notification: AIONotification
  /// Whether O_DIRECT will be used.
  public var usesDirectIO: Bool
  /// How long a polling engine pauses between attempts, in nanoseconds; nil for pauses that grow to 1 ms.
  public var pollInterval: Nanoseconds?
  /// Whether plain calls do what the `kernel` engine is refused.
  public var fallsBack = false
  /// Whether bytes are changed on their way, which takes a buffer more.
  public var filters = false
  /// Where operations are drawn; nil draws none.
  public var timeline: Timeline?
  /// Whether `blocking` waits in the caller's thread when it is driven, rather than in one for each request.
  public var blocksInCall = false

  /// Takes the settings.
  public init(
    engine: EngineName, blockSize: Int, queueDepth: Int,
    notification: AIONotification = .suspend, usesDirectIO: Bool = false,
    pollInterval: Nanoseconds? = nil, timeline: Timeline? = nil
  ) {
    self.engine = engine
    self.blockSize = blockSize
    self.queueDepth = queueDepth
    self.notification = notification
    self.usesDirectIO = usesDirectIO
    self.pollInterval = pollInterval
    self.timeline = timeline
  }

  /// A track for the thread that asks for it, where there is a timeline.
  var track: TimelineTrack? { timeline?.track(fallsBack ? "auto" : engine.rawValue) }
}

/// Work for whichever engine was chosen.
public protocol TransferJob: ~Copyable {
  /// What comes out.
  associatedtype Output
  /// What can go wrong.
  associatedtype Failure: Error
  /// Does the work.
  ///
  /// - Throws: Whatever keeps it from being done.
  mutating func run<Session: TransferSession & ~Copyable>(
    _ session: inout Session
  ) throws(Failure) -> Output
}

/// A session of an engine that moves bytes through buffers.
struct EngineSession<Engine: IOEngine & ~Copyable>: TransferSession, ~Copyable {
  private let pool: BufferPool
  private let blockSize: Int
  private var driver: Driver<Engine>

  init(_ configuration: SessionConfiguration, _ observers: TransferObservers) throws(Errno) {
    let count = configuration.queueDepth + (configuration.filters ? 1 : 0)
    blockSize = configuration.blockSize
    let pool = try BufferPool(
      count: count,
      bufferSize: configuration.filters
        ? max(blockSize, FilterLimits.smallestBuffer) : blockSize,
      isForDirectIO: configuration.usesDirectIO)
    let engine = try Engine(
      EngineConfiguration(
        queueDepth: count, notification: configuration.notification,
        measures: observers.measures, registersBuffers: configuration.usesDirectIO,
        pollInterval: configuration.pollInterval),
      pool: pool)
    self.pool = pool
    driver = Driver(engine, slots: count, observers)
  }

  mutating func transfer(from source: Endpoint, to target: Endpoint) -> TransferResult {
    var transfer = Transfer(from: source, to: target, pool: pool)
    let result = transfer.run(&driver)
    driver.forget(source.descriptor)
    // What has its own offsets is closed, too, before the next of many files gets its number.
    if target.position != .stream { driver.forget(target.descriptor) }
    return result
  }

  mutating func read(
    _ source: Endpoint, into memory: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    let count = min(memory.count, pool.bufferSize)
    try driver.start(
      Request(
        direction: .read, endpoint: source, offset: nil, slot: 0, count: count, fills: false))
    while true {
      for outcome in try driver.next() {
        if let failure = outcome.failure { throw failure }
        memory.copyMemory(from: UnsafeRawBufferPointer(pool.bytes(0, 0..<outcome.count)))
        if outcome.count == 0 { driver.forget(source.descriptor) }
        return outcome.count
      }
    }
  }

  mutating func transfer<Filter: TransferFilter>(
    from source: Endpoint, through filter: inout Filter, to target: Endpoint
  ) -> TransferResult {
    var transfer = FilteredTransfer<Engine>(
      from: source, to: target, pool: pool, blockSize: blockSize)
    let result = transfer.run(&driver, through: &filter)
    driver.forget(source.descriptor)
    return result
  }

  var metrics: DriverMetrics { driver.metrics }
  var counters: EngineCounters { driver.counters }

  consuming func close() throws(Errno) {
    try driver.close()
  }
}

/// Work that starts requests itself and waits for whatever ends first.
public protocol DriverJob: ~Copyable {
  /// What comes out.
  associatedtype Output
  /// What can go wrong.
  associatedtype Failure: Error
  /// Does the work.
  ///
  /// - Throws: Whatever keeps it from being done.
  mutating func run<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Failure) -> Output
}
