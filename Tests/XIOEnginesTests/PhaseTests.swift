import Glibc
import Synchronization
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// What engines say of where the time went, against clocks of the tests.
@Suite(.serialized) struct PhaseTests {
  private static let pause: Nanoseconds = 50_000_000

  @Test(arguments: EngineVariant.all)
  func waitsOfPipesAreTrue(_ variant: EngineVariant) throws {
    var total: PhaseTotal?
    // The processor may be busy with something else between an event and its being seen, though not
    // most of the time.
    try attempt(40, "most waits of a pipe are measured right") {
      let errors = try (0..<5).map { _ in
        let (waited, totals) = try readPausingPipe(variant)
        let read = try #require(totals.first { $0.direction == variant.input })
        total = read
        let measured = try #require(read.wait ?? read.merged)
        return abs(measured - waited) - waited / 20
      }
      return errors.sorted()[2] <= 2_000_000
    }
    switch variant.engine {
    case .blocking, .kernel: #expect(total?.basis == .cpuClock)
    case .posixAIO:
      #expect(total?.basis == .merged)
      #expect(total?.wait == nil && total?.copy == nil)
    default:
      #expect(total?.basis == .explicit)
      #expect(total?.copy != nil)
    }
  }

  /// Returns how long there was nothing to read, and what the engine says of it.
  private func readPausingPipe(
    _ variant: EngineVariant
  ) throws -> (waited: Nanoseconds, totals: [PhaseTotal]) {
    let directory = try TestDirectory()
    let pair = try StreamPair(.pipe, in: directory)
    let target = try Target(.file(.tmpfs), expecting: 0, in: directory)
    return try withExtendedLifetime(pair) {
      let times = Moments()
      let feeder = try Background {
        try eventually("the transfer begins") { times.began.load(ordering: .acquiring) > 0 }
        System.pause(nanoseconds: Self.pause)
        times.wrote.store(Clock.monotonic, ordering: .releasing)
        _ = try pair.writer.descriptor.writeAll([UInt8](repeating: 1, count: 100))
        pair.closeWriter()
      }
      let source = Endpoint(
        descriptor: pair.reader.descriptor, kind: .pipe, position: .stream)
      let output = try variant.transfer(
        [(source, target.endpoint)], onLatency: { _, _ in },
        onBegin: { times.began.store(Clock.monotonic, ordering: .releasing) })
      try feeder.value()
      #expect(try target.finish().count == 100)
      let waited =
        times.wrote.load(ordering: .acquiring) - times.began.load(ordering: .acquiring)
      return (waited, output.metrics.recorder.totals)
    }
  }

  private final class Moments: Sendable {
    let began = Atomic<Int64>(0)
    let wrote = Atomic<Int64>(0)
  }

  @Test(arguments: EngineVariant.all)
  func filesHaveTheBasisOfTheirEngine(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let bytes = randomBytes(100_000)
    let source = try Source(.file(.ext4), bytes, in: directory)
    let target = try Target(.file(.ext4), expecting: bytes.count, in: directory)
    let output = try variant.transfer(
      [(source.endpoint, target.endpoint)], onLatency: { _, _ in })
    expectSame(bytes, try target.finish())
    source.close()
    let totals = output.metrics.recorder.totals
    let read = try #require(totals.first { $0.direction == variant.input })
    let expected: PhaseBasis =
      switch variant.engine {
      case .select, .poll, .epoll, .sigio: .alwaysReady
      case .nonblocking: .explicit
      case .posixAIO: .merged
      case .blocking, .libaio, .uring, .kernel: .cpuClock
      }
    #expect(totals.filter { $0.direction == variant.input }.map(\.basis) == [expected])
    if expected == .merged {
      #expect(read.wait == nil && read.copy == nil && read.merged.map { $0 > 0 } == true)
    } else {
      #expect(read.wait != nil && read.copy.map { $0 > 0 } == true && read.merged == nil)
    }
  }

  @Test func blockingWaitsForTheDiskAndNotForTheCache() throws {
    let directory = try TestDirectory(root: "/var/tmp")
    let path = try directory.writeRandom("file", count: 8 << 20)
    let cold = try {
      try evict(path)
      return try readPhases(path)
    }()
    #expect(try #require(cold.wait) > 0)
    try attempt(200, "a read from the cache waits for nothing") {
      let cached = try readPhases(path)
      return try #require(cached.wait) * 10 <= #require(cached.copy)
    }
  }

  private func readPhases(_ path: FilePath) throws -> PhaseTotal {
    let source = Endpoint(
      descriptor: try System.open(path, .readOnly), kind: .regular, position: .offset(0),
      size: try fileSize(path))
    let null = Endpoint(
      descriptor: try System.open("/dev/null", .writeOnly), kind: .characterDevice,
      position: .stream)
    defer {
      try? source.descriptor.close()
      try? null.descriptor.close()
    }
    let output = try EngineVariant(engine: .blocking).transfer(
      [(source, null)], depth: 1, blockSize: 256 << 10, onLatency: { _, _ in })
    return try #require(output.metrics.recorder.totals.first { $0.direction == .read })
  }

  @Test(arguments: [EngineName.libaio, .uring], [FileSystemKind.ext4, .xfs])
  func directTransfersCopyNothing(_ engine: EngineName, _ fileSystem: FileSystemKind) throws {
    let directory = try TestDirectory(on: fileSystem)
    let pair = try DirectPair(randomBytes(1 << 20), engine: engine, .direct, in: directory)
    defer { pair.close() }
    let output = try EngineVariant(engine: engine).transfer(
      [(pair.source, pair.target)], depth: 4, blockSize: 64 << 10, usesDirectIO: true,
      onLatency: { _, _ in })
    #expect(output.results.first?.failure == nil)
    let totals = output.metrics.recorder.totals
    #expect(totals.map(\.direction) == [.read, .write])
    #expect(totals.allSatisfy { $0.basis == .noCopy && $0.copy == nil })
    #expect(totals.allSatisfy { ($0.wait ?? 0) > 0 })
  }

  /// Tries something that depends on being given the processor in time, which it is now and then
  /// whatever else goes on.
  private func attempt(_ limit: Int, _ what: String, _ body: () throws -> Bool) throws {
    for _ in 0..<limit {
      if try body() { return }
      letPass(.milliseconds(20))
    }
    throw SupportFailure("tried \(limit) times in vain: \(what)")
  }
}
