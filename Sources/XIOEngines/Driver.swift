public import SystemPackage
public import XIOSystem

/// The one place that knows what to do about short counts, EINTR, EAGAIN and calls without progress.
public struct Driver<Engine: IOEngine & ~Copyable>: ~Copyable {
  private var engine: Engine
  private let states: RequestTable
  private var backlog: [Int] = []
  private var outcomes: [Outcome] = []
  /// What was handed out last; its memory serves again once the caller has let go of it.
  private var handed: [Outcome] = []
  private var completions: [Completion] = []
  /// What was counted so far.
  public private(set) var metrics = DriverMetrics()
  private let measures: Bool
  private let onLatency: LatencyObserver?
  private let track: TimelineTrack?
  private let onProgress: ProgressObserver?
  /// How many requests have begun and not ended.
  public private(set) var inFlight = 0

  init(_ engine: consuming Engine, slots: Int, _ observers: TransferObservers) {
    self.engine = engine
    states = RequestTable(slots)
    measures = observers.measures
    track = observers.track
    onLatency = observers.onLatency
    onProgress = observers.onProgress
  }

  /// What the engine counted so far.
  public var counters: EngineCounters { engine.counters }

  /// Whether some requests have ended that ``next(until:)`` has not returned.
  public var hasOutcomes: Bool { !outcomes.isEmpty }

  /// Begins a request; its slot must have no other.
  ///
  /// - Throws: The error number of the engine's machinery; a failure of the request is an outcome.
  public mutating func start(_ request: Request) throws(Errno) {
    states[request.slot].pointee.begin(request)
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
    var repetition = Repetition()
    while outcomes.isEmpty, inFlight > 0 {
      try reap(until: deadline, &repetition)
      if outcomes.isEmpty, let deadline, Clock.monotonic >= deadline { break }
    }
    return handOut()
  }

  private mutating func handOut() -> [Outcome] {
    swap(&outcomes, &handed)
    outcomes.empty()
    return handed
  }

  /// Looks for what has ended without waiting, where calls that end at once would keep ``next(until:)``
  /// from doing so.
  ///
  /// - Throws: An error of the engine's machinery.
  public mutating func poll() throws(Errno) {
    var repetition = Repetition()
    if inFlight > 0 { try reap(until: 0, &repetition) }
  }

  /// What has ended by now, whatever signals have come: a job that ends has to know it.
  ///
  /// - Returns: Outcomes that ``next(until:)`` would have returned.
  public mutating func finished() -> [Outcome] {
    try? poll()
    return handOut()
  }

  private mutating func reap(
    until deadline: Nanoseconds?, _ repetition: inout Repetition
  ) throws(Errno) {
    completions.empty()
    do throws(Errno) {
      _ = try engine.reap(atLeast: 1, deadline: deadline) { completions.append($0) }
    } catch {
      guard repetition.isDue(after: error) else { throw error }
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
    let state = states[slot]
    while state.pointee.isActive {
      let operation = state.pointee.nextOperation()
      if measures { state.pointee.submitted = Clock.monotonic }
      let submission = try engine.submit(operation)
      if case .full = submission {
        backlog.append(slot)
        return
      }
      metrics.operations += 1
      if measures, state.pointee.isMeasured {
        metrics.recorder.begin(state.pointee.request.direction, at: state.pointee.submitted)
      }
      guard case .completed(let completion) = submission else { return }
      record(completion, slot)
      if settle(slot, completion.result) { return }
    }
  }

  private mutating func record(_ completion: Completion, _ slot: Int) {
    metrics.completions += 1
    let state = states[slot]
    guard measures, state.pointee.isActive, state.pointee.isMeasured else { return }
    let now = Clock.monotonic
    let time = now - state.pointee.submitted
    let direction = state.pointee.request.direction
    let isWaiting = state.pointee.isWaiting
    let phases = isWaiting ? .measured(.explicit, wait: time, copy: 0) : completion.phases
    metrics.recorder.end(direction, at: now, phases)
    track?.add(
      direction, slot: slot, state.pointee.request.endpoint.descriptor,
      state.pointee.submitted...now, phases, completion.result)
    if !isWaiting, case .success = completion.result { onLatency?(direction, time) }
  }

  /// Takes a result in; says whether the request has ended.
  private mutating func settle(_ slot: Int, _ result: Result<Int, Errno>) -> Bool {
    let state = states[slot]
    guard state.pointee.isActive else { return true }
    let wasWaiting = state.pointee.isWaiting
    state.pointee.isWaiting = false
    switch result {
    case .failure(let errno) where state.pointee.repetition.isDue(after: errno):
      metrics.interruptions += 1
      state.pointee.isWaiting = state.pointee.request.onlyWaits
      return false
    case .failure(.wouldBlock)
    where !wasWaiting && !state.pointee.request.neverWaits
      && state.pointee.repetition.isDueAfterWait():
      state.pointee.isWaiting = true
      return false
    case .failure(let errno):
      return end(state, errno)
    case .success where wasWaiting:
      return state.pointee.request.onlyWaits ? end(state, nil) : false
    case .success(let count):
      let reached = state.pointee.range.lowerBound + count
      if count < state.pointee.range.count {
        metrics.shortCounts += 1
        state.pointee.repetition = Repetition()
      }
      // Not having got any further is the end of what is read, and an error of what is written.
      guard reached > state.pointee.done else {
        return end(state, state.pointee.request.direction == .read ? nil : .ioError)
      }
      if state.pointee.request.direction == .write {
        onProgress?(Int64(reached - state.pointee.done))
      }
      state.pointee.done = reached
      let isWhole = reached == state.pointee.request.count
      return isWhole || !state.pointee.request.fills ? end(state, nil) : false
    }
  }

  private mutating func end(
    _ state: UnsafeMutablePointer<RequestState>, _ failure: Errno?
  ) -> Bool {
    outcomes.append(
      Outcome(
        slot: state.pointee.request.slot, direction: state.pointee.request.direction,
        count: state.pointee.done, failure: failure))
    giveUp(state)
    return true
  }

  private mutating func giveUp(_ state: UnsafeMutablePointer<RequestState>) {
    state.pointee.isActive = false
    inFlight -= 1
  }

  /// Writes the end of a file that O_DIRECT cannot write, once nothing else is in flight: the page it
  /// lies in may hold bytes that went past the cache before.
  ///
  /// - Parameter request: The end, to be written at its offset to a file that this program has emptied.
  /// - Returns: How it ended.
  /// - Throws: The error number of the engine's machinery.
  mutating func writeTail(_ request: Request) throws(Errno) -> Outcome {
    var request = request
    request.endpoint.cache = .page
    let file = request.endpoint.descriptor
    try CachePlan.setDirect(file, false)
    try start(request)
    guard var outcome = try next().first else { throw .ioError }
    guard outcome.failure == nil, let offset = request.offset else { return outcome }
    // The page is this program's own. Whole pages alone can be dropped, so the range begins where the
    // page does.
    do throws(Errno) {
      try CachePlan.writeOut(file, (offset & ~4095)..<offset + Int64(request.count))
    } catch {
      outcome.failure = error
    }
    return outcome
  }

  /// Ends what is in flight: cancels what can be cancelled or may wait for ever, and waits for the rest.
  mutating func drain() {
    for slot in 0..<states.count where states[slot].pointee.isActive {
      let state = states[slot]
      guard Engine.traits.cancels || !state.pointee.request.endpoint.kind.isPositional else {
        continue
      }
      _ = try? engine.submit(state.pointee.cancellation)
      // What a helper thread waits for cannot be had back; its buffer stays with it.
      if !Engine.traits.cancels { giveUp(state) }
    }
    var repetition = Repetition(heedsWish: false)
    while inFlight > 0 {
      var ended: [Int] = []
      let result = Result { () throws(Errno) in
        try engine.reap(atLeast: 1, deadline: nil) { ended.append(Int($0.id.rawValue)) }
      }
      // What an engine does not have can only be given up.
      if case .success(0) = result, backlog.isEmpty { return }
      for slot in ended + backlog where (0..<states.count).contains(slot) {
        if states[slot].pointee.isActive { giveUp(states[slot]) }
      }
      backlog.removeAll()
      if case .failure(let errno) = result, !repetition.isDue(after: errno) { return }
    }
  }

  /// Asks for the early end of a request; its outcome follows, where it can be had back at all.
  ///
  /// - Throws: The error number of the engine's machinery.
  public mutating func cancel(_ slot: Int) throws(Errno) {
    guard states[slot].pointee.isActive else { return }
    _ = try engine.submit(states[slot].pointee.cancellation)
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

/// Told how many more bytes have arrived.
public typealias ProgressObserver = (Int64) -> Void

/// Who is told of what while a session works.
struct TransferObservers {
  /// Told of the duration of every operation; nil measures nothing.
  var onLatency: LatencyObserver?
  /// Told of every arrival.
  var onProgress: ProgressObserver?
  /// Where operations are drawn; nil draws none.
  var track: TimelineTrack?

  /// Whether operations are measured.
  var measures: Bool { onLatency != nil || track != nil }
}

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

  /// Adds what another driver has counted at the same time.
  public mutating func add(_ other: DriverMetrics) {
    operations += other.operations
    completions += other.completions
    shortCounts += other.shortCounts
    interruptions += other.interruptions
    recorder.add(other.recorder)
  }
}
