internal import SystemPackage
internal import XIOSystem

/// A session that lets the kernel move bytes, and makes plain calls where that is refused or not worth
/// its preparation.
///
/// It may change from one to the other anywhere in a stream: what the kernel has moved is known to the
/// byte, and what it holds goes out first.
struct AutomaticSession: TransferSession, ~Copyable {
  /// Up to here one read and one write cost less than preparing anything better.
  private static let smallFile = 128 << 10

  private var kernel: KernelSession
  private var plain: EngineSession<BlockingEngine>
  private var remarks: [String] = []

  init(_ configuration: SessionConfiguration, _ observers: TransferObservers) throws(Errno) {
    kernel = KernelSession(observers, givesWay: true)
    plain = try EngineSession(configuration, observers)
  }

  mutating func transfer(from source: Endpoint, to target: Endpoint) -> TransferResult {
    guard Self.isWorthwhile(source, target) else { return plain.transfer(from: source, to: target) }
    var result = kernel.transfer(from: source, to: target)
    if let failure = result.failure {
      if failure.errno == .interrupted, Termination.requested != nil { return result }
      if let told = Self.toldOnce(failure, source, target) {
        result.failure = told
        return result
      }
      note(failure)
      result.failure = nil
      if let stranded = kernel.takeStranded() {
        let drained = plain.transfer(from: stranded, to: target.advanced(by: result.total))
        result.add(drained)
        result.failure = drained.failure
        if result.failure != nil { return result }
      }
    } else if !kernel.hasGivenWay, result.total > 0 || !source.kind.isPositional {
      return result
    }
    // A plain call finds out which end a failure is about, if it is more than a refusal; and there are
    // files whose bytes only a plain call can get.
    let moved = result.total
    let rest = plain.transfer(from: source.advanced(by: moved), to: target.advanced(by: moved))
    result.add(rest)
    result.failure = rest.failure
    result.contiguousBytes = moved + rest.contiguousBytes
    return result
  }

  mutating func transfer<Filter: TransferFilter>(
    from source: Endpoint, through filter: inout Filter, to target: Endpoint
  ) -> TransferResult {
    plain.transfer(from: source, through: &filter, to: target)
  }

  mutating func read(
    _ source: Endpoint, into memory: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    try plain.read(source, into: memory)
  }

  private mutating func note(_ failure: TransferFailure) {
    let remark = "the kernel does not move the bytes by itself (\(failure.errno)): plain calls do"
    if !remarks.contains(remark) { remarks.append(remark) }
  }

  /// What a connection has failed with, and on which side; nil for another failure.
  ///
  /// A socket tells that once. A plain call would find the end of what it sends, and nothing wrong.
  private static func toldOnce(
    _ failure: TransferFailure, _ source: Endpoint, _ target: Endpoint
  ) -> TransferFailure? {
    guard Errno.ofConnections.contains(failure.errno) else { return nil }
    let side: TransferSide = failure.side ?? (target.kind == .socket ? .target : .source)
    guard (side == .target ? target : source).kind == .socket else { return nil }
    return TransferFailure(side: side, errno: failure.errno)
  }

  private static func isWorthwhile(_ source: Endpoint, _ target: Endpoint) -> Bool {
    if source.needsCopy { return false }
    switch target.kind {
    case .regular, .blockDevice, .pipe, .socket: break
    case .characterDevice where !System.isTerminal(target.descriptor): break
    default: return false
    }
    switch source.kind {
    case .regular: return source.size > smallFile
    case .blockDevice: return true
    // A file system takes blocks faster than the pages of a pipe, which are seldom full.
    case .pipe, .socket: return !target.kind.isPositional
    default: return false
    }
  }

  var metrics: DriverMetrics {
    var metrics = plain.metrics
    metrics.operations += kernel.metrics.operations
    metrics.completions += kernel.metrics.completions
    metrics.interruptions += kernel.metrics.interruptions
    metrics.recorder.takeMoves(of: kernel.metrics.recorder)
    return metrics
  }

  var counters: EngineCounters {
    var counters = plain.counters
    counters.retries += kernel.counters.retries
    counters.remarks += remarks
    return counters
  }

  consuming func close() throws(Errno) {
    try kernel.close()
    try plain.close()
  }
}

extension Errno {
  /// What becomes of connections; no file and no pipe fails with any of these.
  fileprivate static let ofConnections: Set<Errno> = [
    .connectionReset, .connectionAbort, .connectionRefused, .timedOut, .noRouteToHost, .hostIsDown,
    .networkDown, .networkUnreachable, .networkReset,
  ]
}

extension Endpoint {
  /// The rest of a file when so many bytes of it are done; a stream knows by itself where it stands.
  fileprivate func advanced(by count: Int64) -> Endpoint {
    var rest = self
    rest.limit = limit.map { $0 - count }
    guard case .offset(let start) = position else { return rest }
    rest.position = .offset(start + count)
    rest.size = max(0, size - count)
    return rest
  }
}
