internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// Following, on whichever engine was chosen: waits for what happens first, and passes bytes on.
///
/// One buffer is for events, one for wake-ups, one for the file whose turn it is, and one for each
/// FIFO or device. Nothing waits for standard output alone: while it takes its time, events go on
/// being taken, so that no file comes and goes unseen.
struct FollowJob: DriverJob {
  /// Places of buffers.
  enum Slot {
    static let names = 0, changes = 1, wake = 2, file = 3, firstStream = 4
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
  /// FIFOs and devices, by their buffers.
  var streams: [FollowStream?] = []
  /// Generations with an unfinished line that is held back.
  var heldBack: [Generation] = []
  var isFinishing = false
  /// How often events and beats have ended a wait.
  var wakeUps = 0
  private var reportsNow = false
  /// How often in a row reading was put off because there was news of names.
  private var postponements = 0
  private static let mostPostponements = 64
  var coalescing = Coalescing()

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
    for outcome in driver.finished() where outcome.direction == .write {
      if outcome.slot == Slot.file { finishWrite(outcome, pool) }
    }
    settings.onProgress(true)
    output.wakeUps = wakeUps
    output.metrics = driver.metrics
    output.counters = driver.counters
    return output
  }

  private mutating func follow<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    watcher.begin()
    // The engine is new: it knows nothing of numbers that others may have got since.
    _ = watcher.takeClosed()
    // A name may come and go within the turn of a busy writer.
    try? System.requestShortTurns()
    if let inotify = watcher.inotify { try listen(inotify, Slot.names, &driver, pool) }
    if let changes = watcher.changes { try listen(changes, Slot.changes, &driver, pool) }
    try listen(settings.wake, Slot.wake, &driver, pool)
    var beat = Clock.monotonic + settings.interval
    var lastPoll = Clock.monotonic
    while true {
      for descriptor in watcher.takeClosed() { driver.forget(descriptor) }
      try openStreams(&driver, pool)
      if postponements == 0 { try pump(&driver, pool) }
      if isOver() { return }
      if isIdle { coalescing.beginsToWait() }
      // Where calls end at once, events would have to wait for the end of all that is to be read.
      if !driver.hasOutcomes {
        lastPoll = .max
      } else {
        let now = Clock.monotonic
        if now - lastPoll > Self.longestDeafness {
          try driver.poll()
          lastPoll = now
        }
        lastPoll = min(lastPoll, now)
      }
      for outcome in try driver.next(until: deadline(beat)) { try take(outcome, &driver, pool) }
      if reportsNow {
        reportsNow = false
        output.wakeUps = wakeUps
        output.metrics = driver.metrics
        output.counters = driver.counters
        settings.onReport(output)
      }
      let now = Clock.monotonic
      if now >= beat {
        wakeUps += 1
        watcher.beat()
        try retryStreams(&driver, pool)
        beat = now + settings.interval
      }
      releaseHeldBack(now)
      settings.onProgress(false)
    }
  }

  private static let longestDeafness: Nanoseconds = 100_000

  private var isIdle: Bool {
    if case .idle = activity { true } else { false }
  }

  /// Whether there is nothing left to do.
  private mutating func isOver() -> Bool {
    if output.readerLeft || output.failure != nil { return true }
    guard isIdle, nextFirst == first.count, !streams.contains(where: { $0?.hasData == true })
    else { return false }
    if isFinishing { return true }
    guard !watcher.isAlive else { return false }
    output.noFilesRemain = true
    return true
  }

  private func deadline(_ beat: Nanoseconds) -> Nanoseconds {
    let release = heldBack.compactMap(\.heldBackSince).min().map { $0 + FollowSettings.patience }
    return min(beat, release ?? beat)
  }

  private func listen<Engine: IOEngine & ~Copyable>(
    _ descriptor: FileDescriptor, _ slot: Int, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    let endpoint = Endpoint(descriptor: descriptor, kind: .anonymous, position: .stream)
    try driver.start(
      Request(
        direction: .read, endpoint: endpoint, offset: nil, slot: slot,
        count: min(pool.bufferSize, 64 << 10), fills: false,
        isMeasured: slot == Slot.changes))
  }

  private mutating func take<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    switch outcome.slot {
    case Slot.names, Slot.changes:
      if let failure = outcome.failure { throw failure }
      wakeUps += 1
      let bytes = UnsafeRawBufferPointer(pool.bytes(outcome.slot, 0..<outcome.count))
      if outcome.slot == Slot.names {
        watcher.take(bytes)
        if let inotify = watcher.inotify { try listen(inotify, Slot.names, &driver, pool) }
        // Files are read in order, which more events may change; a flood of them must not stop it.
        postponements = watcher.hasMoreEvents ? postponements + 1 : 0
        if postponements > Self.mostPostponements { postponements = 0 }
      } else {
        watcher.takeChanges(bytes)
        coalescing.pauseIfBusy(unless: watcher.inotify)
        if let changes = watcher.changes { try listen(changes, Slot.changes, &driver, pool) }
      }
      if !isIdle { watcher.lookAtReady() }
    case Slot.wake:
      for byte in pool.bytes(Slot.wake, 0..<outcome.count) { wake(byte) }
      try listen(settings.wake, Slot.wake, &driver, pool)
    case Slot.file where outcome.direction == .read:
      try finishRead(outcome, &driver, pool)
    case Slot.file:
      finishWrite(outcome, pool)
    default:
      try finishStream(outcome, &driver, pool)
    }
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
    watcher.beat()
    for source in watcher.sources {
      for generation in source.generations {
        generation.mustFlush = true
        generation.isDirty = true
      }
    }
  }

  /// Lets lines out that nobody has finished for long.
  private mutating func releaseHeldBack(_ now: Nanoseconds) {
    guard !heldBack.isEmpty else { return }
    heldBack.removeAll { generation in
      guard let since = generation.heldBackSince, !generation.hasEnded else { return true }
      guard now - since >= FollowSettings.patience else { return false }
      generation.mustFlush = true
      generation.isDirty = true
      return true
    }
  }

  /// Whether output comes from one place alone, so that no other can interrupt an unfinished line.
  var hasOneSource: Bool {
    var count = 0
    for source in watcher.sources {
      count += source.generations.count
      if count > 1 { return false }
    }
    return true
  }
}

/// What is being read or written; there is one output, so it is one thing at a time.
enum Activity {
  case idle
  case reading(Generation, epoch: Int)
  case writing(Generation, epoch: Int, payload: Range<Int>)
  /// A header alone.
  case heading
  /// The first part of a file that another source goes on reading.
  case copying, printing(count: Int)
  /// What a FIFO or device has sent.
  case streaming(slot: Int, count: Int)
}

/// The first output of one source.
struct FirstPart {
  var source: Source
  /// The file, and the part of it to print, when another source goes on reading that; else the end of
  /// what comes before the next source's turn.
  var generation: Generation?
  var range: Range<Int64>
  var isShared: Bool
  /// That of the generation when its end was noted.
  var epoch = 0
}

/// What a follow needs beside its options.
struct FollowSettings {
  /// How long an unfinished line may keep others waiting, in nanoseconds.
  static let patience: Nanoseconds = 1_000_000_000
  /// Room in front of the data of a buffer for a header.
  static let headerRoom = 8 << 10

  /// The size of a stream's buffer in bytes.
  var streamSize: Int
  var output: Endpoint
  var countsLines: Bool
  var interval: Nanoseconds
  var latency: Nanoseconds
  /// The read end of the pipe by which the loop is woken.
  var wake: FileDescriptor
  /// Prints a report on what happened so far.
  var onReport: (FollowJob.Output) -> Void
  /// Told of bytes that are about to be written, with the offset behind them.
  var willSend: (Generation, Int64) -> Void
  /// Told when they were accepted.
  var didSend: (Generation) -> Void
  /// Told of files that cannot be read any more.
  var onFailure: (IOFailure) -> Void
  /// Told when the state has changed, and with true at the end.
  var onProgress: (Bool) -> Void
}

/// Gathers changes when they come so fast that each alone costs more than it is worth.
struct Coalescing {
  var latency: Nanoseconds = 0
  private var streak = 0
  private var waitsSince: Nanoseconds = 0
  private static let longestStreak = 8

  /// Takes note that there is nothing left to do.
  mutating func beginsToWait() {
    if waitsSince == 0 { waitsSince = Clock.monotonic }
  }

  /// Lets more come together, when changes have come again and again without a pause.
  ///
  /// - Parameter names: What ends the pause when something comes of it.
  mutating func pauseIfBusy(unless names: FileDescriptor?) {
    let waited = waitsSince == 0 ? 0 : Clock.monotonic - waitsSince
    waitsSince = 0
    streak = waited < latency / 4 ? streak + 1 : 0
    guard streak >= Self.longestStreak, latency > 0 else { return }
    guard let names else { return System.pause(nanoseconds: latency) }
    // A signal ends the pause early, which is as good.
    _ = try? System.waitUntilReady(names, forWriting: false, timeout: latency)
  }
}
