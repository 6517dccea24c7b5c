internal import DequeModule
internal import Glibc
internal import HeapModule
internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// How the job comes to its end.
struct Ending {
  /// Whether only what is there already goes out, and until when.
  var isDraining = false
  var deadline = Nanoseconds.max
  /// When the job began.
  let began = Clock.monotonic
  /// Whether nothing more goes out but the line that is going out.
  private(set) var isStopping = false

  /// What a signal asks for.
  enum Wish {
    /// That what is there goes out; the line that is going out; nothing.
    case drain, finishLine, now
  }

  /// How often it is looked whether sources have run dry.
  static let look: Nanoseconds = 10_000_000

  /// How long the line that is going out may take.
  static let grace: Nanoseconds = 250_000_000

  /// Takes note of a signal. Whoever is at a keyboard wants an end at once, and so does whoever asks twice.
  mutating func takeWish() -> Wish {
    guard let signal = Termination.requested, !isStopping else { return .now }
    Termination.postpone()
    if signal == SIGTERM, !isDraining { return .drain }
    isStopping = true
    return .finishLine
  }
}

/// Time and ends.
extension FaninJob {
  /// Until when to wait for something to happen.
  mutating func deadline() -> Nanoseconds? {
    let now = Clock.monotonic
    var times: [Nanoseconds?] = [
      sources.watcher == nil ? nil : files.beat, retries.min?.time, unfinished.min?.time,
      options.order == .window ? nextRelease(now) : nil,
      ending.isDraining ? min(ending.deadline, now + Ending.look) : nil,
      sources.globs?.needsLook == true && !ending.isDraining ? files.look : nil,
      sources.children.awaitsStatus ? now + Ending.look : nil,
      sources.listeners.isEmpty ? nil : now + options.interval,
      sources.listeners.lazy.compactMap(\.nextLook).filter { $0 > now }.min(),
    ]
    if nextStats != .max { times.append(nextStats) }
    if let idle = options.untilIdle { times.append(lastArrival + idle) }
    // A window that is full of what cannot go out has nothing to wait for but its room.
    if options.order == .window, blocks.isFull { times[3] = nil }
    return times.compactMap(\.self).min()
  }

  /// Does what is due at this time.
  mutating func keepTime<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    let now = Clock.monotonic
    try beat(now, &driver, pool)
    try reconnect(now, &driver, pool)
    flushUnfinished(now, pool)
    if now >= nextStats {
      nextStats = now + (options.statsEvery ?? .max)
      countAllDrops()
      settings.onStats()
    }
    for listener in sources.listeners where !listener.isWaiting {
      if now >= listener.nextLook ?? 0 { try begin(listener, &driver) }
    }
    if sources.children.awaitsStatus { sources.children.reap() }
    if let idle = options.untilIdle, now - lastArrival >= idle, !hasWork {
      try drain(&driver, pool)
    }
    if ending.isDraining { try endDrySources(&driver, pool) }
    settings.onProgress(false)
  }

  /// Whether lines are on their way out.
  private var hasWork: Bool {
    !ready.isEmpty || !merging.heads.isEmpty || !merging.arrived.isEmpty || !window.isEmpty
      || !blocks.isEmpty
  }

  /// From now on takes only what is there already.
  mutating func drain<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard !ending.isDraining else { return }
    ending.isDraining = true
    ending.deadline = Clock.monotonic + options.drainTimeout
    try closeListeners(&driver)
    for retry in retries.unordered { retry.subject.hasEnded = true }
    retries = Heap()
    for case .connector(let connector)? in occupants { try driver.cancel(connector.slot) }
    finishFiles()
    try driver.poll()
    try endDrySources(&driver, pool)
  }

  /// Ends sources from which nothing more can be read right now.
  private mutating func endDrySources<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    // What has been read already must not be taken for what was not there.
    guard !driver.hasOutcomes else { return }
    for case .feed(let feed)? in occupants where feed.activity != .idle && hasRunDry(feed) {
      try driver.cancel(feed.slot)
    }
  }

  /// Waits for the end of the block that is being written, and of the line that goes on behind it, so that the
  /// last line is whole where anybody reads it.
  mutating func finishLine<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>
  ) throws(Errno) {
    let limit = Clock.monotonic + Ending.grace
    while blocks.isMidLine, !output.readerLeft, output.failure == nil {
      try write(&driver)
      for outcome in try driver.next(until: limit) where isOutput(outcome) { finishWrite(outcome) }
      guard Clock.monotonic >= limit else { continue }
      return settings.onNotice(
        .message("standard output has taken no more: its last line may be cut"))
    }
  }

  /// Whether there is nothing left to do.
  mutating func isOver<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) -> Bool {
    if output.readerLeft || output.failure != nil { return true }
    if linesLeft == 0 { return blocks.isEmpty }
    if ending.isDraining, Clock.monotonic >= ending.deadline {
      if hasWork || hasLiveSources {
        settings.onNotice(.message("the time for what was left is over: not all of it went out"))
      }
      return true
    }
    return !hasWork && !hasLiveSources
  }

  /// Whether anything can still come.
  private var hasLiveSources: Bool {
    if layout.slotCount - layout.firstFeed > freeSlots.count || sources.children.awaitsStatus {
      return true
    }
    if ending.isDraining { return filesHaveMore }
    if !sources.listeners.isEmpty || !retries.isEmpty { return true }
    if sources.connectors.contains(where: { $0.slot >= 0 }) { return true }
    if sources.globs?.hasPatterns == true { return true }
    return sources.watcher?.isAlive == true
  }
}
