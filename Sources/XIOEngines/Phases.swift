public import XIOSystem

/// How the time of a phase was found out.
public enum PhaseBasis: String, Sendable, CaseIterable {
  /// Two events were seen: data became available, and the data was there.
  case explicit
  /// Waiting is wall time without processor time; copying is processor time.
  case cpuClock
  /// The engine cannot wait for this kind of file, so the call that copies did the waiting.
  case alwaysReady
  /// One event covers waiting and copying.
  case merged
  /// The device wrote to memory by itself; nothing was copied.
  case noCopy
}

/// Where the time of one operation went.
///
/// Operations of an engine that overlaps them have no separate waiting times: their sum would exceed
/// the clock. They carry the processor time alone, and ``PhaseRecorder`` finds the rest.
public struct Phases: Sendable {
  /// How the numbers were found out; nil when nothing was measured.
  public var basis: PhaseBasis?
  /// Nanoseconds before the data was available.
  public var wait: Nanoseconds = 0
  /// Nanoseconds of copying between kernel and process.
  public var copy: Nanoseconds = 0
  /// Nanoseconds of preparing: read-ahead, and handing requests to the device.
  public var prepare: Nanoseconds = 0
  /// Processor time in nanoseconds, where operations overlap.
  public var overlapped: Nanoseconds?

  /// Nothing was measured.
  public static let unmeasured = Phases(basis: nil)

  /// Phases of an operation that overlapped with none of its direction.
  static func measured(
    _ basis: PhaseBasis, wait: Nanoseconds, copy: Nanoseconds, prepare: Nanoseconds = 0
  ) -> Phases {
    Phases(basis: basis, wait: wait, copy: copy, prepare: prepare)
  }

  /// An operation that may have overlapped with others, and its share of processor time.
  static func overlapped(_ basis: PhaseBasis, processorTime: Nanoseconds) -> Phases {
    Phases(basis: basis, overlapped: processorTime)
  }
}

/// A direction of data, seen from the process.
public enum Direction: String, Sendable, CaseIterable {
  case read, write
  /// From one descriptor to another, past the process.
  case move
}

/// The phases of all operations of one direction that have one basis.
public struct PhaseTotal: Sendable {
  /// From or to the process.
  public var direction: Direction
  /// How the numbers were found out.
  public var basis: PhaseBasis
  /// How many operations.
  public var operations: Int
  /// Nanoseconds of waiting, copying and preparing; nil where it cannot be told apart.
  public var wait: Nanoseconds?, copy: Nanoseconds?, prepare: Nanoseconds?
  /// Nanoseconds of waiting and copying together, where they cannot be told apart.
  public var merged: Nanoseconds?
}

/// Adds up phases, and the time in which at least one operation of a direction was in flight.
public struct PhaseRecorder: Sendable {
  private struct Sum: Sendable {
    var operations = 0
    var phases = Phases.unmeasured
    var isOverlapped = false
    var processorTime: Nanoseconds = 0
    var elapsed: Nanoseconds = 0
  }

  private struct Track: Sendable {
    var inFlight = 0
    var lastEvent: Nanoseconds = 0
    var unassigned: Nanoseconds = 0
    var sums: [PhaseBasis: Sum] = [:]

    mutating func add(_ other: Track) {
      for (basis, sum) in other.sums {
        var all = sums[basis] ?? Sum()
        all.operations += sum.operations
        all.phases.wait += sum.phases.wait
        all.phases.copy += sum.phases.copy
        all.phases.prepare += sum.phases.prepare
        all.isOverlapped = all.isOverlapped || sum.isOverlapped
        all.processorTime += sum.processorTime
        all.elapsed += sum.elapsed
        sums[basis] = all
      }
    }

    mutating func advance(to now: Nanoseconds) {
      if inFlight > 0 { unassigned += now - lastEvent }
      lastEvent = now
    }
  }

  private var reads = Track()
  private var writes = Track()
  private var moves = Track()

  /// Makes a recorder that has seen nothing.
  public init() {}

  /// An operation begins.
  mutating func begin(_ direction: Direction, at now: Nanoseconds) {
    withTrack(direction) { track in
      track.advance(to: now)
      track.inFlight += 1
    }
  }

  /// An operation ends.
  mutating func end(_ direction: Direction, at now: Nanoseconds, _ phases: Phases) {
    withTrack(direction) { track in
      track.advance(to: now)
      track.inFlight -= 1
      guard let basis = phases.basis else { return }
      var sum = track.sums[basis] ?? Sum()
      sum.operations += 1
      sum.phases.wait += phases.wait
      sum.phases.copy += phases.copy
      sum.phases.prepare += phases.prepare
      if let processorTime = phases.overlapped {
        sum.isOverlapped = true
        sum.processorTime += processorTime
      }
      sum.elapsed += track.unassigned
      track.unassigned = 0
      track.sums[basis] = sum
    }
  }

  /// Adds what another recorder has seen at the same time: times of threads add up.
  mutating func add(_ other: PhaseRecorder) {
    reads.add(other.reads)
    writes.add(other.writes)
    moves.add(other.moves)
  }

  private mutating func withTrack(_ direction: Direction, _ body: (inout Track) -> Void) {
    switch direction {
    case .read: body(&reads)
    case .write: body(&writes)
    case .move: body(&moves)
    }
  }

  /// Takes over what another recorder has seen of bytes that went past the process.
  mutating func takeMoves(of other: PhaseRecorder) {
    moves = other.moves
  }

  /// The sums, reads first.
  public var totals: [PhaseTotal] {
    [(Direction.read, reads), (.write, writes), (.move, moves)].flatMap { direction, track in
      PhaseBasis.allCases.compactMap { basis in
        track.sums[basis].map { Self.total(direction, basis, $0) }
      }
    }
  }

  private static func total(
    _ direction: Direction, _ basis: PhaseBasis, _ sum: Sum
  ) -> PhaseTotal {
    var total = PhaseTotal(direction: direction, basis: basis, operations: sum.operations)
    let idle = max(0, sum.elapsed - sum.processorTime)
    switch basis {
    case .merged:
      total.merged = sum.elapsed
    case .noCopy:
      total.wait = sum.isOverlapped ? idle : sum.phases.wait
      total.prepare = sum.isOverlapped ? sum.processorTime : sum.phases.prepare
    case .cpuClock, .explicit, .alwaysReady:
      total.wait = sum.phases.wait + (sum.isOverlapped ? idle : 0)
      total.copy = sum.phases.copy + sum.processorTime
      total.prepare = basis == .explicit ? sum.phases.prepare : nil
    }
    return total
  }
}
