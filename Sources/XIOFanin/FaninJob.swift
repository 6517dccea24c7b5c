internal import DequeModule
internal import HeapModule
internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// Passes lines of all sources on, on whichever engine was chosen.
///
/// Each source has a buffer and at most one operation in flight. Whole lines go from there into blocks,
/// which are written one after the other; while that takes its time, the policy of ``FaninOptions/OnFull``
/// decides what becomes of more.
struct FaninJob: DriverJob {
  /// How it ended.
  struct Output {
    var metrics = DriverMetrics()
    var counters = EngineCounters()
    var readerLeft = false
    var failure: IOFailure?
    var wakeUps = 0
  }

  /// So many bytes of one source go out before it is the next one's turn.
  static let quantum = 64 << 10
  /// How long the loop may go on with what ends at once, before it looks for more.
  private static let longestDeafness: Nanoseconds = 100_000

  let options: FaninOptions
  let settings: FaninSettings
  let layout: BufferLayout
  let factory: FeedFactory
  let sources: OpenedSources
  var output = Output()
  var formatter: LineFormatter
  var blocks: OutputBlocks
  /// Feeds with lines, in the order of their turns.
  var ready: Deque<Feed> = []
  /// Feeds that have no more lines and may be read on.
  var drained: [Feed] = []
  /// Feeds whose lines wait elsewhere, so that they may be read on, too.
  var stashed: [Feed] = []
  /// Sockets whose records stay with the kernel until there is room.
  var heldSockets: [Feed] = []
  /// What is in flight for each buffer of a source.
  var occupants: [Occupant?]
  var freeSlots: [Int]
  var sharing: SharedBuffers
  var files = FileActivity()
  var merging = Merging()
  var window = Window()
  /// Whose line goes out alone until it ends.
  var passing: Feed?
  /// Bytes of memory in which lines wait, and the file for those that do not fit.
  var waitingBytes = 0
  var holders = Holders()
  var spill: SpillStore?
  var spillFailed = false
  /// Feeds with an unfinished line, by the time when it may be due.
  var unfinished = Heap<Due<Feed>>()
  var linesLeft: UInt64
  /// The connections that are to be tried at a time.
  var retries = Heap<Due<Connector>>()
  var lastArrival = Clock.monotonic
  var ending = Ending()
  var coalescing = Coalescing()
  /// Whether what was written last could not be written at once.
  var roundBytes = 0
  var nextStats = Nanoseconds.max
  /// Where records are received.
  let scratch: UnsafeMutableRawBufferPointer
  /// Whether lines come that cannot be read again.
  var hasStreams: Bool

  init(
    _ options: FaninOptions, _ settings: FaninSettings, _ layout: BufferLayout,
    _ factory: FeedFactory, _ sources: OpenedSources
  ) {
    self.options = options
    self.settings = settings
    self.layout = layout
    self.factory = factory
    self.sources = sources
    formatter = LineFormatter(options)
    blocks = OutputBlocks([])
    occupants = Array(repeating: nil, count: layout.slotCount)
    freeSlots = Array((layout.firstFeed..<layout.slotCount).reversed())
    sharing = SharedBuffers(layout.shared)
    linesLeft = options.lines ?? .max
    window.watermark = Watermark(idleAfter: options.idleAfter)
    coalescing.latency = settings.latency
    scratch = .allocate(byteCount: Self.scratchSize, alignment: 4096)
    hasStreams =
      !sources.listeners.isEmpty || !sources.connectors.isEmpty
      || sources.feeds.contains { $0.file == nil }
  }

  /// The longest record that can be received.
  private static let scratchSize = 256 << 10

  mutating func run<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Never) -> Output {
    defer { scratch.deallocate() }
    blocks = OutputBlocks(
      (0..<OutputBlocks.count).map { pool.bytes(layout.outputSlot($0), 0..<OutputBlocks.size) })
    do throws(Errno) {
      try begin(&driver, pool)
      try loop(&driver, pool)
    } catch {
      // A signal asks for the end; what was delivered is known and is told.
      if error != .interrupted || Termination.requested == nil {
        output.failure = output.failure ?? IOFailure(.read, nil, error, reason: "waiting failed")
      }
    }
    for outcome in driver.finished() where isOutput(outcome) { finishWrite(outcome) }
    countAllDrops()
    settings.onProgress(true)
    takeCounters(driver)
    return output
  }

  private mutating func takeCounters<Engine: IOEngine & ~Copyable>(
    _ driver: borrowing Driver<Engine>
  ) {
    output.metrics = driver.metrics
    output.counters = driver.counters
  }

  private mutating func begin<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    if let every = options.statsEvery { nextStats = Clock.monotonic + every }
    try listen(settings.wake, BufferLayout.wake, &driver, pool)
    // Nobody finishes the line that the output ends in.
    if settings.beginsInLine { _ = blocks.append(options.delimiter) }
    try beginFiles(&driver, pool)
    settings.onProgress(false)
    if options.order == .merge { merging.awaited = sources.feeds.count + sources.connectors.count }
    for feed in sources.feeds where feed.file == nil { try begin(feed, &driver, pool) }
    for listener in sources.listeners { try begin(listener, &driver) }
    for connector in sources.connectors { try connect(connector, &driver, pool) }
  }

  private mutating func loop<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    var lastPoll = Clock.monotonic
    while true {
      try forgetClosed(&driver)
      if ending.isStopping { return try finishLine(&driver) }
      try work(&driver, pool)
      if try isOver(&driver, pool) { return try finishLine(&driver) }
      if ready.isEmpty { coalescing.beginsToWait() }
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
      try takeOutcomes(&driver, pool)
      try keepTime(&driver, pool)
    }
  }

  /// Does what can be done without waiting.
  private mutating func work<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    try pumpFiles(&driver, pool)
    repeat {
      pour(pool)
      try write(&driver)
      // What is still there found no room, and will find none before a block is written.
      if blocks.writing != nil { stashReady(pool) }
    } while try refill(&driver, pool) && !blocks.isFull
  }

  private mutating func takeOutcomes<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    let outcomes: [Outcome]
    do throws(Errno) {
      outcomes = try driver.next(until: deadline())
    } catch {
      guard error == .interrupted else { throw error }
      switch ending.takeWish() {
      case .drain: return try drain(&driver, pool)
      case .finishLine: return
      case .now: throw error
      }
    }
    roundBytes = 0
    for outcome in outcomes { try take(outcome, &driver, pool) }
    if roundBytes > 0, roundBytes < Self.quantum / 4 {
      coalescing.pauseIfBusy(unless: sources.watcher?.inotify)
    }
  }

  mutating func listen<Engine: IOEngine & ~Copyable>(
    _ descriptor: FileDescriptor, _ slot: Int, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    let endpoint = Endpoint(descriptor: descriptor, kind: .anonymous, position: .stream)
    try driver.start(
      Request(
        direction: .read, endpoint: endpoint, offset: nil, slot: slot,
        count: pool.bufferSize, fills: false, isMeasured: false))
  }

  private mutating func take<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    switch outcome.slot {
    case BufferLayout.names, BufferLayout.changes, BufferLayout.globs:
      if let failure = outcome.failure { throw failure }
      output.wakeUps += 1
      try takeEvents(outcome, &driver, pool)
    case BufferLayout.wake:
      for byte in pool.bytes(BufferLayout.wake, 0..<outcome.count) {
        switch Wake(rawValue: byte) {
        case .outputGone: output.readerLeft = true
        case .processesGone: try drain(&driver, pool)
        case .report:
          takeCounters(driver)
          countAllDrops()
          settings.onReport(output)
        case nil: break
        }
      }
      try listen(settings.wake, BufferLayout.wake, &driver, pool)
    case layout.fileSlot: try finishFileRead(outcome, &driver, pool)
    case layout.shared:
      if let feed = sharing.users[outcome.slot] { try finishRead(feed, outcome, &driver, pool) }
    case ..<layout.firstFeed: finishWrite(outcome)
    default:
      switch occupants[outcome.slot] {
      case .feed(let feed): try finishRead(feed, outcome, &driver, pool)
      case .listener(let listener): try accept(listener, outcome, &driver, pool)
      case .connector(let connector): try finishConnecting(connector, outcome, &driver, pool)
      case nil: break
      }
    }
  }

  /// Whether it is a block that was written.
  func isOutput(_ outcome: Outcome) -> Bool {
    outcome.direction == .write && outcome.slot < layout.shared.lowerBound
  }

  /// Writes the next block, unless one is being written.
  mutating func write<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>
  ) throws(Errno) {
    // The rest of a long line has room whenever a block has.
    blocks.drainOverflow()
    guard !output.readerLeft, output.failure == nil, let next = blocks.beginWriting() else {
      return
    }
    settings.willWrite(
      next.count, hasStreams || next.hasPart ? .unrepeatable : .rendered,
      next.marks.filter { $0.epoch == $0.generation.epoch }.map { ($0.generation, $0.offset) })
    try driver.start(
      Request(
        direction: .write, endpoint: settings.output, offset: nil,
        slot: layout.outputSlot(next.block), count: next.count, fills: true, triesFirst: true))
  }

  mutating func finishWrite(_ outcome: Outcome) {
    let marks = blocks.finishWriting()
    if let failure = outcome.failure {
      if failure == .brokenPipe {
        output.readerLeft = true
      } else {
        output.failure = IOFailure(.write, nil, failure)
      }
      return
    }
    for mark in marks where mark.epoch == mark.generation.epoch { settle(mark) }
    settings.didWrite()
    for mark in marks where mark.epoch == mark.generation.epoch {
      finishIfDelivered(mark.generation)
    }
  }
}

/// What has a buffer of its own.
enum Occupant {
  case feed(Feed), listener(Listener), connector(Connector)
}

/// Which buffers there are, and what for.
///
/// They lie behind one another, so a file's buffer and blocks of output, which are larger, span several.
struct BufferLayout {
  static let names = 0, changes = 1, wake = 2, globs = 3
  static let fileSize = 256 << 10
  private static let budget = 32 << 20
  /// With fewer sources larger pieces pay: whoever writes is woken less often.
  private static let few = 32, largestOfFew = 256 << 10
  private static let largest = 64 << 10, smallest = 4 << 10

  let bufferSize: Int
  let slotCount: Int
  let fileSlot = 4
  private let slotsPerBlock: Int
  let firstFeed: Int
  /// Buffers that sources share, each for as long as lines lie in it: what is used again and again stays near to
  /// the processor, also where there are few sources. Those of the sources themselves are only numbers then,
  /// whose memory nobody touches.
  let shared: Range<Int>
  private static let sharedCount = 16

  var shares: Bool { !shared.isEmpty }

  /// Takes the number of sources, whether they may share buffers, and how large one shall be when somebody says.
  init(feeds: Int, mayShare: Bool, asked: Int?) {
    let fitting = Self.budget / max(1, feeds)
    let shares = mayShare && feeds > 1
    let largest = feeds <= Self.few ? Self.largestOfFew : Self.largest
    let size = asked ?? min(largest, shares ? largest : max(Self.smallest, fitting))
    bufferSize = max(Self.smallest, size & ~4095)
    slotsPerBlock = (OutputBlocks.size + bufferSize - 1) / bufferSize
    let fileSlots = (Self.fileSize + bufferSize - 1) / bufferSize
    let firstShared = 4 + fileSlots + OutputBlocks.count * slotsPerBlock
    shared = firstShared..<firstShared + (shares ? Self.sharedCount : 0)
    firstFeed = shared.upperBound
    slotCount = firstFeed + feeds
  }

  func outputSlot(_ block: Int) -> Int {
    shared.lowerBound - (OutputBlocks.count - block) * slotsPerBlock
  }
}

/// What the job needs beside its options.
struct FaninSettings {
  var output: Endpoint
  /// Whether the output ends within a line that an earlier run has left.
  var beginsInLine: Bool
  /// The read end of the pipe by which the loop is woken.
  var wake: FileDescriptor
  var latency: Nanoseconds
  /// Whether reads wait inside their calls, so that descriptors have to block.
  var blocks: Bool
  /// The highest number of a descriptor that can be waited for.
  var highestDescriptor: Int32
  var onNotice: (FaninNotice) -> Void
  /// Prints an account, or a report, on what happened so far.
  var onStats: () -> Void
  var onReport: (FaninJob.Output) -> Void
  /// Told how many bytes are about to be written, what they are, and which files they come from, with the
  /// offsets behind them.
  var willWrite: (Int, OutputSpan.Content, [(Generation, Int64)]) -> Void
  /// Told when they were accepted.
  var didWrite: () -> Void
  /// Told when the state has changed, and with true at the end.
  var onProgress: (Bool) -> Void
}
