import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// Calls that move bytes: how many, and from where.
@Suite struct TransferTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var call: SystemCall
    var testDescription: String { call.name }
    var body: @Sendable (CallFixture) throws -> Int

    init(_ call: SystemCall, _ body: @escaping @Sendable (CallFixture) throws -> Int) {
      self.call = call
      self.body = body
    }
  }

  private static let rows = [
    Row(.read) { try System.read($0.full.readEnd, into: $0.memory, at: nil) },
    Row(.pread64) { try System.read($0.file, into: $0.memory, at: 0) },
    Row(.preadv2) { try System.read($0.file, into: $0.memory, at: 0, flags: .dontCache) },
    Row(.write) { try System.write($0.empty.writeEnd, from: $0.bytes, at: nil) },
    Row(.pwrite64) { try System.write($0.target, from: $0.bytes, at: 0) },
    Row(.pwritev2) { try System.write($0.target, from: $0.bytes, at: 0, flags: .dontCache) },
    Row(.copyFileRange) {
      try System.copyRange($0.file, at: 0, to: $0.target, at: 0, count: 16)
    },
    Row(.sendfile) { try System.sendFile($0.file, at: 0, to: $0.target, count: 16) },
    Row(.splice) { try System.splice($0.full.readEnd, at: nil, to: $0.target, at: 0, count: 16) },
  ]

  @Test(arguments: rows) func moveAllThatWasAsked(_ row: Row) throws {
    #expect(try row.body(try CallFixture()) == 16)
  }

  @Test(arguments: rows) func moveNoMoreThanThePlanLets(_ row: Row) throws {
    let plan = FaultPlan([.shorten(row.call, from: 2, to: 3)])
    try plan.run { () throws in
      #expect(try row.body(try CallFixture()) == 16)
      #expect(try row.body(try CallFixture()) == 3)
      #expect(try row.body(try CallFixture()) == 3)
    }
    #expect(plan.failures == 0)
  }

  @Test(arguments: [nil, 4] as [Int64?], [[], .dontCache] as [TransferFlags])
  func readsFromWhereItIsTold(_ offset: Int64?, _ flags: TransferFlags) throws {
    let fixture = try CallFixture()
    try System.setPosition(fixture.file, to: 10)
    let count = try System.read(fixture.file, into: fixture.memory, at: offset, flags: flags)
    let start = Int(offset ?? 10)
    #expect(Array(fixture.memory.prefix(count)) == Array(CallFixture.text[start...].prefix(16)))
    #expect(try System.position(fixture.file) == (offset == nil ? 19 : 10))
  }

  @Test(arguments: [nil, 4] as [Int64?], [[], .dontCache] as [TransferFlags])
  func writesToWhereItIsTold(_ offset: Int64?, _ flags: TransferFlags) throws {
    let fixture = try CallFixture()
    try System.setPosition(fixture.target, to: 10)
    #expect(try System.write(fixture.target, from: fixture.bytes, at: offset, flags: flags) == 16)
    let start = Int(offset ?? 10)
    let expected =
      Array(repeating: 0, count: start) + Array(repeating: UInt8(ascii: "-"), count: 16)
    #expect(try fixture.directory.read("target") == expected)
  }

  @Test(arguments: [0, 19] as [Int64]) func theEndIsNoBytes(_ offset: Int64) throws {
    let fixture = try CallFixture()
    let count = try System.read(fixture.file, into: fixture.memory, at: 19 - offset)
    #expect(count == min(16, Int(offset)))
  }

  @Test func copiesInsideTheKernel() throws {
    let fixture = try CallFixture()
    try System.clone(fixture.file, to: fixture.target)
    #expect(try fixture.directory.read("target") == CallFixture.text)
    #expect(
      try System.copyRange(fixture.file, at: 4, to: fixture.target, at: 2, count: 5) == 5)
    let expected = Array("Thquick".utf8) + CallFixture.text[7...]
    #expect(try fixture.directory.read("target") == expected)
  }
}
