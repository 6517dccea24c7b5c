import CXIO
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// Waiting says what is ready, and no more.
@Suite struct WaitingTests {
  typealias Wait = @Sendable (inout [Interest], Int64?) throws -> Int

  private static let waits: [(String, Wait)] = [
    ("select", { try System.select(&$0, timeout: $1) }),
    ("poll", { try System.poll(&$0, timeout: $1) }),
  ]

  @Test(arguments: waits) func tellsWhatIsReady(_ name: String, _ wait: Wait) throws {
    let fixture = try CallFixture()
    var interests = [
      Interest(fixture.empty.readEnd, read: true, write: false),
      Interest(fixture.full.readEnd, read: true, write: false),
      Interest(fixture.empty.writeEnd, read: false, write: true),
      Interest(fixture.file, read: true, write: true),
    ]
    #expect(try wait(&interests, longEnough) == 3)
    #expect(interests.map(\.ready) == [false, true, true, true])
    var waiting = [interests[0]]
    #expect(try wait(&waiting, 1_000_000) == 0)
    #expect(!waiting[0].ready)
  }

  @Test(arguments: waits) func aWriterWhoLeftIsReady(_ name: String, _ wait: Wait) throws {
    let ends = try System.pipe()
    defer { try? ends.readEnd.close() }
    try ends.writeEnd.close()
    var interests = [Interest(ends.readEnd, read: true, write: false)]
    #expect(try wait(&interests, longEnough) == 1)
    #expect(interests[0].ready)
  }

  @Test(arguments: [1, 16, 17, 400]) func waitsForMany(_ count: Int) throws {
    let fixture = try CallFixture()
    var interests = (0..<count).map { _ in
      Interest(fixture.full.readEnd, read: true, write: false)
    }
    #expect(try System.poll(&interests, timeout: longEnough) == count)
  }

  @Test func epollTellsTokens() throws {
    let fixture = try CallFixture()
    var tokens = [UInt64](repeating: 0, count: 8)
    let full = Interest(fixture.full.readEnd, read: true, write: false)
    let empty = Interest(fixture.empty.readEnd, read: true, write: false)
    try System.setEpoll(fixture.epoll, full, token: 1 << 40, change: false)
    try System.setEpoll(fixture.epoll, empty, token: 2, change: false)
    #expect(try System.waitEpoll(fixture.epoll, tokens: &tokens, timeout: longEnough) == 1)
    #expect(tokens[0] == 1 << 40)
    let nothing = Interest(fixture.full.readEnd, read: false, write: false)
    try System.setEpoll(fixture.epoll, nothing, token: 3, change: true)
    #expect(try System.waitEpoll(fixture.epoll, tokens: &tokens, timeout: 1) == 0)
  }

  @Test func signalsNameTheirDescriptor() throws {
    let fixture = try CallFixture()
    try System.blockIOSignals()
    #expect(try System.armSignal(fixture.empty.readEnd))
    #expect(try !System.armSignal(fixture.file))
    #expect(try System.takeSignal(timeout: 0) == nil)
    try fixture.empty.writeEnd.writeAll([1])
    let signal = try System.takeSignal(timeout: longEnough)
    guard case .ready(fixture.empty.readEnd.rawValue, isRoom: false) = signal else {
      Issue.record("\(String(describing: signal))")
      return
    }
    try System.disarmSignal(fixture.empty.readEnd)
    #expect(try !System.statusFlags(fixture.empty.readEnd).contains(.async))
    try fixture.empty.writeEnd.writeAll([1])
    #expect(try System.takeSignal(timeout: 0) == nil)
  }

  @Test func clocksGoOn() {
    let wall = Clock.monotonic
    let processor = Clock.threadCPU
    System.pause(nanoseconds: 1_000_000)
    #expect(Clock.monotonic >= wall + 1_000_000)
    #expect(Clock.threadCPU >= processor)
  }
}
