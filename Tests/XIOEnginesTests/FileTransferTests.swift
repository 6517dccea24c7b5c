import SystemPackage
import Testing
import XIOEngines
import XIOSystem
import XIOTestSupport

/// Copies of files, for what they leave in the page cache and how their phases are found out.
@Suite struct FileTransferTests {
  /// An end that O_DIRECT cannot write lies in a page of which it may have written the beginning.
  @Test(
    arguments: [.blocking, .posixAIO, .libaio, .uring] as [EngineName], [1, 123, 1024 + 123, 4095])
  func leavesNoPageBehind(_ engine: EngineName, _ tail: Int) throws {
    let directory = try TestDirectory(on: .ext4)
    let path = try directory.writeRandom("source", count: 16_384 + tail)
    let copy = directory.path(of: "target")
    let residentPages = try undisturbed {
      try copyDirectly(path, to: copy, engine, tail)
      return (try Residency(of: copy).residentPages, [copy])
    }
    #expect(residentPages == 0)
    #expect(try firstDifference(path, copy) == nil)
  }

  private func copyDirectly(
    _ path: FilePath, to copy: FilePath, _ engine: EngineName, _ tail: Int
  ) throws {
    let source = try System.open(path, .readOnly)
    defer { try? source.close() }
    let target = try System.open(copy, [.writeOnly, .create, .truncate, .direct])
    defer { try? target.close() }
    let treatment = try CachePlan.resolve(
      .direct, of: path, kind: .regular, engine: engine, probe: source)
    let job = Transfers(ends: [
      (
        Endpoint(
          descriptor: source, kind: .regular, position: .offset(0), size: Int64(16_384 + tail)),
        Endpoint(
          descriptor: target, kind: .regular, position: .offset(0), cache: treatment)
      )
    ])
    let output = try makeTransfers(
      job,
      SessionConfiguration(
        engine: engine, blockSize: 8192, queueDepth: 2, usesDirectIO: true))
    let result = try #require(output.results.first)
    #expect(result.failure == nil)
    #expect(result.tailBytes == Int64(tail % treatment.alignment))
  }

  /// Only reads of files can be refused; a write waits in the call, which is no copying.
  @Test func plainWritesOfTheNonBlockingEngineAreAlwaysReady() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try System.open(try directory.writeRandom("source", count: 100_000), .readOnly)
    defer { try? source.close() }
    let target = try System.open(directory.path(of: "target"), [.writeOnly, .create])
    defer { try? target.close() }
    let job = Transfers(ends: [
      (
        Endpoint(descriptor: source, kind: .regular, position: .offset(0), size: 100_000),
        Endpoint(descriptor: target, kind: .regular, position: .offset(0))
      )
    ])
    let session = SessionConfiguration(engine: .nonblocking, blockSize: 8192, queueDepth: 1)
    let output = try makeTransfers(job, session, onLatency: { _, _ in })
    let phases = output.metrics.recorder.totals
    #expect(phases.filter { $0.direction == .write }.map(\.basis) == [.alwaysReady])
    #expect(phases.filter { $0.direction == .read }.map(\.basis) == [.explicit])
  }
}
