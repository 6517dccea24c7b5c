internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// What is done with the buffer for files.
struct FileActivity {
  /// Which file is being read.
  var reading: (feed: Feed, generation: Generation, epoch: Int)?
  /// Whose lines are in the buffer, and of which file.
  var pouring: Feed?
  var generation: Generation?
  var epoch = 0
  /// Everything of the buffer before this has been counted as read.
  var taken = 0
  /// Sources by the number of what is followed.
  var feeds: [Int: Feed] = [:]
  /// Files that wait for the end of a line in a former one.
  var postponed: [Generation] = []
  /// When all names are looked at next, and from when on directories may be.
  var beat = Nanoseconds.max, look: Nanoseconds = 0

  var isIdle: Bool { reading == nil && pouring == nil }
}

/// Looks at many names, which must not take all the time there is.
enum Pacing {
  /// When to look next.
  ///
  /// - Parameters:
  ///   - interval: How long to wait at least, in nanoseconds.
  ///   - began: When the look began that is over now.
  /// - Returns: A time of ``Clock/monotonic``.
  static func next(after interval: Nanoseconds, began: Nanoseconds) -> Nanoseconds {
    let now = Clock.monotonic
    return now + max(interval, 4 * (now - began))
  }
}

/// Files that are followed, one read at a time.
extension FaninJob {
  mutating func beginFiles<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    for feed in sources.feeds {
      guard let file = feed.file else { continue }
      files.feeds[file.index] = feed
      if options.order == .window { window.watermark.expect(feed) }
    }
    guard let watcher = sources.watcher else { return }
    watcher.begin()
    _ = watcher.takeClosed()
    try? System.requestShortTurns()
    files.beat = Clock.monotonic + options.interval
    if let inotify = watcher.inotify {
      try listen(inotify, BufferLayout.names, &driver, pool)
    }
    if let changes = watcher.changes {
      try listen(changes, BufferLayout.changes, &driver, pool)
    }
    if let globs = sources.globs?.inotify { try listen(globs, BufferLayout.globs, &driver, pool) }
    try lookForFiles(&driver, pool)
  }

  /// Takes events of names, of files, or of directories in.
  mutating func takeEvents<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let watcher = sources.watcher else { return }
    let bytes = UnsafeRawBufferPointer(pool.bytes(outcome.slot, 0..<outcome.count))
    switch outcome.slot {
    case BufferLayout.names:
      watcher.take(bytes)
      if ending.isDraining { flushFiles() }
      if let inotify = watcher.inotify {
        try listen(inotify, BufferLayout.names, &driver, pool)
      }
    case BufferLayout.changes:
      watcher.takeChanges(bytes)
      coalescing.pauseIfBusy(unless: watcher.inotify)
      if let changes = watcher.changes {
        try listen(changes, BufferLayout.changes, &driver, pool)
      }
    default:
      sources.globs?.take(bytes)
      if let globs = sources.globs?.inotify {
        try listen(globs, BufferLayout.globs, &driver, pool)
      }
      try lookForFiles(&driver, pool)
    }
    takeUpPostponed()
    if !files.isIdle { watcher.lookAtReady() }
  }

  /// Finds files that patterns name now, and FIFOs that names lead to.
  private mutating func lookForFiles<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let watcher = sources.watcher else { return }
    let now = Clock.monotonic
    if !ending.isDraining, let globs = sources.globs, globs.needsLook, now >= files.look {
      for path in globs.newMatches() { addFile(path, to: watcher) }
      files.look = Pacing.next(after: 0, began: now)
    }
    while let generation = watcher.nextStream() {
      // What cannot be cancelled keeps the buffer that it was given.
      guard !ending.isDraining || Engine.traits.cancels,
        let feed = files.feeds[generation.source.index], feed.slot < 0,
        let descriptor = generation.descriptor
      else {
        watcher.endStream(generation)
        continue
      }
      feed.stream = generation
      hasStreams = true
      feed.ownsDescriptor = false
      feed.hasEnded = false
      feed.endpoint = Endpoint(
        descriptor: descriptor, kind: generation.kind, position: .stream)
      try begin(feed, &driver, pool)
    }
  }

  private mutating func addFile(_ path: FilePath, to watcher: Watcher) {
    let (source, failure) = watcher.add(path)
    if let failure {
      // It has gone again already; if it comes back it is read.
      if failure != .noSuchFileOrDirectory {
        settings.onNotice(.io(IOFailure(.openForReading, path, failure)))
      }
    }
    if let checkpoint = sources.checkpoint, let former = checkpoint.positions(of: source.pathBytes)
    {
      watcher.resume(source, at: former, checkpoint)
    }
    let feed = factory.make(FeedTitle(path: path), file: source)
    feed.isMatch = true
    files.feeds[source.index] = feed
    if options.order == .window { window.watermark.expect(feed) }
  }

  /// Forgets names of patterns that have led nowhere for long, so that names that rotate take no more and more
  /// memory.
  private mutating func forgetMatches() {
    guard let watcher = sources.watcher, let globs = sources.globs else { return }
    var gone: [Feed] = []
    for feed in files.feeds.values where feed.isMatch {
      guard let source = feed.file, globs.hasLost(source.pathBytes), watcher.isGone(source),
        feed.slot < 0, !feed.hasLines, feed.linesInWindow == 0, blocks.isEmpty
      else {
        feed.looksInVain = 0
        continue
      }
      feed.looksInVain += 1
      if feed.looksInVain >= Self.mostLooksInVain { gone.append(feed) }
    }
    guard !gone.isEmpty else { return }
    for feed in gone {
      guard let source = feed.file else { continue }
      sources.checkpoint?.retain(source, of: watcher)
      globs.forget(source.pathBytes)
      files.feeds[source.index] = nil
      factory.remove(feed, from: nil)
    }
    watcher.remove(gone.compactMap(\.file))
  }

  private static let mostLooksInVain = 10

  /// Looks at everything, as is due once in every interval.
  mutating func beat<Engine: IOEngine & ~Copyable>(
    _ now: Nanoseconds, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let watcher = sources.watcher else { return }
    if sources.globs?.needsLook == true, now >= files.look { try lookForFiles(&driver, pool) }
    guard now >= files.beat else { return }
    defer { files.beat = Pacing.next(after: options.interval, began: now) }
    watcher.beat()
    releaseHeldBack(now)
    takeUpPostponed()
    sources.globs?.mustLook()
    try lookForFiles(&driver, pool)
    forgetMatches()
  }

  /// Tells the engine of descriptors that are closed.
  mutating func forgetClosed<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>
  ) throws(Errno) {
    guard let watcher = sources.watcher else { return }
    for descriptor in watcher.takeClosed() { driver.forget(descriptor) }
  }

  /// Lets lines out that nobody has finished for long.
  private mutating func releaseHeldBack(_ now: Nanoseconds) {
    guard let limit = options.partialFlush, let watcher = sources.watcher else { return }
    for source in watcher.sources {
      for generation in source.generations {
        guard let since = generation.heldBackSince, now - since >= limit else { continue }
        generation.heldBackSince = nil
        generation.mustFlush = true
        generation.isDirty = true
      }
    }
  }

  private mutating func takeUpPostponed() {
    for generation in files.postponed where !generation.hasEnded { generation.isDirty = true }
    files.postponed.removeAll()
  }

  /// Has all files read to their ends, with what nobody has finished.
  mutating func finishFiles() {
    sources.watcher?.beatLast()
    flushFiles()
  }

  private func flushFiles() {
    guard let watcher = sources.watcher else { return }
    for source in watcher.sources {
      for generation in source.generations where generation.kind.isPositional {
        generation.mustFlush = true
        generation.isDirty = true
      }
    }
  }

  /// Whether files have more to give.
  var filesHaveMore: Bool {
    guard let watcher = sources.watcher else { return false }
    return !files.isIdle || watcher.awaitsEvents || watcher.sources.contains { $0.isDirty }
  }
}
