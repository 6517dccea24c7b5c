public import SystemPackage
public import XIOSystem

/// An engine at work: makes transfers one after the other.
public protocol TransferSession: ~Copyable {
  /// Moves all of a source to a target. The source's descriptor may be closed afterwards.
  mutating func transfer(from source: Endpoint, to target: Endpoint) -> TransferResult
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

  /// Takes the settings.
  public init(
    engine: EngineName, blockSize: Int, queueDepth: Int,
    notification: AIONotification = .suspend, usesDirectIO: Bool = false,
    pollInterval: Nanoseconds? = nil
  ) {
    self.engine = engine
    self.blockSize = blockSize
    self.queueDepth = queueDepth
    self.notification = notification
    self.usesDirectIO = usesDirectIO
    self.pollInterval = pollInterval
  }
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
  private var driver: Driver<Engine>

  init(_ configuration: SessionConfiguration, onLatency: LatencyObserver?) throws(Errno) {
    let pool = try BufferPool(
      count: configuration.queueDepth, bufferSize: configuration.blockSize,
      isForDirectIO: configuration.usesDirectIO)
    let engine = try Engine(
      EngineConfiguration(
        queueDepth: configuration.queueDepth, notification: configuration.notification,
        measures: onLatency != nil, registersBuffers: configuration.usesDirectIO,
        pollInterval: configuration.pollInterval),
      pool: pool)
    self.pool = pool
    driver = Driver(engine, slots: configuration.queueDepth, onLatency: onLatency)
  }

  mutating func transfer(from source: Endpoint, to target: Endpoint) -> TransferResult {
    var transfer = Transfer<Engine>(from: source, to: target, pool: pool)
    let result = transfer.run(&driver)
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
