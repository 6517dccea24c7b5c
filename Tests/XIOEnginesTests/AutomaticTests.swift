import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// The kernel moves bytes as far as it can, and plain calls go on wherever it stops.
@Suite struct AutomaticTests {
  private static let bytes = randomBytes((2 << 20) + 77)

  /// The calls that a route may take, and those that always do.
  private static let calls: [SystemCall] = [.splice, .copyFileRange, .sendfile, .ficlone, .pipe2]

  private static let routes = [
    Route(.file(.ext4), .stream(.pipe)), Route(.stream(.pipe), .stream(.pipe)),
    Route(.file(.ext4), .file(.ext4)), Route(.stream(.pipe), .file(.ext4)),
    Route(.file(.ext4), .stream(.socket)), Route(.stream(.socket), .stream(.pipe)),
  ]

  private func transfer(
    _ route: Route, _ plan: FaultPlan, streams: Bool
  ) throws -> (result: TransferResult, arrived: [UInt8]) {
    let directory = try TestDirectory(on: .ext4)
    let target = try Target(route.target, expecting: Self.bytes.count, in: directory)
    let source = try Source(route.source, Self.bytes, in: directory)
    defer { source.close() }
    var (from, to) = (source.endpoint, target.endpoint)
    if streams { (from.position, to.position) = (.stream, .stream) }
    var session = SessionConfiguration(engine: .kernel, blockSize: 64 << 10, queueDepth: 1)
    session.fallsBack = true
    let job = Transfers(ends: [(from, to)])
    let output = try plan.run { try makeTransfers(job, session) }
    return (try #require(output.results.first), try target.finish())
  }

  @Test(arguments: routes, [false, true])
  func goesOnAfterARefusal(_ route: Route, _ streams: Bool) throws {
    for errno in [Errno.noFunction, .invalidArgument, .ioError, .permissionDenied, .noSpace] {
      for nth in [1, 2, 3, 4, 7] {
        for lasting in [false, true] {
          let plan = FaultPlan(
            Self.calls.flatMap {
              // Calls are made smaller, or few would be enough.
              [.shorten($0, to: 100_000), .fail($0, nth: nth, with: errno, lasting: lasting)]
            })
          let (result, arrived) = try transfer(route, plan, streams: streams)
          let comment = "\(errno) of call \(nth), lasting: \(lasting)"
          #expect(result.failure == nil, "\(comment)")
          expectSame(Self.bytes, arrived, comment)
          #expect(result.total == Int64(Self.bytes.count), "\(comment)")
        }
      }
    }
  }

  @Test(arguments: routes)
  func makesUpForShortCounts(_ route: Route) throws {
    for limit in [100_001, 5000] {
      let plan = FaultPlan(
        (Self.calls + [.read, .write, .pread64, .pwrite64]).map { .shorten($0, to: limit) })
      let (result, arrived) = try transfer(route, plan, streams: true)
      #expect(result.failure == nil)
      expectSame(Self.bytes, arrived, "at most \(limit) bytes a call")
    }
  }

  @Test func tellsWhichEndFails() throws {
    let plan = FaultPlan([
      .fail(.splice, nth: 3, with: .ioError, lasting: true),
      .fail(.read, nth: 2, with: .ioError, lasting: true),
    ])
    let reading = try transfer(Route(.file(.ext4), .stream(.pipe)), plan, streams: true)
    #expect(reading.result.failure == TransferFailure(side: .source, errno: .ioError))
    expectSame(Array(Self.bytes.prefix(reading.arrived.count)), reading.arrived)
    let writing = try transfer(
      Route(.file(.ext4), .stream(.pipe)),
      FaultPlan([
        .fail(.splice, nth: 4, with: .ioError, lasting: true),
        .fail(.write, nth: 1, with: .ioError, lasting: true),
      ]), streams: true)
    #expect(writing.result.failure == TransferFailure(side: .target, errno: .ioError))
    #expect(writing.result.total == Int64(writing.arrived.count))
  }

  /// Pages that hold next to nothing are copied, others are moved.
  @Test(arguments: [(100, false), (65536, true)])
  func movesFullPages(_ size: Int, _ areMoved: Bool) throws {
    let plan = FaultPlan([.shorten(.splice, to: size)])
    let (result, arrived) = try transfer(
      Route(.stream(.pipe), .stream(.pipe)), plan, streams: true)
    expectSame(Self.bytes, arrived)
    #expect((result.bytesOffloaded == Int64(Self.bytes.count)) == areMoved)
    // 64 steps of 100 bytes; what crosses the end of a page is two steps when the target has room for one.
    #expect(areMoved || (6300...6400).contains(result.bytesOffloaded))
  }
}
