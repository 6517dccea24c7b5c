internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// Reading files that are followed, and taking their lines.
extension FaninJob {
  /// Reads the next file, if its lines would find room.
  mutating func pumpFiles<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard files.isIdle, !blocks.isFull, linesLeft > 0, let watcher = sources.watcher else { return }
    if options.order == .window, window.bytes >= options.memory / 2 { return }
    while let source = watcher.nextSource() {
      guard let feed = files.feeds[source.index], let generation = source.next else { continue }
      generation.isDirty = false
      guard generation.kind.isPositional, let descriptor = watcher.descriptor(of: generation)
      else { continue }
      files.reading = (feed, generation, generation.epoch)
      generation.isBusy = true
      let endpoint = Endpoint(descriptor: descriptor, kind: generation.kind, position: .offset(0))
      return try driver.start(
        Request(
          direction: .read, endpoint: endpoint, offset: generation.readOffset,
          slot: layout.fileSlot, count: BufferLayout.fileSize, fills: false))
    }
  }

  /// Finds the lines in what a read has brought.
  mutating func finishFileRead<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let (feed, generation, epoch) = files.reading, let watcher = sources.watcher else {
      return
    }
    files.reading = nil
    generation.isBusy = false
    if let failure = outcome.failure { return failToRead(feed, generation, failure) }
    guard epoch == generation.epoch else {
      generation.isDirty = true
      return
    }
    let memory = UnsafeRawBufferPointer(pool.bytes(layout.fileSlot, 0..<BufferLayout.fileSize))
    switch generation.examine(memory, 0..<outcome.count) {
    case .again: generation.isDirty = true
    case .failed(let errno): failToRead(feed, generation, errno)
    case .nothing:
      if generation.mustFlush { flush(feed, generation, memory, at: outcome.count) }
      if files.pouring == nil {
        generation.heldBackSince = nil
        finishIfDelivered(generation)
        if generation.source.isDirty { watcher.again(generation.source) }
      }
    case .data(let range):
      if outcome.count == BufferLayout.fileSize { generation.isDirty = true }
      switch generation.precedence(of: generation.offset + Int64(range.count)) {
      case .unread:
        generation.isDirty = true
        watcher.again(generation.source)
      case .unfinished:
        files.postponed.append(generation)
      case .free(let end):
        let count = Int(end - generation.offset)
        if count < range.count { generation.isDirty = true }
        begin(range.prefix(count), feed, generation, memory)
      }
    }
  }

  private func failToRead(_ feed: Feed, _ generation: Generation, _ errno: Errno) {
    guard let watcher = sources.watcher else { return }
    if ending.isDraining || watcher.failToRead(generation) {
      settings.onNotice(.failure(.read, feed.title, errno))
    }
    if generation.source.isDirty { watcher.again(generation.source) }
  }

  private mutating func begin(
    _ range: Range<Int>, _ feed: Feed, _ generation: Generation, _ memory: UnsafeRawBufferPointer
  ) {
    arrived(feed, 0)
    roundBytes += range.count
    adopt(feed, generation)
    files.taken = range.lowerBound
    feed.assembler.begin(at: range.lowerBound)
    feed.assembler.take(range.count, memory)
    if generation.mustFlush, generation.seenSize - generation.offset <= Int64(range.count) {
      feed.assembler.finish(memory)
      generation.mustFlush = false
    } else if range.upperBound == BufferLayout.fileSize, !feed.assembler.hasLines {
      feed.assembler.absorb(memory)
    } else if feed.assembler.hasRest {
      if generation.heldBackSince == nil { generation.heldBackSince = Clock.monotonic }
    }
    advanceFile(feed, memory)
    if feed.assembler.hasLines || beginsPassing(feed, memory) {
      enqueue(feed)
    } else {
      finishPouring(memory)
    }
  }

  /// Each file of a name has lines of its own.
  private mutating func adopt(_ feed: Feed, _ generation: Generation) {
    files.pouring = feed
    files.generation = generation
    files.epoch = generation.epoch
    if sources.checkpoint != nil { generation.tellsDelivered() }
    let id = ObjectIdentifier(generation)
    if feed.assemblers[id] == nil { feed.assemblers[id] = factory.makeAssembler() }
    feed.assembler = feed.assemblers[id] ?? feed.assembler
  }

  /// Lets the beginning of a line out that lies apart from its file and that nobody will finish.
  private mutating func flush(
    _ feed: Feed, _ generation: Generation, _ memory: UnsafeRawBufferPointer, at index: Int
  ) {
    generation.mustFlush = false
    guard let assembler = feed.assemblers[ObjectIdentifier(generation)], assembler.hasRest else {
      return
    }
    adopt(feed, generation)
    files.taken = index
    assembler.begin(at: index)
    if assembler.isPassing {
      assembler.abandonPassing(isOut: passing === feed, memory)
    } else {
      assembler.finish(memory)
    }
    if assembler.hasLines { enqueue(feed) } else { finishPouring(memory) }
  }

  /// Counts what has been taken of the buffer as read.
  mutating func advanceFile(_ feed: Feed, _ memory: UnsafeRawBufferPointer) {
    guard files.pouring === feed, let generation = files.generation,
      files.epoch == generation.epoch, feed.assembler.start > files.taken
    else { return }
    let range = files.taken..<feed.assembler.start
    generation.advance(over: UnsafeRawBufferPointer(rebasing: memory[range]))
    feed.counts.received += Int64(range.count)
    files.taken = range.upperBound
  }

  /// Notes what of a file is in the blocks.
  mutating func markFile(_ feed: Feed, _ memory: UnsafeRawBufferPointer) {
    guard files.pouring === feed else { return }
    advanceFile(feed, memory)
    if let mark = fileMark(feed) { blocks.mark(mark) }
  }

  /// How far a file was read; nil where nobody asks.
  func fileMark(_ feed: Feed) -> FileMark? {
    guard sources.checkpoint != nil, files.pouring === feed, let generation = files.generation,
      files.epoch == generation.epoch
    else { return nil }
    // What lies apart has not gone out.
    guard feed.assembler.heldApart == 0 else { return nil }
    return FileMark(
      generation: generation, epoch: generation.epoch, offset: generation.offset,
      marker: generation.marker)
  }

  /// Gives the buffer free once all lines have gone out.
  mutating func finishPouring(_ pool: BufferPool) {
    finishPouring(
      UnsafeRawBufferPointer(pool.bytes(layout.fileSlot, 0..<BufferLayout.fileSize)))
  }

  private mutating func finishPouring(_ memory: UnsafeRawBufferPointer) {
    guard let feed = files.pouring, let generation = files.generation else { return }
    advanceFile(feed, memory)
    // In a window lines carry their places with them.
    if options.order != .window, let mark = fileMark(feed) { blocks.mark(mark) }
    files.pouring = nil
    files.generation = nil
    // The beginning of a line stays in its file, and is read again together with its end.
    feed.assembler.begin(at: 0)
    if !feed.assembler.hasRest { feed.assemblers[ObjectIdentifier(generation)] = nil }
    keepDamage(feed)
    finishIfDelivered(generation)
    if generation.source.isDirty { sources.watcher?.again(generation.source) }
  }

  private func keepDamage(_ feed: Feed) {
    guard !feed.assemblers.values.contains(where: { $0 === feed.assembler }) else { return }
    feed.pastDamage.add(feed.assembler.damage)
    feed.assembler = factory.makeAssembler()
  }

  /// Ends a file of which nothing more can come, once all of it was accepted.
  func finishIfDelivered(_ generation: Generation) {
    guard generation.settledOffset == generation.offset else { return }
    sources.watcher?.finishIfOver(generation)
  }

  /// Takes note of what was accepted.
  func settle(_ mark: FileMark) {
    mark.generation.settle(mark.offset, mark.marker)
  }
}
