import SystemPackage
import Testing
import XIOEngines
import XIOReport
import XIOSystem
import XIOTestSupport

/// A measurement around a job that really moves bytes.
@Suite struct MeasurementTests {
  private struct Job: TransferJob {
    var source: Endpoint, target: Endpoint

    mutating func run<Session: TransferSession & ~Copyable>(
      _ session: inout Session
    ) throws(Never) -> (result: TransferResult, metrics: DriverMetrics, counters: EngineCounters) {
      let result = session.transfer(from: source, to: target)
      return (result, session.metrics, session.counters)
    }
  }

  private func measure(_ engine: EngineName, size: Int) throws -> Report {
    let directory = try TestDirectory(on: .ext4)
    let source = try System.open(try directory.writeRandom("source", count: size), .readOnly)
    defer { try? source.close() }
    let target = try System.open(directory.path(of: "target"), [.writeOnly, .create])
    defer { try? target.close() }
    let session = SessionConfiguration(engine: engine, blockSize: 4096, queueDepth: 2)
    let measurement = Measurement()
    var job = Job(
      source: Endpoint(
        descriptor: source, kind: .regular, position: .offset(0), size: Int64(size)),
      target: Endpoint(descriptor: target, kind: .regular, position: .offset(0)))
    let before = PageCacheProbe(source, kind: .regular, size: Int64(size))
    let done = try Registry.run(&job, session, onLatency: measurement.observer)
    let file = ObservedFile(
      path: "source", role: .source, asked: "page", mode: "page", alignment: nil,
      size: Int64(size), before: before, after: PageCacheProbe(source, kind: .regular, size: 0))
    return measurement.report(
      Measurement.Facts(
        command: "copy", sources: ["source"], target: "target",
        selection: EngineSelection.resolve(engine, candidates: []), session: session,
        queueDepth: 2, files: [file], result: done.result, metrics: done.metrics,
        counters: done.counters, succeeded: done.result.failure == nil))
  }

  @Test(arguments: [.blocking, .poll, .uring] as [EngineName])
  func tellsWhatHappened(_ engine: EngineName) throws {
    let report = try measure(engine, size: 20_000)
    #expect(report.status == "done")
    #expect(report.bytes.total == 20_000)
    #expect(report.bytes.userCopied == 20_000)
    #expect(report.wallNs > 0)
    #expect(report.operations.completed == report.operations.submitted)
    #expect(report.latencyNs["write"]?.count == 5)
    #expect(report.phases.map(\.direction) == ["read", "write"])
    #expect(report.phases[1].operations == 5)
    #expect(report.device.readBytes.value != nil)
    #expect(report.runQueueNs.value != nil)
    #expect(report.pageCache[0].after.residentPages.value == 5)
    #expect(report.systemCalls.byName["close"] == nil)
    #expect(report.engine.ran == engine.rawValue)
  }

  @Test func countsItsOwnCallsAlone() throws {
    let report = try measure(.blocking, size: 20_000)
    #expect(report.systemCalls.byName["pwrite64"] == 5)
    // Five blocks and the end of the file.
    #expect(report.systemCalls.byName["pread64"] == 6)
    #expect(report.requests.isEmpty)
    #expect(report.systemCalls.total == report.systemCalls.byName.values.reduce(0, +))
    let uring = try measure(.uring, size: 20_000)
    #expect(uring.requests["uring_write"] == 5)
    #expect(uring.systemCalls.byName["pwrite64"] == nil)
    #expect(try #require(uring.systemCalls.byName["io_uring_enter"]) > 0)
  }

  @Test func latenciesAreInOrder() {
    let measurement = Measurement()
    let observe = measurement.observer
    for duration in 1...1000 { observe(.read, Nanoseconds(duration * 1000)) }
    observe(.write, .max)
    observe(.write, 0)
    let report = SampleReportFacts.report(measurement)
    #expect(report.latencyNs["read"]?.count == 1000)
    let read = report.latencyNs["read"].map { [$0.min, $0.p50, $0.p90, $0.p99, $0.p999, $0.max] }
    #expect(read == read?.sorted())
    #expect(abs(Double(report.latencyNs["read"]?.p50 ?? 0) - 500_000) < 1000)
    #expect(report.latencyNs["write"]?.count == 2)
  }
}

/// Facts of a job that moved nothing.
private enum SampleReportFacts {
  static func report(_ measurement: Measurement) -> Report {
    measurement.report(
      Measurement.Facts(
        command: "cat", sources: [], target: "-",
        selection: EngineSelection.resolve(.blocking, candidates: []),
        session: SessionConfiguration(engine: .blocking, blockSize: 1, queueDepth: 1),
        queueDepth: 1, files: [], result: TransferResult(), metrics: DriverMetrics(),
        counters: EngineCounters(), succeeded: true))
  }
}
