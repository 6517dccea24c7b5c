import CXIO
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// How often calls are made again that have not failed for good.
@Suite struct RepetitionTests {
  /// Far more often than any call is.
  private static let often = 1_000_000

  @Test func anInterruptionThatNeverCeasesIsAnError() throws {
    let fixture = try CallFixture()
    let plan = FaultPlan([.fail(.open, nth: 1, with: .interrupted, lasting: true)])
    #expect(throws: Errno.interrupted) {
      try plan.run { try System.open(fixture.path, .readOnly) }
    }
    #expect(plan.failures > 1000 && plan.failures < FaultPlan.mostFailures / 2)
  }

  @Test func signalsThatAreHandledMayComeForEver() {
    var repetition = xio_repetition()
    var refusals = 0
    for _ in 0..<Self.often {
      xio_note_signal()
      if !xio_may_repeat(&repetition) { refusals += 1 }
    }
    #expect(refusals == 0)
  }

  /// What interrupts a call now and then, such as the process being stopped, may do so for ever, too.
  @Test func thereIsTimeForManyInterruptions() {
    var repetition = xio_repetition()
    var refusals = 0
    for _ in 0..<Self.often {
      if !xio_may_repeat(&repetition) { refusals += 1 }
      repetition.began_ms -= 1000
    }
    #expect(refusals == 0)
  }

  @Test func anotherErrorIsNoReason() {
    var repetition = Repetition()
    let due = [Errno.ioError, .wouldBlock, .interrupted].filter { repetition.isDue(after: $0) }
    #expect(due == [.interrupted])
  }

  /// A wait that is over at once, each time, and brings nothing.
  @Test func aWaitThatIsForNothingIsAnError() throws {
    let (readEnd, writeEnd) = try System.pipe()
    defer {
      try? System.close(readEnd)
      try? System.close(writeEnd)
    }
    var repetition = Repetition()
    var waits = 0
    while waits < Self.often,
      repetition.failure(after: .wouldBlock, waitingFor: writeEnd, forWriting: true) == nil
    {
      waits += 1
    }
    #expect(waits > 1000 && waits < Self.often)
    let failure = repetition.failure(after: .ioError, waitingFor: writeEnd, forWriting: true)
    #expect(failure == .ioError)
  }
}
