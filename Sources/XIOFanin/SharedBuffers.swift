internal import DequeModule
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Buffers that many sources share.
///
/// A source has one from when something is there to be read until its lines have gone out.
struct SharedBuffers {
  /// The one that was used last is the nearest to the processor.
  private var free: [Int]
  /// Who has one.
  private(set) var users: [Int: Feed] = [:]
  /// Who has something to read and waits for one.
  private var thirsty: Deque<Feed> = []

  init(_ slots: Range<Int>) { free = Array(slots) }

  /// Gives a buffer to a source, or has it wait for its turn.
  ///
  /// - Returns: Whether there was one.
  mutating func take(for feed: Feed) -> Bool {
    guard let slot = free.popLast() else {
      thirsty.append(feed)
      return false
    }
    feed.buffer = slot
    users[slot] = feed
    return true
  }

  mutating func giveBack(_ feed: Feed) {
    users[feed.buffer] = nil
    free.append(feed.buffer)
    feed.buffer = -1
  }

  /// The source whose turn it is, if there is a buffer for it.
  mutating func nextThirsty() -> Feed? {
    while !free.isEmpty, let feed = thirsty.popFirst() {
      if feed.slot >= 0, feed.buffer < 0, !feed.hasEnded { return feed }
    }
    return nil
  }
}

/// Reading into buffers that are shared.
extension FaninJob {
  /// Waits until there is something to be read; what has offsets never waits.
  mutating func readShared<Engine: IOEngine & ~Copyable>(
    _ feed: Feed, _ endpoint: Endpoint, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    giveBack(feed, pool)
    if feed.offset != nil { return try fillShared(feed, &driver) }
    feed.activity = .waiting
    try driver.start(.wait(.read, endpoint, slot: feed.slot, isMeasured: true))
  }

  /// Reads what is there.
  mutating func fillShared<Engine: IOEngine & ~Copyable>(
    _ feed: Feed, _ driver: inout Driver<Engine>
  ) throws(Errno) {
    guard let endpoint = feed.endpoint, sharing.take(for: feed) else { return }
    feed.assembler.begin(at: 0)
    feed.activity = .reading
    var request = Request(
      direction: .read, endpoint: endpoint, offset: feed.offset, slot: feed.buffer,
      count: layout.bufferSize, fills: false, triesFirst: true)
    // Somebody else may have taken it: then a buffer must not be kept for what may never come.
    request.neverWaits = feed.offset == nil
    try driver.start(request)
  }

  /// Lets those read who have waited for a buffer.
  mutating func fillThirsty<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>
  ) throws(Errno) {
    while let feed = sharing.nextThirsty() { try fillShared(feed, &driver) }
  }

  /// Lets others have a shared buffer whose lines have gone; the beginning of one is taken out of it.
  mutating func giveBack(_ feed: Feed, _ pool: BufferPool) {
    guard layout.shares, feed.buffer >= 0 else { return }
    feed.assembler.absorb(UnsafeRawBufferPointer(buffer(of: feed, pool)))
    feed.assembler.begin(at: 0)
    sharing.giveBack(feed)
  }
}
