internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// A FIFO or device that is followed.
struct FollowStream {
  var generation: Generation
  /// What comes first, of which a part is wanted; nil once that has been printed.
  var opening: StreamOpening?
  /// Bytes in the buffer that have not been printed.
  var held = 0
  /// Whether a read is on its way.
  var isReading = false
  /// Whether anything has ever come.
  var hasBegun = false
  /// Whether the last read has brought nothing.
  var wasEmpty = false
  /// Whether it has ended, so that what is held is all there will be.
  var hasEnded = false
  /// Whether what is held makes a line, or will not get any longer.
  var hasData = false
}

/// Passing on what FIFOs and devices send.
extension FollowJob {
  private var room: Int { FollowSettings.headerRoom }

  /// Begins to read streams that are new.
  mutating func openStreams<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard nextFirst == first.count else { return }
    while let generation = watcher.nextStream() {
      if let free = streams.firstIndex(where: { $0 == nil }) {
        streams[free] = stream(generation)
      } else if Slot.firstStream + streams.count < pool.count {
        streams.append(stream(generation))
      } else {
        settings.onFailure(
          IOFailure(
            .open, generation.source.path, nil, reason: "too many FIFOs and devices to follow"))
        watcher.endStream(generation)
        continue
      }
      try readStreams(&driver, pool)
    }
  }

  /// What is there when following begins has a last part; what comes later is new.
  private func stream(_ generation: Generation) -> FollowStream {
    let isAll = options.start.fromBeginning && options.start.count <= 1
    let hasOpening = !isAll && first.contains { $0.generation === generation }
    return FollowStream(
      generation: generation, opening: hasOpening ? StreamOpening(options) : nil)
  }

  /// Tries streams again that had nobody at the other end.
  mutating func retryStreams<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    try readStreams(&driver, pool)
  }

  private mutating func readStreams<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    for index in streams.indices {
      guard let stream = streams[index], !stream.isReading, !stream.hasData, !stream.hasEnded,
        !isBeingWritten(index)
      else { continue }
      try readStream(index, &driver, pool)
    }
  }

  /// Whether the buffer of a stream is being printed: what follows finds its place once that is done.
  private func isBeingWritten(_ index: Int) -> Bool {
    if case .streaming(Slot.firstStream + index, _) = activity { true } else { false }
  }

  private mutating func readStream<Engine: IOEngine & ~Copyable>(
    _ index: Int, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let stream = streams[index], let descriptor = stream.generation.descriptor else { return }
    streams[index]?.isReading = true
    let endpoint = Endpoint(
      descriptor: descriptor, kind: stream.generation.kind, position: .stream)
    let start = room + stream.held
    try driver.start(
      Request(
        direction: .read, endpoint: endpoint, offset: nil, slot: Slot.firstStream + index,
        start: start, count: min(pool.bufferSize, room + settings.streamSize) - start,
        fills: false))
  }

  /// Takes in what a stream has sent, or that something of it was printed.
  mutating func finishStream<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    let index = outcome.slot - Slot.firstStream
    guard streams[index] != nil else { return }
    if outcome.direction == .write { return try finishStreamWrite(outcome, &driver, pool) }
    wakeUps += 1
    streams[index]?.isReading = false
    if let failure = outcome.failure {
      if let path = streams[index]?.generation.source.path {
        settings.onFailure(IOFailure(.read, path, failure))
      }
      return endStream(index)
    }
    guard outcome.count > 0 else { return try endOfStream(index, &driver, pool) }
    streams[index]?.hasBegun = true
    streams[index]?.wasEmpty = false
    if let opening = streams[index]?.opening, !opening.isOver {
      return try open(index, opening, outcome.count, &driver, pool)
    }
    streams[index]?.held += outcome.count
    try judge(index, &driver, pool)
  }

  /// Takes in what belongs to the first part of a stream; nothing else is in its buffer.
  private mutating func open<Engine: IOEngine & ~Copyable>(
    _ index: Int, _ opening: StreamOpening, _ count: Int, _ driver: inout Driver<Engine>,
    _ pool: BufferPool
  ) throws(Errno) {
    let bytes = UnsafeRawBufferPointer(
      pool.bytes(Slot.firstStream + index, room..<room + count))
    do throws(IOFailure) {
      let passed = try opening.take(bytes)
      pool.bytes(Slot.firstStream + index, room..<room + count - passed).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[passed...]))
      streams[index]?.held = count - passed
    } catch {
      settings.onFailure(error)
      return endStream(index)
    }
    try judge(index, &driver, pool)
  }

  /// Ends the first parts of streams that have fallen silent; says whether there were some.
  mutating func endOpenings(_ now: Nanoseconds) -> Bool {
    var hasEnded = false
    for case let stream? in streams {
      guard let opening = stream.opening, let due = opening.due, due <= now else { continue }
      opening.end()
      hasEnded = true
    }
    return hasEnded
  }

  /// When the next first part will be over that is known of.
  var nextOpening: Nanoseconds? { streams.lazy.compactMap { $0?.opening?.due }.min() }

  /// Prints what is wanted of the first part of a stream.
  mutating func writeOpening<Engine: IOEngine & ~Copyable>(
    _ index: Int, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let stream = streams[index], let opening = stream.opening else { return }
    let memory = pool.bytes(fileSlot, room..<pool.bufferSize)
    let count: Int
    do throws(Errno) { count = try opening.next(into: memory) } catch {
      settings.onFailure(IOFailure(.read, System.temporaryDirectory, error))
      return endStream(index)
    }
    guard count > 0 else {
      streams[index]?.opening = nil
      if stream.hasEnded, stream.held == 0 { endStream(index) }
      return
    }
    let prefix = printer.prefix(for: stream.generation.source, ObjectIdentifier(stream.generation))
    if !prefix.isEmpty {
      pool.bytes(fileSlot, room - prefix.count..<room).copyBytes(from: prefix)
    }
    activity = .opening(stream.generation, count: count)
    try write(room - prefix.count, prefix.count + count, .unrepeatable, &driver)
  }

  /// Decides whether what a stream has sent can go out.
  private mutating func judge<Engine: IOEngine & ~Copyable>(
    _ index: Int, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let stream = streams[index] else { return }
    let isFull = stream.held >= min(pool.bufferSize - room, settings.streamSize)
    let generation = stream.generation
    if watcher.hasOneGeneration || isFull || generation.mustFlush || lines(index, stream, pool) > 0
    {
      streams[index]?.hasData = stream.held > 0
    } else if stream.held > 0 {
      if generation.heldBackSince == nil { generation.heldBackSince = Clock.monotonic }
      if !heldBack.contains(where: { $0 === generation }) { heldBack.append(generation) }
    }
    if streams[index]?.hasData != true { try readStream(index, &driver, pool) }
  }

  /// How many bytes of a stream make whole lines.
  private func lines(_ index: Int, _ stream: FollowStream, _ pool: BufferPool) -> Int {
    guard printer.endsLines else { return stream.held }
    let bytes = pool.bytes(Slot.firstStream + index, room..<room + stream.held)
    return bytes.lastIndex(of: printer.delimiter).map { $0 + 1 } ?? 0
  }

  /// Prints what a stream has sent: whole lines when there are others.
  mutating func writeStream<Engine: IOEngine & ~Copyable>(
    _ index: Int, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let stream = streams[index] else { return }
    let whole = lines(index, stream, pool)
    let count = watcher.hasOneGeneration || whole == 0 ? stream.held : whole
    let prefix = printer.prefix(for: stream.generation.source, ObjectIdentifier(stream.generation))
    let slot = Slot.firstStream + index
    if !prefix.isEmpty { pool.bytes(slot, room - prefix.count..<room).copyBytes(from: prefix) }
    streams[index]?.hasData = false
    activity = .streaming(slot: slot, count: count)
    settings.willWrite(prefix.count + count, .unrepeatable, [])
    try driver.start(
      Request(
        direction: .write, endpoint: settings.output, offset: nil, slot: slot,
        start: room - prefix.count, count: prefix.count + count, fills: true, triesFirst: true))
  }

  private mutating func finishStreamWrite<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard case .streaming(let slot, let count) = activity else { return }
    activity = .idle
    if let failure = outcome.failure { return fail(failure) }
    settings.didWrite()
    let index = slot - Slot.firstStream
    guard let stream = streams[index] else { return }
    let bytes = pool.bytes(slot, room..<room + stream.held)
    let printed = UnsafeRawBufferPointer(rebasing: bytes[..<count])
    self.count(printed, stream.generation.source)
    printer.printed(printed.last, ObjectIdentifier(stream.generation), nil)
    let rest = stream.held - count
    if rest > 0 {
      pool.bytes(slot, room..<room + rest).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[count...]))
    }
    streams[index]?.held = rest
    stream.generation.heldBackSince = nil
    stream.generation.mustFlush = false
    if stream.hasEnded {
      if rest > 0 { streams[index]?.hasData = true } else { endStream(index) }
    } else {
      try judge(index, &driver, pool)
    }
  }

  /// There is nothing more for now, or ever.
  private mutating func endOfStream<Engine: IOEngine & ~Copyable>(
    _ index: Int, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let stream = streams[index] else { return }
    let kind = stream.generation.kind
    if stream.hasBegun { stream.opening?.end() }
    if stream.held > 0 { streams[index]?.hasData = true }
    let mayGoOn =
      kind == .characterDevice
      || kind == .pipe && !stream.generation.source.isStandardInput
        && (options.fifoEnd == .reopen || !stream.hasBegun)
    guard mayGoOn else {
      streams[index]?.hasEnded = true
      if stream.held == 0, stream.opening?.isOver != true { endStream(index) }
      return
    }
    // A terminal has an end whenever somebody says so, and then goes on; of what has nothing at all the
    // next look tries again, and finds whoever has come meanwhile.
    let triesAgain = kind == .characterDevice && !stream.wasEmpty && stream.held == 0
    streams[index]?.wasEmpty = true
    if triesAgain { try readStream(index, &driver, pool) }
  }

  private mutating func endStream(_ index: Int) {
    guard let stream = streams[index] else { return }
    watcher.endStream(stream.generation)
    streams[index] = nil
  }
}
