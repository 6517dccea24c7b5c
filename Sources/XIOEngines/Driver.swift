public import SystemPackage
public import XIOSystem

/// A transfer that one buffer is to make: as many operations as it takes.
public struct Request {
  /// Whether it reads or writes, and what.
  public var direction: Direction, endpoint: Endpoint
  /// Where it begins, in bytes; nil is the descriptor's own position.
  public var offset: Int64?
  /// The buffer, by its index in the pool.
  public var slot: Int
  /// The first byte of the buffer that takes part, and how many do.
  public var start: Int, count: Int
  /// Whether a short count is to be made up for.
  public var fills: Bool
  /// Whether the call is made before anything is waited for, as it is likely not to have to.
  public var triesFirst: Bool
  /// Whether it counts in phases and latencies: what only stands by while others wait would count
  /// the same time again.
  public var isMeasured: Bool

  /// Describes a transfer.
  public init(
    direction: Direction, endpoint: Endpoint, offset: Int64?, slot: Int, start: Int = 0,
    count: Int, fills: Bool, triesFirst: Bool = false, isMeasured: Bool = true
  ) {
    self.isMeasured = isMeasured
    self.triesFirst = triesFirst
    self.direction = direction
    self.endpoint = endpoint
    self.offset = offset
    self.slot = slot
    self.start = start
    self.count = count
    self.fills = fills
  }
}

/// The end of a request.
public struct Outcome {
  /// Which request: the buffer, and the direction.
  public var slot: Int, direction: Direction
  /// The bytes moved; fewer than asked at the end of a file.
  public var count: Int
  /// Why it ended early.
  public var failure: Errno?
}

/// The one place that knows what to do about short counts, EINTR, EAGAIN and calls without progress.
public struct Driver<Engine: IOEngine & ~Copyable>: ~Copyable {
  private struct State {
    var request: Request
    var done = 0
    /// What the operation in flight covers.
    var range = 0..<0
    /// Whether it is a wait for readiness, after an EAGAIN.
    var isWaiting = false
    var submitted: Nanoseconds = 0
  }

  private var engine: Engine
  private var states: [State?]
  private var backlog: [Int] = []
  private var outcomes: [Outcome] = []
  private var completions: [Completion] = []
  /// What was counted so far.
  public private(set) var metrics = DriverMetrics()
  private let measures: Bool
  private let onLatency: LatencyObserver?
  /// How many requests have begun and not ended.
  public private(set) var inFlight = 0

  init(_ engine: consuming Engine, slots: Int, onLatency: LatencyObserver?) {
    self.engine = engine
    states = Array(repeating: nil, count: slots)
    measures = onLatency != nil
    self.onLatency = onLatency
  }

  /// What the engine counted so far.
  public var counters: EngineCounters { engine.counters }

  /// Whether some requests have ended that ``next(until:)`` has not returned.
  public var hasOutcomes: Bool { !outcomes.isEmpty }

  /// Begins a request; its slot must have no other.
  ///
  /// - Throws: The error number of the engine's machinery; a failure of the request is an outcome.
  public mutating func start(_ request: Request) throws(Errno) {
    states[request.slot] = State(request: request)
    inFlight += 1
    try advance(request.slot)
  }

  /// Waits until some requests have ended and returns them.
  ///
  /// - Parameter deadline: A time of ``Clock/monotonic`` after which not to wait, nil for never.
  /// - Returns: What has ended, nothing after the deadline or when nothing is in flight.
  /// - Throws: EINTR once the program is asked to end, or an error of the engine's machinery.
  public mutating func next(until deadline: Nanoseconds? = nil) throws(Errno) -> [Outcome] {
    // Calls on files are not interrupted by signals, so the wish has to be looked for.
    if Termination.requested != nil { throw .interrupted }
    while outcomes.isEmpty, inFlight > 0 {
      try reap(until: deadline)
      if outcomes.isEmpty, let deadline, Clock.monotonic >= deadline { break }
    }
    defer { outcomes.removeAll(keepingCapacity: true) }
    return outcomes
  }

  /// Looks for what has ended without waiting, where calls that end at once would keep ``next(until:)``
  /// from doing so.
  ///
  /// - Throws: An error of the engine's machinery.
  public mutating func poll() throws(Errno) {
    if inFlight > 0 { try reap(until: 0) }
  }

  /// What has ended by now, whatever signals have come: a job that ends has to know it.
  ///
  /// - Returns: Outcomes that ``next(until:)`` would have returned.
  public mutating func finished() -> [Outcome] {
    try? poll()
    defer { outcomes.removeAll(keepingCapacity: true) }
    return outcomes
  }

  private mutating func reap(until deadline: Nanoseconds?) throws(Errno) {
    completions.removeAll(keepingCapacity: true)
    do throws(Errno) {
      _ = try engine.reap(atLeast: 1, deadline: deadline) { completions.append($0) }
    } catch {
      guard error == .interrupted, Termination.requested == nil else { throw error }
    }
    for index in completions.indices {
      let completion = completions[index]
      let slot = Int(completion.id.rawValue)
      record(completion, slot)
      if !settle(slot, completion.result) { try advance(slot) }
    }
    if backlog.isEmpty { return }
    let waiting = backlog
    backlog.removeAll()
    for slot in waiting { try advance(slot) }
  }

  /// Submits operations for a slot until one is in flight or the request has ended.
  private mutating func advance(_ slot: Int) throws(Errno) {
    while var state = states[slot] {
      let operation = nextOperation(&state)
      if measures { state.submitted = Clock.monotonic }
      states[slot] = state
      let submission = try engine.submit(operation)
      if case .full = submission {
        backlog.append(slot)
        return
      }
      metrics.operations += 1
      if measures, !state.isWaiting, state.request.isMeasured {
        metrics.recorder.begin(state.request.direction, at: state.submitted)
      }
      guard case .completed(let completion) = submission else { return }
      record(completion, slot)
      if settle(slot, completion.result) { return }
    }
  }

  private func nextOperation(_ state: inout State) -> Operation {
    let request = state.request
    let endpoint = request.endpoint
    let id = OperationID(UInt64(request.slot))
    if state.isWaiting {
      return Operation(
        id: id, descriptor: endpoint.descriptor, kind: endpoint.kind,
        verb: request.direction == .read ? .waitReadable : .waitWritable)
    }
    // O_DIRECT cannot go on in the middle of a block: what there is of it is moved once more.
    let first =
      endpoint.isDirect ? state.done / endpoint.alignment * endpoint.alignment : state.done
    let length = min(request.count - first, System.transferLimit)
    state.range = first..<first + length
    let offset = request.offset.map { $0 + Int64(first) }
    return Operation(
      id: id, descriptor: endpoint.descriptor, kind: endpoint.kind,
      verb: request.direction == .read ? .read(at: offset) : .write(at: offset),
      slot: request.slot, range: request.start + first..<request.start + first + length,
      flags: endpoint.flags, isDirect: endpoint.isDirect,
      triesFirst: request.triesFirst && state.done == 0)
  }

  private mutating func record(_ completion: Completion, _ slot: Int) {
    metrics.completions += 1
    guard measures, let state = states[slot], !state.isWaiting, state.request.isMeasured else {
      return
    }
    let now = Clock.monotonic
    metrics.recorder.end(state.request.direction, at: now, completion.phases)
    if case .success = completion.result {
      onLatency?(state.request.direction, now - state.submitted)
    }
  }

  /// Takes a result in; says whether the request has ended.
  private mutating func settle(_ slot: Int, _ result: Result<Int, Errno>) -> Bool {
    guard var state = states[slot] else { return true }
    defer { if states[slot] != nil { states[slot] = state } }
    let wasWaiting = state.isWaiting
    state.isWaiting = false
    switch result {
    case .failure(.interrupted) where Termination.requested == nil:
      metrics.interruptions += 1
      return false
    case .failure(.wouldBlock) where !wasWaiting:
      state.isWaiting = true
      return false
    case .failure(let errno):
      return end(state, errno)
    case .success where wasWaiting:
      return false
    case .success(let count):
      let reached = state.range.lowerBound + count
      if count < state.range.count { metrics.shortCounts += 1 }
      // Not having got any further is the end of what is read, and an error of what is written.
      guard reached > state.done else {
        return end(state, state.request.direction == .read ? nil : .ioError)
      }
      state.done = reached
      guard state.done == state.request.count || !state.request.fills else { return false }
      return end(state, nil)
    }
  }

  private mutating func end(_ state: State, _ failure: Errno?) -> Bool {
    let request = state.request
    outcomes.append(
      Outcome(
        slot: request.slot, direction: request.direction, count: state.done, failure: failure))
    states[request.slot] = nil
    inFlight -= 1
    return true
  }

  /// Ends what is in flight: cancels what can be cancelled or may wait for ever, and waits for the rest.
  mutating func drain() {
    for slot in states.indices {
      guard let state = states[slot],
        Engine.traits.cancels || !state.request.endpoint.kind.isPositional
      else { continue }
      let cancel = Operation(
        id: OperationID(UInt64.max), descriptor: state.request.endpoint.descriptor,
        kind: state.request.endpoint.kind, verb: .cancel(OperationID(UInt64(slot))))
      _ = try? engine.submit(cancel)
      // What a helper thread waits for cannot be had back; its buffer stays with it.
      if !Engine.traits.cancels { states[slot] = nil; inFlight -= 1 }
    }
    while inFlight > 0 {
      var ended: [Int] = []
      let result = Result { () throws(Errno) in
        try engine.reap(atLeast: 1, deadline: nil) { ended.append(Int($0.id.rawValue)) }
      }
      // What an engine does not have can only be given up.
      if case .success(0) = result, backlog.isEmpty { return }
      for slot in ended + backlog where states.indices.contains(slot) && states[slot] != nil {
        states[slot] = nil
        inFlight -= 1
      }
      backlog.removeAll()
      if case .failure(let errno) = result, errno != .interrupted { return }
    }
  }

  /// Asks for the early end of a request; its outcome follows, where it can be had back at all.
  ///
  /// - Throws: The error number of the engine's machinery.
  public mutating func cancel(_ slot: Int) throws(Errno) {
    guard let state = states[slot] else { return }
    let cancel = Operation(
      id: OperationID(UInt64.max), descriptor: state.request.endpoint.descriptor,
      kind: state.request.endpoint.kind, verb: .cancel(OperationID(UInt64(slot))))
    _ = try engine.submit(cancel)
  }

  /// Tells the engine that a descriptor is about to be used otherwise.
  public mutating func forget(_ descriptor: FileDescriptor) {
    engine.forget(descriptor)
  }

  /// Gives the engine back.
  consuming func close() throws(Errno) {
    try engine.close()
  }
}

/// Told of the time in nanoseconds from the submission of an operation to its completion.
public typealias LatencyObserver = (Direction, Nanoseconds) -> Void

/// What a driver has counted.
public struct DriverMetrics: Sendable {
  /// Operations that engines took, and that they completed.
  public var operations = 0, completions = 0
  /// Transfers of fewer bytes than asked, and calls that a signal interrupted.
  public var shortCounts = 0, interruptions = 0
  /// The phases, when they are measured.
  public var recorder = PhaseRecorder()

  /// Nothing has happened yet.
  public init() {}
}
