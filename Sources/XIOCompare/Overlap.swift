internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Multiplies matrices while standard input is read, in the way that suits the engine.
struct Overlap: DriverJob {
  typealias Output = Comparison.Foreground
  typealias Failure = IOFailure

  /// How the foreground learns that something has arrived.
  private enum Manner {
    /// It waits until then.
    case waits
    /// It looks after every product.
    case looks
    /// A signal interrupts it.
    case isTold(Interruptions.Source)
  }

  /// Rows and columns of a matrix.
  private static let order = 64
  /// A signal that was lost shall not be waited for.
  private static let patience: Nanoseconds = 100_000_000

  private let manner: Manner
  private let endpoint: Endpoint
  private let matrix = MatrixProduct(order: Overlap.order)
  private var account = Comparison.Foreground(
    products: 0, ns: 0, order: Overlap.order, signals: 0, interruptedProducts: 0, reads: 0,
    bytes: 0, calls: 0)

  private init(_ engine: EngineName, _ notification: AIONotification) throws(IOFailure) {
    switch (engine, notification) {
    case (.blocking, _), (.posixAIO, .suspend): manner = .waits
    case (.sigio, _): manner = .isTold(.descriptor)
    case (.posixAIO, .signal): manner = .isTold(.request)
    default: manner = .looks
    }
    let status = try System.attempt(.stat, nil) { () throws(Errno) in
      try System.status(.standardInput)
    }
    endpoint = Endpoint(descriptor: .standardInput, kind: status.kind, position: .stream)
  }

  /// Reads all of standard input with an engine.
  ///
  /// - Parameter setting: Which one; `none` waits for the end without reading.
  /// - Returns: What was done meanwhile.
  /// - Throws: ``CompareError``.
  static func measure(_ setting: Comparison.Setting) throws(CompareError) -> Comparison.Foreground {
    let engine = EngineName(rawValue: setting.engine)
    let notification = setting.notify.flatMap(AIONotification.init) ?? .suspend
    do throws(SessionError<IOFailure>) {
      return try run(engine, notification, blockSize: setting.blockSize ?? 1 << 16)
    } catch {
      switch error {
      case .unavailable(let problem): throw .unavailable(problem)
      case .job(let failure): throw failure.isInterruption ? .interrupted : .io(failure)
      }
    }
  }

  private static func run(
    _ engine: EngineName?, _ notification: AIONotification, blockSize: Int
  ) throws(SessionError<IOFailure>) -> Comparison.Foreground {
    var overlap: Overlap
    do throws(IOFailure) {
      overlap = try Overlap(engine ?? .blocking, notification)
      if engine == nil { return try overlap.readNothing() }
    } catch {
      throw .job(error)
    }
    var configuration = SessionConfiguration(
      engine: engine ?? .blocking, blockSize: blockSize, queueDepth: 1, notification: notification)
    configuration.blocksInCall = true
    return try Registry.drive(&overlap, configuration)
  }

  /// Multiplies until the other end of standard input is closed.
  private mutating func readNothing() throws(IOFailure) -> Comparison.Foreground {
    let started = Clock.monotonic
    while try !System.attempt(.read, nil, { () throws(Errno) in try hasEnded() }) {
      for _ in 0..<16 { multiply() }
    }
    account.ns = Clock.monotonic - started
    return account
  }

  private func hasEnded() throws(Errno) -> Bool {
    if Termination.requested != nil { throw .interrupted }
    return try System.waitUntilReady(.standardInput, forWriting: false, timeout: 0)
  }

  private mutating func multiply() {
    matrix.multiply()
    account.products += 1
  }

  mutating func run<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(IOFailure) -> Comparison.Foreground {
    let result = Result { () throws(Errno) in try work(&driver, pool) }
    driver.forget(endpoint.descriptor)
    return try System.attempt(.read, nil) { () throws(Errno) in try result.get() }
  }

  private mutating func work<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) -> Comparison.Foreground {
    if case .isTold(let source) = manner {
      try Interruptions.record(source)
      try Interruptions.letIn(source)
    }
    let tally = SystemCallTally.current
    let started = Clock.monotonic
    var lookedAt = started
    let request = Request(
      direction: .read, endpoint: endpoint, offset: nil, slot: 0, count: pool.bufferSize,
      fills: false)
    try driver.start(request)
    while true {
      if Termination.requested != nil { throw .interrupted }
      for outcome in try outcomes(&driver, &lookedAt) {
        if let failure = outcome.failure { throw failure }
        if outcome.count == 0 {
          account.ns = Clock.monotonic - started
          account.signals = Int(Interruptions.count)
          account.interruptedProducts = Int(Interruptions.ofProducts)
          account.calls = SystemCallTally.current.since(tally).total
          return account
        }
        account.reads += 1
        account.bytes += Int64(outcome.count)
        try driver.start(request)
      }
      multiply()
    }
  }

  /// What has arrived, learned in the manner of the engine.
  private func outcomes<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ lookedAt: inout Nanoseconds
  ) throws(Errno) -> [Outcome] {
    switch manner {
    case .waits: return try driver.next()
    case .looks: return driver.finished()
    case .isTold(let source):
      let now = Clock.monotonic
      guard Interruptions.takeRecorded() || driver.hasOutcomes || now - lookedAt > Self.patience
      else { return [] }
      lookedAt = now
      let outcomes = driver.finished()
      try Interruptions.letIn(source)
      return outcomes
    }
  }
}
