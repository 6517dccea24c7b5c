internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// Following, on whichever engine was chosen: waits for what happens first, and passes bytes on.
///
/// Buffers are for events and wake-ups, for the file whose turn it is, for the file that is expected
/// to change, and for each FIFO or device. Nothing waits for standard output alone: while it takes its time, events go on
/// being taken, so that no file comes and goes unseen.
struct FollowJob: DriverJob, ~Copyable {
  /// Places of buffers.
  enum Slot {
    static let names = 0, changes = 1, wake = 2, file = 3, spare = 4, firstStream = 5
  }

  /// How a follow ended.
  struct Output {
    var metrics = DriverMetrics()
    var counters = EngineCounters()
    var readerLeft = false
    var failure: IOFailure?
    var noFilesRemain = false
    var wakeUps = 0
  }

  let watcher: Watcher
  let options: TailOptions
  let settings: FollowSettings
  var printer: FollowPrinter
  /// Sources whose first part has not been printed yet, in the order of the operands.
  var first: [FirstPart]
  var nextFirst = 0

  var output = Output()
  /// What the file buffer is used for.
  var activity = Activity.idle
  /// The buffers of what is being passed on and of what is read with the next wait for changes; they
  /// take turns.
  var fileSlot = Slot.file, spareSlot = Slot.spare
  /// What is read with the wait for changes that is under way.
  var expectation: Expectation?
  /// FIFOs and devices, by their buffers.
  var streams: [FollowStream?] = []
  /// Generations with an unfinished line that is held back.
  var heldBack: [Generation] = []
  var isFinishing = false
  /// How often events and beats have ended a wait.
  var wakeUps = 0
  private var reportsNow = false
  /// When everything is to be looked at again.
  private var nextBeat: Nanoseconds = 0
  var coalescing = Coalescing()
  /// What is known of the three descriptors of events, by their slots.
  var hearing = [Hearing](repeating: .deaf, count: Slot.wake + 1)

  init(
    _ watcher: Watcher, _ options: TailOptions, _ settings: FollowSettings,
    _ printer: FollowPrinter, first: [FirstPart]
  ) {
    self.watcher = watcher
    self.options = options
    self.settings = settings
    self.printer = printer
    self.first = first
    coalescing.latency = settings.latency
  }

  mutating func run<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Never) -> Output {
    do throws(Errno) {
      try follow(&driver, pool)
    } catch {
      // A signal asks for the end; what was delivered is known and is told.
      if error != .interrupted || Termination.requested == nil {
        output.failure = output.failure ?? IOFailure(.read, nil, error, reason: "waiting failed")
      }
    }
    takeLastWrite(&driver, pool)
    settings.onProgress(true)
    output.wakeUps = wakeUps
    output.metrics = driver.metrics
    output.counters = driver.counters
    return output
  }

  /// Takes note of a write that has been made, although its thread may not have said so yet; one that
  /// waits for its reader is not waited for.
  private mutating func takeLastWrite<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) {
    let end = Clock.monotonic + Self.longestLastWrite
    while true {
      for outcome in driver.finished()
      where outcome.direction == .write && outcome.slot == fileSlot {
        finishWrite(outcome, pool)
      }
      guard case .writing = activity, Clock.monotonic < end else { return }
      System.pause(nanoseconds: 1_000_000)
    }
  }

  private static let longestLastWrite: Nanoseconds = 100_000_000

  private mutating func follow<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    watcher.begin()
    // The engine is new: it knows nothing of numbers that others may have got since.
    _ = watcher.takeClosed()
    // A name may come and go within the turn of a busy writer; lines alone come later that way.
    if options.follow == .name { try? System.requestShortTurns() }
    nextBeat = Clock.monotonic + settings.interval
    while true {
      try work(&driver, pool)
      if isOver() { return }
      // What takes its time comes after what was to be delivered.
      if try lookAround(&driver, pool) { continue }
      if isIdle { coalescing.beginsToWait() }
      let outcomes = try driver.next(until: deadline)
      // News of names comes before what was read with news of changes.
      for outcome in outcomes where outcome.slot != spareSlot { try take(outcome, &driver, pool) }
      for outcome in outcomes where outcome.slot == spareSlot { try take(outcome, &driver, pool) }
    }
  }

  /// Does what time has come for, and tells of what has happened.
  ///
  /// - Returns: Whether there may be something to deliver.
  private mutating func lookAround<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) -> Bool {
    if reportsNow {
      reportsNow = false
      output.wakeUps = wakeUps
      output.metrics = driver.metrics
      output.counters = driver.counters
      settings.onReport(output)
    }
    let now = Clock.monotonic
    let isDue = now >= nextBeat
    if isDue {
      wakeUps += 1
      watcher.beat()
      try retryStreams(&driver, pool)
      nextBeat = now + settings.interval
    }
    let released = releaseHeldBack(now)
    let opened = endOpenings(now)
    settings.onProgress(false)
    return isDue || released || opened
  }

  /// Does what can be done without waiting, and asks for events in time.
  private mutating func work<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    let began = Clock.monotonic
    while true {
      for descriptor in watcher.takeClosed() {
        try endExpectation(of: descriptor, &driver)
        driver.forget(descriptor)
      }
      try openStreams(&driver, pool)
      if hearing[Slot.names] != .taking { try pump(&driver, pool) }
      // What comes before following may just have been printed.
      try openStreams(&driver, pool)
      // Where calls end at once, events would have to wait for the end of all that is to be read.
      let isDeaf = Clock.monotonic - began > Self.longestDeafness
      if isDeaf || !driver.hasOutcomes {
        try listen(&driver, pool)
        if isDeaf { try driver.poll() }
      }
      guard driver.hasOutcomes, !isDeaf else { return }
      for outcome in try driver.next() { try take(outcome, &driver, pool) }
    }
  }

  private static let longestDeafness: Nanoseconds = 100_000

  private var isIdle: Bool {
    if case .idle = activity { true } else { false }
  }

  /// Whether there is nothing left to do.
  private mutating func isOver() -> Bool {
    if output.readerLeft || output.failure != nil { return true }
    guard isIdle, nextFirst == first.count,
      !streams.contains(where: { $0?.hasData == true || $0?.opening?.isOver == true })
    else { return false }
    if isFinishing { return !watcher.awaitsEvents }
    guard !watcher.isAlive else { return false }
    output.noFilesRemain = true
    return true
  }

  private var deadline: Nanoseconds {
    if heldBack.isEmpty, streams.isEmpty { return nextBeat }
    let release = heldBack.compactMap(\.heldBackSince).min().map { $0 + Generation.patience }
    return min(nextBeat, release ?? nextBeat, nextOpening ?? nextBeat)
  }

  /// Asks for events again where none are asked for, once what the last ones led to is under way.
  private mutating func listen<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    for slot in hearing.indices {
      switch hearing[slot] {
      case .deaf:
        guard let endpoint = events(slot) else { continue }
        if slot == Slot.changes, try expectChange(&driver, pool) { continue }
        guard Engine.traits.tellsReadiness else { try readEvents(slot, &driver, pool); continue }
        try driver.start(.wait(.read, endpoint, slot: slot, isMeasured: slot == Slot.changes))
        hearing[slot] = .waiting
      case .announced: try readEvents(slot, &driver, pool)
      case .waiting, .taking: break
      }
    }
  }

  private func events(_ slot: Int) -> Endpoint? {
    let descriptor =
      switch slot {
      case Slot.names: watcher.inotify
      case Slot.changes: watcher.changes
      default: settings.wake as FileDescriptor?
      }
    return descriptor.map { Endpoint(descriptor: $0, kind: .anonymous, position: .stream) }
  }

  private mutating func readEvents<Engine: IOEngine & ~Copyable>(
    _ slot: Int, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let endpoint = events(slot) else { return }
    let isExpected = hearing[slot] == .announced
    hearing[slot] = isExpected ? .taking : .waiting
    try driver.start(
      Request(
        direction: .read, endpoint: endpoint, offset: nil, slot: slot,
        count: min(pool.bufferSize, 64 << 10), fills: false, triesFirst: isExpected,
        isMeasured: slot == Slot.changes))
  }

  private mutating func take<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    switch outcome.slot {
    case Slot.names, Slot.changes, Slot.wake:
      if let failure = outcome.failure { throw failure }
      if hearing[outcome.slot] == .waiting {
        wakeUps += outcome.slot == Slot.wake ? 0 : 1
        if outcome.slot == Slot.changes { coalescing.pauseIfBusy(unless: watcher.inotify) }
      }
      if hearing[outcome.slot] == .waiting, Engine.traits.tellsReadiness {
        hearing[outcome.slot] = .announced
        // What happened to names comes before what is in files; the file that is likely to have
        // changed comes before what is known of it.
        guard outcome.slot == Slot.changes else {
          return try readEvents(outcome.slot, &driver, pool)
        }
        return watcher.expectChange()
      }
      hearing[outcome.slot] = .deaf
      takeEvents(
        outcome.slot, UnsafeRawBufferPointer(pool.bytes(outcome.slot, 0..<outcome.count)))
    case fileSlot where outcome.direction == .read:
      try finishRead(outcome, &driver, pool)
    case fileSlot:
      finishWrite(outcome, pool)
    case spareSlot:
      try takeExpected(outcome, &driver, pool)
    default:
      try finishStream(outcome, &driver, pool)
    }
  }

  private mutating func takeEvents(_ slot: Int, _ bytes: UnsafeRawBufferPointer) {
    switch slot {
    case Slot.names:
      watcher.take(bytes)
      if isFinishing { flushAll() }
    case Slot.changes:
      watcher.takeChanges(bytes)
    default:
      for byte in bytes { wake(byte) }
      return
    }
    if activity.waitsForOutput { watcher.lookAtReady() }
  }

  private mutating func wake(_ byte: UInt8) {
    switch Wake(rawValue: byte) {
    case .outputGone: output.readerLeft = true
    case .processesGone: finish()
    case .report: reportsNow = true
    case nil: break
    }
  }

  /// Looks once more at everything, lets unfinished lines out, and ends.
  private mutating func finish() {
    isFinishing = true
    for case let stream? in streams { stream.opening?.end() }
    watcher.beatLast()
    flushAll()
  }

  private func flushAll() {
    for source in watcher.sources {
      for generation in source.generations {
        generation.mustFlush = true
        generation.isDirty = true
      }
    }
  }

  /// Lets lines out that nobody has finished for long; says whether there were some.
  private mutating func releaseHeldBack(_ now: Nanoseconds) -> Bool {
    guard !heldBack.isEmpty else { return false }
    let count = heldBack.count
    heldBack.removeAll { generation in
      guard let since = generation.heldBackSince, !generation.hasEnded else { return true }
      guard now - since >= Generation.patience else { return false }
      generation.mustFlush = true
      generation.isDirty = true
      return true
    }
    return heldBack.count < count
  }
}
