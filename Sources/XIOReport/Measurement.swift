internal import Histogram
public import SystemPackage
public import XIOEngines
internal import XIOSystem

/// Observes one job from its beginning to its end.
public final class Measurement {
  // From a nanosecond to an hour, to three digits; made before the clock starts, for they are large.
  private var reads = Measurement.emptyHistogram()
  private var writes = Measurement.emptyHistogram()
  private var moves = Measurement.emptyHistogram()
  private let usage: ProcessUsage?
  private let tally = SystemCallTally.current
  private let started = Clock.monotonic

  /// Begins.
  public init() {
    usage = try? ProcessUsage.current()
  }

  private static let longest: UInt64 = 3_600_000_000_000

  private static func emptyHistogram() -> Histogram<UInt64> {
    Histogram(highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
  }

  /// Takes the durations of operations in; longer ones than an hour count as an hour.
  public var observer: LatencyObserver {
    { [self] direction, duration in
      let value = min(UInt64(max(1, duration)), Self.longest)
      switch direction {
      case .read: reads.record(value)
      case .write: writes.record(value)
      case .move: moves.record(value)
      }
    }
  }

  /// What the caller knows of a job.
  public struct Facts {
    /// The command.
    public var command: String
    /// Names of the sources and of the target.
    public var sources: [FilePath], target: FilePath
    /// The engine.
    public var selection: EngineSelection, session: SessionConfiguration
    /// The queue depth that was asked for or would have been used.
    public var queueDepth: Int
    /// Files whose pages are to be shown.
    public var files: [ObservedFile]
    /// What was moved.
    public var result: TransferResult
    /// What driver and engine counted.
    public var metrics: DriverMetrics, counters: EngineCounters
    /// Whether everything went well.
    public var succeeded: Bool
    /// What following files came to.
    public var follow: Report.Follow?
    /// How many files were read, when it is another number than that of the sources.
    public var fileCount: Int?
    /// What gathering lines came to.
    public var fanin: Report.Fanin?
    /// What was brought to the device.
    public var durability = "cached"
    /// What copies were compared by, and how many bytes were the same.
    public var verification = "none", verifiedBytes: Int64 = 0

    /// Takes everything.
    public init(
      command: String, sources: [FilePath], target: FilePath, selection: EngineSelection,
      session: SessionConfiguration, queueDepth: Int, files: [ObservedFile],
      result: TransferResult, metrics: DriverMetrics, counters: EngineCounters, succeeded: Bool,
      follow: Report.Follow? = nil, fanin: Report.Fanin? = nil
    ) {
      self.follow = follow
      self.fanin = fanin
      self.command = command
      self.sources = sources
      self.target = target
      self.selection = selection
      self.session = session
      self.queueDepth = queueDepth
      self.files = files
      self.result = result
      self.metrics = metrics
      self.counters = counters
      self.succeeded = succeeded
    }
  }

  /// Ends, and makes the report.
  public func report(_ facts: Facts) -> Report {
    let wall = Clock.monotonic - started
    let calls = SystemCallTally.current.since(tally)
    let now = try? ProcessUsage.current()
    func difference<Value: SignedInteger>(_ path: KeyPath<ProcessUsage, Value>) -> Value {
      guard let now, let usage else { return 0 }
      return now[keyPath: path] - usage[keyPath: path]
    }
    var report = Report(
      command: facts.command, status: facts.succeeded ? "done" : "failed",
      job: .init(sources: facts.sources.map(FileName.init), target: FileName(facts.target)),
      engine: .init(facts), bytes: .init(facts.result),
      files: facts.fileCount ?? facts.sources.count,
      wallNs: wall, userNs: difference(\.user), systemNs: difference(\.system),
      runQueueNs: Known(runQueue(now), else: "the kernel has no scheduler statistics"),
      phases: facts.metrics.recorder.totals.map(Report.Phase.init),
      operations: .init(facts.metrics, facts.counters),
      systemCalls: .init(calls, facts.session.engine), requests: Self.requests(calls),
      contextSwitches: .init(
        voluntary: difference(\.voluntarySwitches), involuntary: difference(\.involuntarySwitches)),
      faults: .init(minor: difference(\.minorFaults), major: difference(\.majorFaults)),
      device: device(now), latencyNs: latencies(),
      pageCache: facts.files.map(Report.CachedFile.init),
      durability: .init(facts.durability, facts.files), verification: facts.verification,
      verifiedBytes: facts.verifiedBytes,
      follow: facts.follow, fanin: facts.fanin)
    report.collectReasons()
    return report
  }

  private func runQueue(_ now: ProcessUsage?) -> Nanoseconds? {
    guard let before = usage?.runQueue, let after = now?.runQueue else { return nil }
    return after - before
  }

  private func device(_ now: ProcessUsage?) -> Report.Device {
    let reason = "/proc/self/io is missing or not readable"
    guard let before = usage?.device, let after = now?.device else {
      return .init(readBytes: .unknown(reason), writeBytes: .unknown(reason))
    }
    return .init(
      readBytes: .value(after.readBytes - before.readBytes),
      writeBytes: .value(after.writeBytes - before.writeBytes))
  }

  private func latencies() -> [String: Report.Latency] {
    let measured = [(Direction.read, reads), (.write, writes), (.move, moves)]
      .filter { $1.totalCount > 0 }
    return Dictionary(
      uniqueKeysWithValues: measured.map { direction, histogram in
        (direction.rawValue, Report.Latency(histogram))
      })
  }

  private static func requests(_ calls: SystemCallTally) -> [String: UInt64] {
    Dictionary(
      uniqueKeysWithValues: calls.entries.filter { $0.call.isRequest }
        .map { ($0.call.name, $0.count) })
  }
}

extension Report.Latency {
  fileprivate init(_ histogram: Histogram<UInt64>) {
    func percentile(_ value: Double) -> UInt64 { histogram.valueAtPercentile(value) }
    self.init(
      count: histogram.totalCount, min: histogram.minNonZero, p50: percentile(50),
      p90: percentile(90), p99: percentile(99), p999: percentile(99.9), max: histogram.max)
  }
}
