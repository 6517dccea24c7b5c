import SystemPackage
import Testing
import XIOEngines
import XIOSystem
import XIOTestSupport

/// Copies of files, for what they leave in the page cache and how their phases are found out.
@Suite struct FileTransferTests {
  private struct Job: TransferJob {
    var source: Endpoint, target: Endpoint

    mutating func run<Session: TransferSession & ~Copyable>(
      _ session: inout Session
    ) throws(Never) -> (result: TransferResult, phases: [PhaseTotal]) {
      (session.transfer(from: source, to: target), session.metrics.recorder.totals)
    }
  }

  /// An end that O_DIRECT cannot write lies in a page of which it may have written the beginning.
  @Test(
    arguments: [.blocking, .posixAIO, .libaio, .uring] as [EngineName], [1, 123, 1024 + 123, 4095])
  func leavesNoPageBehind(_ engine: EngineName, _ tail: Int) throws {
    let directory = try TestDirectory(on: .ext4)
    let path = try directory.writeRandom("source", count: 16_384 + tail)
    let source = try System.open(path, .readOnly)
    defer { try? source.close() }
    let target = try System.open(directory.path(of: "target"), [.writeOnly, .create, .direct])
    defer { try? target.close() }
    let treatment = try CachePlan.resolve(
      .direct, of: path, kind: .regular, engine: engine, probe: source)
    var job = Job(
      source: Endpoint(
        descriptor: source, kind: .regular, position: .offset(0), size: Int64(16_384 + tail)),
      target: Endpoint(
        descriptor: target, kind: .regular, position: .offset(0), cache: treatment))
    let session = SessionConfiguration(
      engine: engine, blockSize: 8192, queueDepth: 2, usesDirectIO: true)
    let done = try Registry.run(&job, session)
    #expect(done.result.failure == nil)
    #expect(done.result.tailBytes == Int64(tail % treatment.alignment))
    #expect(try Residency(of: directory.path(of: "target")).residentPages == 0)
    #expect(try firstDifference(path, directory.path(of: "target")) == nil)
  }

  /// Only reads of files can be refused; a write waits in the call, which is no copying.
  @Test func plainWritesOfTheNonBlockingEngineAreAlwaysReady() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try System.open(try directory.writeRandom("source", count: 100_000), .readOnly)
    defer { try? source.close() }
    let target = try System.open(directory.path(of: "target"), [.writeOnly, .create])
    defer { try? target.close() }
    var job = Job(
      source: Endpoint(descriptor: source, kind: .regular, position: .offset(0), size: 100_000),
      target: Endpoint(descriptor: target, kind: .regular, position: .offset(0)))
    let session = SessionConfiguration(engine: .nonblocking, blockSize: 8192, queueDepth: 1)
    let phases = try Registry.run(&job, session, onLatency: { _, _ in }).phases
    #expect(phases.filter { $0.direction == .write }.map(\.basis) == [.alwaysReady])
    #expect(phases.filter { $0.direction == .read }.map(\.basis) == [.explicit])
  }
}
