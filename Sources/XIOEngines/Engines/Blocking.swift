public import SystemPackage
public import XIOSystem

/// Blocking I/O: the call returns when the data has been moved.
public struct BlockingEngine: IOEngine, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .blocking }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .synchronous, .blocking, maximumDepth: 1, tellsReadiness: false,
      onStreams: "read, write", onFiles: "pread, pwrite")
  }

  /// Every kernel has it.
  public static func availability() -> Availability { .available }

  /// Blocks on every descriptor, in the call.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    DescriptorReport(.blocks)
  }

  /// Counts of retries.
  public private(set) var counters = EngineCounters()
  private let pool: BufferPool
  private let measures: Bool

  /// Makes an engine; it needs nothing of the kernel.
  public init(_ configuration: EngineConfiguration, pool: BufferPool) throws(Errno) {
    self.pool = pool
    measures = configuration.measures
  }

  /// Makes the call at once.
  public mutating func submit(_ operation: Operation) throws(Errno) -> Submission {
    guard measures else {
      return .completed(
        Completion(
          id: operation.id, result: PlainCall.perform(operation, pool), phases: .unmeasured))
    }
    let (result, phases) = PlainCall.measured(.cpuClock, operation, pool)
    if case .failure(.wouldBlock) = result { counters.retries += 1 }
    return .completed(Completion(id: operation.id, result: result, phases: phases))
  }

  /// Nothing is ever in flight.
  public mutating func reap(
    atLeast count: Int, deadline: Nanoseconds?, _ body: (Completion) -> Void
  ) throws(Errno) -> Int { 0 }

  /// There is nothing to give back.
  public consuming func close() throws(Errno) {}
}
