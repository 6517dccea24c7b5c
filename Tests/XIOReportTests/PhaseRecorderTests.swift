import Testing
import XIOSystem

@testable import XIOEngines

/// Sums of phases, with times made by hand.
@Suite struct PhaseRecorderTests {
  private typealias Event = (begin: Bool, at: Nanoseconds, phases: Phases?)

  private func total(_ events: [Event], of basis: PhaseBasis) throws -> PhaseTotal {
    var recorder = PhaseRecorder()
    for event in events {
      if event.begin {
        recorder.begin(.read, at: event.at)
      } else {
        recorder.end(.read, at: event.at, event.phases ?? .unmeasured)
      }
    }
    return try #require(recorder.totals.first { $0.basis == basis })
  }

  private func overlapped(
    _ basis: PhaseBasis, processorTime: Nanoseconds, _ spans: [(Nanoseconds, Nanoseconds)]
  ) throws -> PhaseTotal {
    let begins = spans.map { (true, $0.0, nil) as Event }
    let ends = spans.map {
      (false, $0.1, Phases.overlapped(basis, processorTime: processorTime)) as Event
    }
    return try total((begins + ends).sorted { $0.at < $1.at }, of: basis)
  }

  @Test(
    arguments: [
      ([(0, 30)], 30), ([(0, 30), (10, 40)], 40), ([(0, 10), (20, 30)], 20),
      ([(0, 100), (10, 20), (30, 40)], 100), ([(5, 10), (10, 15)], 10), ([(7, 7)], 0),
    ] as [([(Nanoseconds, Nanoseconds)], Nanoseconds)])
  func timeInFlightIsCountedOnce(
    _ spans: [(Nanoseconds, Nanoseconds)], _ elapsed: Nanoseconds
  ) throws {
    let merged = try overlapped(.merged, processorTime: 0, spans)
    #expect(merged.merged == elapsed)
    #expect(merged.wait == nil && merged.copy == nil && merged.prepare == nil)
    #expect(merged.operations == spans.count)
    let clocked = try overlapped(.cpuClock, processorTime: 2, spans)
    let used = Nanoseconds(2 * spans.count)
    #expect(clocked.copy == used)
    #expect(clocked.wait == max(0, elapsed - used))
    #expect(clocked.merged == nil && clocked.prepare == nil)
    let device = try overlapped(.noCopy, processorTime: 2, spans)
    #expect(device.wait == max(0, elapsed - used))
    #expect(device.prepare == used)
    #expect(device.copy == nil && device.merged == nil)
  }

  @Test(arguments: [.explicit, .cpuClock, .alwaysReady] as [PhaseBasis])
  func measuredPhasesAddUp(_ basis: PhaseBasis) throws {
    let phases = Phases.measured(basis, wait: 50, copy: 7, prepare: 3)
    let sum = try total(
      [(true, 0, nil), (false, 60, phases), (true, 100, nil), (false, 160, phases)], of: basis)
    #expect(sum.operations == 2)
    #expect(sum.wait == 100)
    #expect(sum.copy == 14)
    #expect(sum.prepare == (basis == .explicit ? 6 : nil))
    #expect(sum.merged == nil)
  }

  @Test func directionsAndBasesAreApart() {
    var recorder = PhaseRecorder()
    recorder.begin(.write, at: 0)
    recorder.begin(.read, at: 5)
    recorder.end(.read, at: 10, .overlapped(.merged, processorTime: 0))
    recorder.end(.write, at: 20, .measured(.explicit, wait: 15, copy: 5))
    recorder.begin(.read, at: 30)
    recorder.end(.read, at: 31, .measured(.alwaysReady, wait: 0, copy: 1))
    let totals = recorder.totals
    #expect(totals.map(\.direction) == [.read, .read, .write])
    #expect(totals.map(\.basis) == [.alwaysReady, .merged, .explicit])
    #expect(totals[1].merged == 5)
    #expect(totals[2].wait == 15)
  }

  @Test func whatWasNotMeasuredIsLeftOut() {
    var recorder = PhaseRecorder()
    #expect(recorder.totals.isEmpty)
    recorder.begin(.read, at: 0)
    recorder.end(.read, at: 10, .unmeasured)
    #expect(recorder.totals.isEmpty)
  }
}
