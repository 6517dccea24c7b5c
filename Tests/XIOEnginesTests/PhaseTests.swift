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

  /// All phases together are at least the time in which there surely was nothing, and no longer than the
  /// transfer. Of that the wait lacks no more than the thread was busy or in need of a processor.
  @Test(arguments: EngineVariant.all)
  func waitsOfPipesAreTrue(_ variant: EngineVariant) throws {
    let (total, times) = try readPausingPipe(variant)
    let measured = try #require(total.wait ?? total.merged)
    let all = measured + (total.copy ?? 0) + (total.prepare ?? 0)
    let emptied = times.wrote.load(ordering: .acquiring) - times.asked.load(ordering: .acquiring)
    #expect(emptied >= Self.pause)
    #expect(all >= emptied)
    #expect(measured >= emptied - times.busy.load(ordering: .acquiring))
    #expect(
      all <= times.ended.load(ordering: .acquiring) - times.began.load(ordering: .acquiring))
    switch variant.engine {
    case .blocking, .kernel: #expect(total.basis == .cpuClock)
    case .posixAIO:
      #expect(total.basis == .merged)
      #expect(total.wait == nil && total.copy == nil)
    default:
      #expect(total.basis == .explicit)
      #expect(total.copy != nil)
    }
  }

  /// Returns what the engine says of a read for which there was nothing at first, and the true times.
  private func readPausingPipe(
    _ variant: EngineVariant
  ) throws -> (total: PhaseTotal, times: Moments) {
    let directory = try TestDirectory()
    let pair = try StreamPair(.pipe, in: directory)
    let target = try Target(.file(.tmpfs), expecting: 0, in: directory)
    let times = Moments()
    let calls = FaultPlan([])
    let feeder = try Background {
      // Whatever goes wrong, the transfer finds an end.
      defer { pair.closeWriter() }
      try eventually("the engine asks for data") {
        calls.calls[variant.firstCallOnAnEmptyPipe, default: 0] > 0
      }
      times.asked.store(Clock.monotonic, ordering: .releasing)
      System.pause(nanoseconds: Self.pause)
      times.wrote.store(Clock.monotonic, ordering: .releasing)
      _ = try pair.writer.descriptor.writeAll([UInt8](repeating: 1, count: 100))
    }
    let source = Endpoint(
      descriptor: pair.reader.descriptor, kind: .pipe, position: .stream)
    let output = try calls.run {
      try variant.transfer(
        [(source, target.endpoint)], onLatency: { _, _ in }, onBegin: { times.begin() },
        onEnd: { times.end() })
    }
    pair.closeReader()
    try feeder.value()
    #expect(try target.finish().count == 100)
    let total = output.metrics.recorder.totals.first { $0.direction == variant.input }
    return (try #require(total), times)
  }

  private final class Moments: Sendable {
    let began = Atomic<Int64>(0), ended = Atomic<Int64>(0)
    /// When the engine was sure to wait already, and when it got what it waited for.
    let asked = Atomic<Int64>(0), wrote = Atomic<Int64>(0)
    /// How long the thread of the transfer used a processor or wanted one.
    let busy = Atomic<Int64>(0)

    func begin() {
      busy.store(-used, ordering: .releasing)
      began.store(Clock.monotonic, ordering: .releasing)
    }

    func end() {
      ended.store(Clock.monotonic, ordering: .releasing)
      busy.add(used, ordering: .releasing)
    }

    private var used: Nanoseconds {
      Clock.threadCPU + ((try? ProcessUsage.current())?.runQueue ?? 0)
    }
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

  /// A read from the cache waits for nothing but a processor, and one from the disk for the disk.
  @Test func blockingWaitsForTheDiskAndNotForTheCache() throws {
    let directory = try TestDirectory(root: "/var/tmp")
    let path = try directory.writeRandom("file", count: 8 << 20)
    try evict(path)
    let cold = try readPhases(path)
    #expect(cold.wait > 0)
    let observations = try (1...5).map { _ in
      try undisturbed {
        _ = try readPhases(path)
        return (try readPhases(path), [path])
      }
    }
    // Asking for the time is work, too, which counts as waiting. So does an interrupt that comes while it is
    // asked for, in one observation or another.
    #expect(observations.contains { ($0.wait - $0.off) * 10 <= $0.copy }, "\(observations)")
  }

  /// Returns the phases of reading a file, and how long the thread had no processor meanwhile.
  private func readPhases(
    _ path: FilePath
  ) throws -> (wait: Nanoseconds, copy: Nanoseconds, off: Nanoseconds) {
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
    var off: Nanoseconds = 0
    let output = try EngineVariant(engine: .blocking).transfer(
      [(source, null)], depth: 1, blockSize: 256 << 10, onLatency: { _, _ in },
      onBegin: { off = Clock.threadCPU - Clock.monotonic },
      onEnd: { off += Clock.monotonic - Clock.threadCPU })
    let total = try #require(
      output.metrics.recorder.totals.first { $0.direction == .read })
    return (try #require(total.wait), try #require(total.copy), off)
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
}

extension EngineVariant {
  /// What an engine cannot call before it has begun to wait for a pipe, by its own clock.
  fileprivate var firstCallOnAnEmptyPipe: SystemCall {
    switch engine {
    case .select: .pselect6
    case .poll: .ppoll
    case .epoll: .epollWait
    case .libaio: .ioGetevents
    case .uring: .ioUringEnter
    case .kernel: .splice
    default: calls.streamRead
    }
  }
}
