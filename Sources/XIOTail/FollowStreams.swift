internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// A FIFO or device that is followed.
struct FollowStream {
  var generation: Generation
  /// Bytes in the buffer that have not been printed.
  var held = 0
  /// Whether a read is on its way.
  var isReading = false
  /// Whether anything has ever come.
  var hasBegun = false
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
        streams[free] = FollowStream(generation: generation)
      } else if Slot.firstStream + streams.count < pool.count {
        streams.append(FollowStream(generation: generation))
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
    guard outcome.count > 0 else { return endOfStream(index) }
    streams[index]?.hasBegun = true
    streams[index]?.held += outcome.count
    try judge(index, &driver, pool)
  }

  /// Decides whether what a stream has sent can go out.
  private mutating func judge<Engine: IOEngine & ~Copyable>(
    _ index: Int, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let stream = streams[index] else { return }
    let isFull = stream.held >= min(pool.bufferSize - room, settings.streamSize)
    let generation = stream.generation
    if hasOneSource || isFull || generation.mustFlush || lines(index, stream, pool) > 0 {
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
    let count = hasOneSource || whole == 0 ? stream.held : whole
    let prefix = printer.prefix(for: stream.generation.source, ObjectIdentifier(stream.generation))
    let slot = Slot.firstStream + index
    if !prefix.isEmpty { pool.bytes(slot, room - prefix.count..<room).copyBytes(from: prefix) }
    streams[index]?.hasData = false
    activity = .streaming(slot: slot, count: count)
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

  /// Nobody writes to a stream any more.
  private mutating func endOfStream(_ index: Int) {
    guard let stream = streams[index] else { return }
    let generation = stream.generation
    if generation.kind == .pipe, options.fifoEnd == .reopen || !stream.hasBegun {
      // The next look tries again, and finds whoever has come meanwhile.
      if stream.held > 0 { streams[index]?.hasData = true }
      return
    }
    streams[index]?.hasEnded = true
    if stream.held > 0 { streams[index]?.hasData = true } else { endStream(index) }
  }

  private mutating func endStream(_ index: Int) {
    guard let stream = streams[index] else { return }
    watcher.endStream(stream.generation)
    streams[index] = nil
  }
}
