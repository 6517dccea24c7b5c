internal import DequeModule
internal import HeapModule
internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// Reading streams.
extension FaninJob {
  /// Begins to read a source.
  mutating func begin<Engine: IOEngine & ~Copyable>(
    _ feed: Feed, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let endpoint = feed.endpoint else { return }
    guard let slot = freeSlots.popLast() else {
      settings.onNotice(.failed(feed.title, "there are too many sources to read this one"))
      feed.hasEnded = true
      return
    }
    feed.slot = slot
    feed.buffer = layout.shares ? -1 : slot
    occupants[slot] = .feed(feed)
    if options.order == .window { window.watermark.expect(feed) }
    // A FIFO that nobody has opened for writing yet reads as if it had ended.
    guard feed.takesRecords || endpoint.kind == .pipe else {
      return try read(feed, &driver, pool)
    }
    feed.activity = .waiting
    try driver.start(.wait(.read, endpoint, slot: slot))
  }

  /// Reads on where all lines have gone.
  mutating func read<Engine: IOEngine & ~Copyable>(
    _ feed: Feed, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard feed.activity == .idle, !feed.hasEnded, feed.slot >= 0, let endpoint = feed.endpoint
    else { return }
    if feed.takesRecords {
      guard !mustWait(feed) else { return heldSockets.append(feed) }
      feed.activity = .waiting
      return try driver.start(.wait(.read, endpoint, slot: feed.slot))
    }
    guard !feed.assembler.hasLines else { return }
    if layout.shares { return try readShared(feed, endpoint, &driver, pool) }
    let memory = buffer(of: feed, pool)
    feed.assembler.compact(memory)
    if feed.assembler.end == memory.count {
      feed.assembler.absorb(UnsafeRawBufferPointer(memory))
      feed.assembler.compact(memory)
    }
    feed.activity = .reading
    let start = feed.assembler.end
    try driver.start(
      Request(
        direction: .read, endpoint: endpoint, offset: feed.offset, slot: feed.slot, start: start,
        count: memory.count - start, fills: false))
  }

  /// Takes in what a read has brought.
  mutating func finishRead<Engine: IOEngine & ~Copyable>(
    _ feed: Feed, _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    let wasWaiting = feed.activity == .waiting
    feed.activity = .idle
    output.wakeUps += 1
    if outcome.failure == .wouldBlock { return try read(feed, &driver, pool) }
    if let failure = outcome.failure { return try fail(feed, failure, &driver, pool) }
    if wasWaiting {
      if feed.takesRecords { return try receive(feed, &driver, pool) }
      return layout.shares ? try fillShared(feed, &driver) : try read(feed, &driver, pool)
    }
    guard outcome.count > 0 else { return try end(feed, &driver, pool) }
    arrived(feed, outcome.count)
    if let offset = feed.offset { feed.offset = offset + Int64(outcome.count) }
    let memory = buffer(of: feed, pool)
    feed.assembler.take(outcome.count, UnsafeRawBufferPointer(memory))
    noteRest(feed)
    if feed.assembler.hasLines || beginsPassing(feed, UnsafeRawBufferPointer(memory)) {
      enqueue(feed)
    } else if !(ending.isDraining && hasRunDry(feed)) {
      try read(feed, &driver, pool)
    } else {
      try end(feed, &driver, pool)
    }
  }

  /// Takes note that something has come.
  mutating func arrived(_ feed: Feed, _ count: Int) {
    feed.counts.received += Int64(count)
    roundBytes += count
    if needsArrival {
      feed.lastArrival = Clock.monotonic
      feed.arrivedAt = Clock.calendar
      lastArrival = feed.lastArrival
    }
    feed.connector?.hasWorked()
  }

  /// Whether it matters when lines have come; the clock is looked at only then.
  private var needsArrival: Bool {
    options.untilIdle != nil || options.order == .window || options.time == .arrival
      || options.onFull != .block || options.partialFlush != nil
  }

  /// Takes note of a line that is not finished.
  mutating func noteRest(_ feed: Feed) {
    guard let limit = options.partialFlush else { return }
    if !feed.assembler.hasRest {
      feed.unfinishedSince = 0
    } else if feed.unfinishedSince == 0 || feed.assembler.hasLines {
      feed.unfinishedSince = Clock.monotonic
      guard !feed.awaitsFlush else { return }
      feed.awaitsFlush = true
      unfinished.insert(Due(time: feed.unfinishedSince + limit, subject: feed))
    }
  }

  /// Lets lines out that nobody has finished for long.
  mutating func flushUnfinished(_ now: Nanoseconds, _ pool: BufferPool) {
    guard let limit = options.partialFlush else { return }
    while let first = unfinished.min, first.time <= now {
      _ = unfinished.removeMin()
      let feed = first.subject
      feed.awaitsFlush = false
      guard feed.unfinishedSince > 0, !feed.hasEnded, feed.slot >= 0 else { continue }
      guard now - feed.unfinishedSince >= limit else {
        // That line has ended, and another one begun.
        feed.awaitsFlush = true
        unfinished.insert(Due(time: feed.unfinishedSince + limit, subject: feed))
        continue
      }
      // While a read is in flight the buffer behind what is there is the kernel's.
      feed.unfinishedSince = 0
      let memory = UnsafeRawBufferPointer(buffer(of: feed, pool))
      if feed.assembler.isPassing {
        endPassing(feed, pool)
      } else if feed.assembler.finish(memory) {
        enqueue(feed)
      }
    }
  }

  mutating func fail<Engine: IOEngine & ~Copyable>(
    _ feed: Feed, _ errno: Errno, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    // Whoever leaves without a word resets the connection; a terminal that is gone says EIO.
    switch errno {
    case .canceled, .connectionReset: break
    case .timedOut:
      settings.onNotice(.about(feed.title, "the other end of the connection is gone"))
    default: settings.onNotice(.failure(.read, feed.title, errno))
    }
    try end(feed, &driver, pool)
  }

  /// Nothing more will come from a source: what is left of it goes out.
  mutating func end<Engine: IOEngine & ~Copyable>(
    _ feed: Feed, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard !feed.hasEnded else { return }
    feed.hasEnded = true
    if feed.slot >= 0, !feed.takesRecords {
      let memory = UnsafeRawBufferPointer(buffer(of: feed, pool))
      if feed.assembler.isPassing {
        endPassing(feed, pool)
      } else {
        feed.assembler.finish(memory)
      }
    }
    if feed.hasLines { enqueue(feed) } else { try retire(feed, &driver, pool) }
  }

  /// Lets go of a source whose lines have all gone out.
  mutating func retire<Engine: IOEngine & ~Copyable>(
    _ feed: Feed, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    if options.order == .merge { merging.end(feed) }
    guard feed.slot >= 0, feed.activity == .idle else { return }
    if let descriptor = feed.endpoint?.descriptor {
      countDrops(of: feed)
      driver.forget(descriptor)
      if descriptor != .standardInput, feed.ownsDescriptor { try? System.close(descriptor) }
    }
    giveBack(feed, pool)
    occupants[feed.slot] = nil
    freeSlots.append(feed.slot)
    (feed.slot, feed.buffer) = (-1, -1)
    feed.endpoint = nil
    if let generation = feed.stream {
      feed.stream = nil
      feed.hasEnded = false
      sources.watcher?.endStream(generation)
      _ = sources.watcher?.takeClosed()
    }
    if let listener = feed.listener {
      listener.connections -= 1
      factory.remove(feed, from: listener.feed)
      try begin(listener, &driver)
    } else if let connector = feed.connector {
      scheduleAgain(connector)
    } else if feed.process != nil {
      sources.children.ended(feed)
    }
  }

  /// Reads sources on whose lines have gone.
  ///
  /// - Returns: Whether some of them have more lines already.
  mutating func refill<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) -> Bool {
    while let feed = stashed.popLast() { try read(feed, &driver, pool) }
    if let first = heldSockets.first, !mustWait(first) {
      let feeds = heldSockets
      heldSockets.removeAll(keepingCapacity: true)
      for feed in feeds { try read(feed, &driver, pool) }
    }
    guard !drained.isEmpty else {
      try fillThirsty(&driver)
      return false
    }
    let feeds = drained
    drained.removeAll(keepingCapacity: true)
    for feed in feeds where !feed.isQueued {
      if files.pouring === feed { finishPouring(pool) }
      if feed.hasEnded {
        try retire(feed, &driver, pool)
      } else if ending.isDraining, feed.activity == .idle, feed.slot >= 0, hasRunDry(feed) {
        try end(feed, &driver, pool)
      } else {
        try read(feed, &driver, pool)
      }
    }
    try fillThirsty(&driver)
    return !ready.isEmpty || !merging.arrived.isEmpty
      || options.order == .merge && merging.awaited == 0 && !merging.heads.isEmpty
  }

  /// Whether nothing is there to be read right now.
  func hasRunDry(_ feed: Feed) -> Bool {
    guard let endpoint = feed.endpoint, !endpoint.kind.isPositional else { return false }
    return ((try? System.readableBytes(endpoint.descriptor)) ?? 0) == 0
  }
}
