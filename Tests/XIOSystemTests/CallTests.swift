import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// What every system call has in common: a count under its name, and a place for faults.
@Suite struct CallTests {
  /// An error number that none of the calls returns by itself.
  private let fault = Errno(rawValue: EOWNERDEAD)

  @Test(arguments: CallRow.all) func isCountedUnderItsName(_ row: CallRow) throws {
    let made = try make(row, try CallFixture())
    let counts = Dictionary(uniqueKeysWithValues: made.entries.map { ($0.call, $0.count) })
    #expect(counts == row.counts)
    #expect(made.total == made.entries.filter { !$0.call.isRequest }.reduce(0) { $0 + $1.count })
  }

  @Test(arguments: CallRow.all) func failsAsPlanned(_ row: CallRow) throws {
    let fixture = try CallFixture()
    let plan = FaultPlan([.fail(row.call, nth: 1, with: fault)])
    try expectFault(row, fixture, plan)
    #expect(plan.failures == 1)
    try make(row, try CallFixture(), plan)
    #expect(plan.failures == 1)
  }

  @Test(arguments: CallRow.all) func failsForGood(_ row: CallRow) throws {
    let plan = FaultPlan([.fail(row.call, nth: row.strikable + 1, with: fault, lasting: true)])
    try make(row, try CallFixture(), plan)
    #expect(plan.failures == 0)
    for _ in 1...2 { try expectFault(row, try CallFixture(), plan) }
    #expect(plan.failures >= 2)
  }

  private func expectFault(_ row: CallRow, _ fixture: CallFixture, _ plan: FaultPlan) throws {
    if row.isSwallowed {
      try make(row, fixture, plan)
    } else {
      #expect(throws: fault) { try make(row, fixture, plan) }
    }
  }

  /// Makes a call on a thread of its own, which takes what it has changed of itself with it, and does not
  /// wait for ever for one that does not return. Says what was counted.
  @discardableResult
  private func make(
    _ row: CallRow, _ fixture: CallFixture, _ plan: FaultPlan = FaultPlan([])
  ) throws -> SystemCallTally {
    try within(.seconds(60), row.testDescription) {
      let before = SystemCallTally.current
      try plan.run { try row.body(fixture) }
      return SystemCallTally.current.since(before)
    }
  }

  @Test func aFaultKeepsTheCallFromBeingMade() throws {
    let fixture = try CallFixture()
    let plan = FaultPlan([.fail(.write, nth: 1, with: .ioError)])
    #expect(throws: Errno.ioError) {
      try plan.run { try System.write(fixture.target, from: fixture.bytes, at: nil) }
    }
    #expect(try System.status(fixture.target).size == 0)
  }

  @Test func aPlanEndsWithItsBody() throws {
    let fixture = try CallFixture()
    FaultPlan([.fail(.fstat, nth: 1, with: fault, lasting: true)]).run {}
    #expect(try System.status(fixture.file).size == 19)
  }

  @Test(arguments: SystemCall.allCases.filter { $0.isRequest })
  func requestsFailAsPlanned(_ call: SystemCall) throws {
    let before = SystemCallTally.current
    let plan = FaultPlan([.fail(call, nth: 2, with: fault), .shorten(call, from: 3, to: 7)])
    try plan.run { () throws in
      #expect(try System.request(call, 100) == 100)
      #expect(throws: fault) { try System.request(call, 100) }
      #expect(try System.request(call, 100) == 7)
      #expect(try System.request(call, 3) == 3)
    }
    let made = SystemCallTally.current.since(before)
    #expect(made[call] == 4)
    #expect(made.total == 0)
  }

  @Test func everyCallHasARow() {
    // A thread that has unshared its descriptors would be of no use to other tests.
    let covered = Set(CallRow.all.flatMap { $0.counts.keys }).union([.unshare])
    let uncovered = SystemCall.allCases.filter { !covered.contains($0) && !$0.isRequest }
    #expect(uncovered == [])
  }
}
