import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// Transfers made by one session, one after the other.
struct Transfers: TransferJob {
  var ends: [(source: Endpoint, target: Endpoint)]
  var onBegin: () -> Void = {}
  var onEnd: () -> Void = {}

  struct Output {
    var results: [TransferResult] = []
    var metrics = DriverMetrics()
    var counters = EngineCounters()
  }

  mutating func run<Session: TransferSession & ~Copyable>(
    _ session: inout Session
  ) throws(Never) -> Output {
    var output = Output()
    for end in ends {
      onBegin()
      output.results.append(session.transfer(from: end.source, to: end.target))
      onEnd()
    }
    output.metrics = session.metrics
    output.counters = session.counters
    return output
  }
}

/// Makes transfers, which fail instead of waiting for ever: the streams that they read and write are
/// ended when the limit has passed.
func makeTransfers(
  _ job: Transfers, _ session: SessionConfiguration, limit: Duration = .seconds(20),
  onLatency: LatencyObserver? = nil
) throws -> Transfers.Output {
  let variant = EngineVariant(engine: session.engine, notification: session.notification)
  let ends = job.ends.flatMap { [$0.source.descriptor, $0.target.descriptor] }
  return try within(limit, "the transfer", release: { StreamPair.cut(at: ends) }) {
    var job = job
    return try variant.receivingSignals {
      try Registry.run(&job, session, onLatency: onLatency)
    }
  }
}

extension EngineVariant {
  /// Makes transfers in one session, and closes it.
  func transfer(
    _ ends: [(source: Endpoint, target: Endpoint)], depth: Int = 2, blockSize: Int = 4096,
    usesDirectIO: Bool = false, limit: Duration = .seconds(20), onLatency: LatencyObserver? = nil,
    onBegin: @escaping () -> Void = {}, onEnd: @escaping () -> Void = {}
  ) throws -> Transfers.Output {
    try alone {
      try makeTransfers(
        Transfers(ends: ends, onBegin: onBegin, onEnd: onEnd),
        SessionConfiguration(
          engine: engine, blockSize: blockSize, queueDepth: depth, notification: notification,
          usesDirectIO: usesDirectIO),
        limit: limit, onLatency: onLatency)
    }
  }

  /// Makes one transfer.
  func transfer(
    from source: Endpoint, to target: Endpoint, depth: Int = 2, blockSize: Int = 4096,
    limit: Duration = .seconds(20)
  ) throws -> TransferResult {
    let output = try transfer(
      [(source, target)], depth: depth, blockSize: blockSize, limit: limit)
    return try #require(output.results.first)
  }
}

extension TransferResult {
  /// How many bytes have gone to the target in whatever way.
  var bytesDelivered: Int64 { bytesWritten + bytesOffloaded + bytesReflinked }
}

/// Records an issue unless all bytes are there, in order.
func expectSame(
  _ expected: [UInt8], _ actual: [UInt8], _ comment: @autoclosure () -> String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  if isSame(expected, actual) { return }
  let index = zip(expected, actual).enumerated().first { $1.0 != $1.1 }?.offset
  Issue.record(
    """
    \(comment()): \(actual.count) bytes instead of \(expected.count), \
    different from \(index ?? min(expected.count, actual.count)) on
    """, sourceLocation: sourceLocation)
}

/// Bytes no two blocks of which are alike.
func randomBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var generator = RandomBytes(seed: seed)
  return generator.next(count)
}
