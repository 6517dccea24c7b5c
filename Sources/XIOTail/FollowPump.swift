internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// Passing on what files have: one read, one write, then the next file's turn.
extension FollowJob {
  private var room: Int { FollowSettings.headerRoom }

  /// Begins what is to be done next, when nothing is being done.
  mutating func pump<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    while case .idle = activity, !output.readerLeft, output.failure == nil {
      if nextFirst < first.count {
        try printFirst(&driver, pool)
      } else if let index = streams.firstIndex(where: { $0?.opening?.isOver == true }) {
        try writeOpening(index, &driver, pool)
      } else if let slot = streams.firstIndex(where: { $0?.hasData == true }) {
        try writeStream(slot, &driver, pool)
      } else if let source = watcher.nextSource() {
        guard let generation = source.next else { continue }
        try read(generation, &driver, pool)
      } else {
        return
      }
    }
  }

  /// Prints what comes before following: each source in turn, with its header even if it is empty.
  private mutating func printFirst<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    let part = first[nextFirst]
    if printer.needsHeader(part.source) {
      let header = printer.prefix(for: part.source, ObjectIdentifier(part.source))
      fill(pool, header, before: room)
      activity = .heading
      try write(room - header.count, header.count, .verbatim, &driver)
      return
    }
    guard let generation = part.generation, !generation.hasEnded, !part.range.isEmpty,
      let descriptor = watcher.descriptor(of: generation)
    else {
      nextFirst += 1
      return
    }
    if !part.isShared {
      if generation.offset < part.range.upperBound, generation.epoch == part.epoch {
        try read(generation, &driver, pool)
      } else {
        nextFirst += 1
      }
      return
    }
    activity = .copying
    let count = min(Int64(pool.bufferSize - room), part.range.upperBound - part.range.lowerBound)
    try driver.start(
      Request(
        direction: .read,
        endpoint: Endpoint(descriptor: descriptor, kind: generation.kind, position: .offset(0)),
        offset: part.range.lowerBound, slot: fileSlot, start: room, count: Int(count),
        fills: false))
  }

  private mutating func read<Engine: IOEngine & ~Copyable>(
    _ generation: Generation, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    generation.isDirty = false
    guard generation.kind.isPositional, let descriptor = watcher.descriptor(of: generation) else {
      return
    }
    activity = .reading(generation, epoch: generation.epoch)
    generation.isBusy = true
    let endpoint = Endpoint(descriptor: descriptor, kind: generation.kind, position: .offset(0))
    try driver.start(
      Request(
        direction: .read, endpoint: endpoint, offset: generation.readOffset, slot: fileSlot,
        start: room, count: pool.bufferSize - room, fills: false))
  }

  /// Passes on what a read has brought.
  mutating func finishRead<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    if case .copying = activity { return try finishCopying(outcome, &driver, pool) }
    guard case .reading(let generation, let epoch) = activity else { return }
    activity = .idle
    generation.isBusy = false
    if let failure = outcome.failure { return failToRead(generation, failure) }
    guard epoch == generation.epoch else {
      generation.isDirty = true
      return
    }
    let memory = UnsafeRawBufferPointer(pool.bytes(fileSlot, 0..<pool.bufferSize))
    switch generation.examine(memory, room..<room + outcome.count) {
    case .again: generation.isDirty = true
    case .failed(let errno): failToRead(generation, errno)
    case .nothing:
      generation.heldBackSince = nil
      watcher.finishIfOver(generation)
      requeue(generation)
    case .data(let range):
      if outcome.count == pool.bufferSize - room { generation.isDirty = true }
      try pass(range, of: generation, memory, &driver, pool)
    }
  }

  private func failToRead(_ generation: Generation, _ errno: Errno) {
    if isFinishing || watcher.failToRead(generation) {
      settings.onFailure(IOFailure(.read, generation.source.path, errno))
    }
    requeue(generation)
  }

  private func requeue(_ generation: Generation) {
    if generation.source.isDirty { watcher.again(generation.source) }
  }

  /// Writes new bytes, unless others have to come first, or the line is to be finished first.
  private mutating func pass<Engine: IOEngine & ~Copyable>(
    _ range: Range<Int>, of generation: Generation, _ memory: UnsafeRawBufferPointer,
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    var range = range
    // What comes before following is printed in the order of the operands.
    if nextFirst == first.count {
      switch generation.precedence(of: generation.offset + Int64(range.count)) {
      case .unread:
        generation.isDirty = true
        return requeue(generation)
      case .unfinished:
        return holdBack(generation)
      case .free(let end):
        let count = Int(end - generation.offset)
        if count < range.count { generation.isDirty = true }
        range = range.prefix(count)
      }
    }
    var payload = range
    let id = ObjectIdentifier(generation)
    if !generation.mustFlush, generation.source.index < Int.max {
      if printer.mustWait(id), !isPatienceOver(generation) { return holdBack(generation) }
      if printer.endsLines, !watcher.hasOneGeneration, printer.openLine != id {
        let whole = range.count - unfinishedBytes(memory, range)
        guard whole > 0 || range.count >= pool.bufferSize - 2 * room else {
          return holdBack(generation)
        }
        if whole > 0 { payload = range.lowerBound..<range.lowerBound + whole }
        if whole < range.count { holdBack(generation) }
      }
    }
    if payload.count == range.count {
      generation.heldBackSince = nil
      generation.mustFlush = false
    }
    let prefix = printer.prefix(for: generation.source, id)
    fill(pool, prefix, before: payload.lowerBound)
    activity = .writing(generation, epoch: generation.epoch, payload: payload)
    generation.inFlight = Int64(payload.count)
    try write(
      payload.lowerBound - prefix.count, prefix.count + payload.count, .verbatim,
      of: [(generation, generation.offset + Int64(payload.count))], &driver)
  }

  private func isPatienceOver(_ generation: Generation) -> Bool {
    guard let since = generation.heldBackSince else { return false }
    return Clock.monotonic - since >= Generation.patience
  }

  private mutating func holdBack(_ generation: Generation) {
    if generation.heldBackSince == nil { generation.heldBackSince = Clock.monotonic }
    if !heldBack.contains(where: { $0 === generation }) { heldBack.append(generation) }
  }

  /// How many bytes follow the last end of a line.
  private func unfinishedBytes(_ memory: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int {
    var index = range.upperBound
    while index > range.lowerBound, memory[index - 1] != printer.delimiter { index -= 1 }
    return range.upperBound - index
  }

  /// Puts bytes in front of others in the buffer.
  private func fill(_ pool: BufferPool, _ bytes: [UInt8], before end: Int) {
    guard !bytes.isEmpty else { return }
    pool.bytes(fileSlot, end - bytes.count..<end).copyBytes(from: bytes)
  }

  mutating func write<Engine: IOEngine & ~Copyable>(
    _ start: Int, _ count: Int, _ content: OutputSpan.Content,
    of parts: [(Generation, Int64)] = [], _ driver: inout Driver<Engine>
  ) throws(Errno) {
    settings.willWrite(count, content, parts)
    try driver.start(
      Request(
        direction: .write, endpoint: settings.output, offset: nil, slot: fileSlot, start: start,
        count: count, fills: true, triesFirst: true))
  }

  /// Takes note of what was printed.
  mutating func finishWrite(_ outcome: Outcome, _ pool: BufferPool) {
    let finished = activity
    activity = .idle
    if let failure = outcome.failure { return fail(failure) }
    switch finished {
    case .writing(let generation, let epoch, let payload):
      generation.inFlight = 0
      let bytes = UnsafeRawBufferPointer(pool.bytes(fileSlot, payload))
      count(bytes, generation.source)
      printer.printed(bytes.last, ObjectIdentifier(generation), generation)
      if epoch == generation.epoch {
        generation.advance(over: bytes)
      }
      settings.didWrite()
      if nextFirst == first.count { watcher.finishIfOver(generation) }
      requeue(generation)
    case .printing(let count):
      settings.didWrite()
      let part = first[nextFirst]
      first[nextFirst].range = part.range.lowerBound + Int64(count)..<part.range.upperBound
      let bytes = UnsafeRawBufferPointer(pool.bytes(fileSlot, room..<room + count))
      self.count(bytes, part.source)
      printer.printed(bytes.last, ObjectIdentifier(part.source), nil)
    case .opening(let generation, let count):
      settings.didWrite()
      let bytes = UnsafeRawBufferPointer(pool.bytes(fileSlot, room..<room + count))
      self.count(bytes, generation.source)
      printer.printed(bytes.last, ObjectIdentifier(generation), nil)
    case .heading:
      settings.didWrite()
    case .idle, .copying, .reading, .streaming:
      break
    }
  }

  func count(_ bytes: UnsafeRawBufferPointer, _ source: Source) {
    source.counts.bytes += Int64(bytes.count)
    if settings.countsLines {
      source.counts.lines += Int64(bytes.count { $0 == printer.delimiter })
    }
  }

  /// Takes note that standard output takes no more.
  mutating func fail(_ errno: Errno) {
    if errno == .brokenPipe {
      output.readerLeft = true
    } else {
      output.failure = IOFailure(.write, nil, errno)
    }
  }

  private mutating func finishCopying<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    activity = .idle
    guard outcome.failure == nil, outcome.count > 0 else {
      nextFirst += 1
      return
    }
    activity = .printing(count: outcome.count)
    // Another run would not print it again, as the file is read from its end on.
    try write(room, outcome.count, .unrepeatable, &driver)
  }
}
