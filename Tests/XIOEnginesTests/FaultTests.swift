import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// Which of an engine's calls a fault strikes.
enum FaultPlace: String, Sendable, CaseIterable {
  case fileRead, fileWrite, streamRead, streamWrite

  var isRead: Bool { self == .fileRead || self == .streamRead }

  /// The ends that make an engine use the call. The rest is large enough never to be waited for, so
  /// that the number of calls is certain.
  var route: Route {
    switch self {
    case .fileRead: Route(.file(.ext4), .stream(.pipe))
    case .fileWrite: Route(.file(.ext4), .file(.ext4))
    case .streamRead: Route(.stream(.pipe), .file(.ext4))
    case .streamWrite: Route(.stream(.pipe), .stream(.pipe))
    }
  }
}

extension EngineVariant {
  func call(_ place: FaultPlace) -> SystemCall {
    guard engine != .kernel else { return place == .fileWrite ? .copyFileRange : .splice }
    return switch place {
    case .fileRead: calls.fileRead
    case .fileWrite: calls.fileWrite
    case .streamRead: calls.streamRead
    case .streamWrite: calls.streamWrite
    }
  }

  /// Whether EAGAIN can come from the call though there is data, as these tests pretend.
  func canBeToldToWait(_ place: FaultPlace) -> Bool {
    switch engine {
    // copy_file_range never waits.
    case .kernel: place != .fileWrite
    // The signal that follows a true EAGAIN would not come.
    case .sigio: place == .fileRead || place == .fileWrite
    default: true
    }
  }

  /// Whether a call tells whether there is anything, so that EAGAIN is an answer like others.
  func learnsByTrying(_ place: FaultPlace) -> Bool {
    switch engine {
    case .nonblocking: true
    case .epoll, .sigio: place == .streamRead || place == .streamWrite
    default: false
    }
  }
}

/// Picks one of the combinations of two lists, a different one for each variant and place, so that
/// any two of all their values meet; all combinations where tests are of their full size.
private func combinations<First, Second>(
  _ firsts: [First], _ seconds: [Second], _ variant: EngineVariant, _ place: FaultPlace
) -> [(First, Second)] {
  if runsFullSize { return firsts.flatMap { first in seconds.map { (first, $0) } } }
  let place = FaultPlace.allCases.firstIndex(of: place) ?? 0
  let index = place + (EngineVariant.all.firstIndex(of: variant) ?? EngineVariant.all.count)
  // The lengths of the lists have no common divisor, or not each would meet each.
  return [(firsts[index % firsts.count], seconds[index % seconds.count])]
}

/// Short counts and errors of any operation: made up for where they pass, told where they stay.
@Suite struct FaultTests {
  private static let blockSize = 4096
  private static let bytes = randomBytes(11 * blockSize + 77)

  @Test(arguments: EngineVariant.all, FaultPlace.allCases)
  func makesUpForShortCounts(_ variant: EngineVariant, _ place: FaultPlace) throws {
    for (limit, _) in combinations([4095, 1000, 1], [()], variant, place) {
      let bytes = Array(Self.bytes.prefix(limit == 1 ? 2 * Self.blockSize : .max))
      let plan = FaultPlan([.shorten(variant.call(place), to: limit)])
      let (result, output, arrived) = try transfer(variant, place, bytes, plan)
      #expect(result.failure == nil)
      expectSame(bytes, arrived, "at most \(limit) bytes a call")
      // A short read of a stream is no short count: it is what was there.
      if variant.engine != .kernel, place != .streamRead {
        #expect(output.metrics.shortCounts >= bytes.count / Self.blockSize)
      }
    }
  }

  @Test(arguments: EngineVariant.all, FaultPlace.allCases)
  func survivesErrorsThatPass(_ variant: EngineVariant, _ place: FaultPlace) throws {
    for (errno, nth) in combinations(
      [Errno.interrupted, .wouldBlock], [1, 2, 3], variant, place)
    {
      if errno == .wouldBlock, !variant.canBeToldToWait(place) { continue }
      let plan = FaultPlan([.fail(variant.call(place), nth: nth, with: errno)])
      let blockSize = variant.engine == .kernel ? 1 << 20 : Self.blockSize
      let (result, _, arrived) = try transfer(variant, place, Self.bytes, plan, blockSize)
      #expect(result.failure == nil, "\(errno) of call \(nth)")
      expectSame(Self.bytes, arrived, "\(errno) of call \(nth)")
      if variant.engine != .kernel || nth == 1 { #expect(plan.failures == 1) }
    }
  }

  @Test(
    arguments: EngineVariant.operational, FaultPlace.allCases)
  func tellsErrorsThatStay(_ variant: EngineVariant, _ place: FaultPlace) throws {
    for (errno, nth) in combinations([Errno.ioError, .noSpace], [1, 2, 6], variant, place) {
      let plan = FaultPlan([.fail(variant.call(place), nth: nth, with: errno, lasting: true)])
      let (result, _, arrived) = try transfer(variant, place, Self.bytes, plan)
      let comment = "\(errno) from call \(nth) on"
      #expect(
        result.failure == TransferFailure(side: place.isRead ? .source : .target, errno: errno),
        "\(comment)")
      // Writes that overlap end in any order, and those behind the failure are not waited for.
      if place == .fileWrite, Registry.description(of: variant.engine).traits.overlaps {
        #expect(result.bytesWritten <= arrived.count, "\(comment)")
        continue
      }
      expectSame(Array(Self.bytes.prefix((nth - 1) * Self.blockSize)), arrived, comment)
      #expect(result.bytesWritten == Int64(arrived.count), "\(comment)")
    }
  }

  /// No error is one that passes when it comes for ever.
  @Test(arguments: EngineVariant.all, FaultPlace.allCases)
  func tellsInterruptionsThatNeverCease(_ variant: EngineVariant, _ place: FaultPlace) throws {
    for (errno, _) in combinations([Errno.interrupted, .wouldBlock], [()], variant, place) {
      if errno == .wouldBlock, variant.learnsByTrying(place) { continue }
      let plan = FaultPlan([.fail(variant.call(place), nth: 2, with: errno, lasting: true)])
      let blockSize = variant.engine == .kernel ? 1 << 20 : Self.blockSize
      let (result, _, _) = try transfer(variant, place, Self.bytes, plan, blockSize)
      if plan.failures > 0 { #expect(result.failure?.errno == errno, "\(errno)") }
      #expect(plan.failures < FaultPlan.mostFailures / 2, "\(errno)")
    }
  }

  @Test(arguments: FaultPlace.allCases)
  func kernelTellsErrorsThatStay(_ place: FaultPlace) throws {
    let variant = EngineVariant(engine: .kernel)
    // On its way from a file to a stream a part is moved twice: into a pipe, and out of it.
    let callsOfAPart = place == .fileRead ? 2 : 1
    for nth in 1...4 {
      let call = variant.call(place)
      // What it moves in one call is all there is, so calls are made smaller.
      let plan = FaultPlan([
        .shorten(call, to: 3 * Self.blockSize),
        .fail(call, nth: nth, with: .ioError, lasting: true),
      ])
      let (result, _, arrived) = try transfer(variant, place, Self.bytes, plan)
      #expect(result.failure?.errno == .ioError)
      let parts = (nth - 1) / callsOfAPart
      expectSame(Array(Self.bytes.prefix(parts * 3 * Self.blockSize)), arrived)
      #expect(result.bytesOffloaded == Int64(arrived.count))
    }
  }

  @Test(arguments: EngineVariant.all)
  func tellsThatTheReaderLeft(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let target = try StreamPair(.pipe, in: directory)
    target.closeReader()
    let end = Endpoint(
      descriptor: target.writer.descriptor, kind: .pipe, position: .stream)
    let file = try Source(.file(.ext4), Self.bytes, in: directory)
    // A source that has nothing more to say must not be waited for.
    let quiet = try StreamPair(.pipe, in: directory)
    _ = try quiet.writer.descriptor.writeAll(Self.bytes.prefix(10))
    let stream = Endpoint(descriptor: quiet.reader.descriptor, kind: .pipe, position: .stream)
    for source in [file.endpoint, stream] {
      let result = try variant.transfer(from: source, to: end)
      #expect(result.failure?.errno == .brokenPipe)
      #expect(result.failure?.side == .target)
    }
    file.close()
  }

  private func transfer(
    _ variant: EngineVariant, _ place: FaultPlace, _ bytes: [UInt8], _ plan: FaultPlan,
    _ blockSize: Int = FaultTests.blockSize
  ) throws -> (TransferResult, Transfers.Output, [UInt8]) {
    let directory = try TestDirectory(on: .ext4)
    let target = try Target(place.route.target, expecting: bytes.count, in: directory)
    let source = try Source(place.route.source, bytes, in: directory)
    defer { source.close() }
    // All of a stream is there before the first read, so that none of them has to be made twice.
    try source.waitUntilFed()
    let output = try plan.run {
      try variant.transfer(
        [(source.endpoint, target.endpoint)], depth: 4, blockSize: blockSize)
    }
    return (try #require(output.results.first), output, try target.finish())
  }
}
