public import SystemPackage
internal import XIOSystem

/// Which end of a transfer something happened to.
public enum TransferSide: Sendable {
  case source, target
}

/// Why a transfer ended early.
public struct TransferFailure: Error, Sendable, Equatable {
  /// The end that failed; nil for the engine's machinery.
  public var side: TransferSide?
  /// The error number; EINTR when the program was asked to end.
  public var errno: Errno
}

/// What a transfer did.
public struct TransferResult: Sendable {
  /// Bytes that were read, and bytes that the target accepted, through memory of the process.
  public var bytesRead: Int64 = 0, bytesWritten: Int64 = 0
  /// Where a source with offsets turned out to end, in bytes from where the transfer began.
  public var sourceEnd: Int64?
  /// After a failure: how many bytes from where the transfer began have arrived without a gap.
  public var contiguousBytes: Int64 = 0
  /// Bytes that the kernel moved by itself, and bytes that now are shared between the files.
  public var bytesOffloaded: Int64 = 0, bytesReflinked: Int64 = 0
  /// Bytes read and written with O_DIRECT, and the rest of those files.
  public var directBytes = (read: Int64(0), written: Int64(0))
  /// Bytes that a direct transfer had to write through the page cache: the unaligned end.
  public var tailBytes: Int64 = 0
  /// Why it ended early, if it did.
  public var failure: TransferFailure?
  /// Names of the mechanisms of the `kernel` engine, in the order in which they were used.
  public var mechanisms: [String] = []

  /// Nothing has happened yet.
  public init() {}

  /// The bytes that arrived.
  public var total: Int64 { bytesWritten + bytesOffloaded + bytesReflinked }

  /// Adds what another transfer of the same job did; each is judged by itself.
  public mutating func add(_ other: TransferResult) {
    bytesRead += other.bytesRead
    bytesWritten += other.bytesWritten
    bytesOffloaded += other.bytesOffloaded
    bytesReflinked += other.bytesReflinked
    directBytes.read += other.directBytes.read
    directBytes.written += other.directBytes.written
    tailBytes += other.tailBytes
    mechanisms += other.mechanisms.filter { !mechanisms.contains($0) }
  }
}

/// Moves all of a source to a target through the buffers of a pool.
///
/// Reads of files run ahead as far as there are buffers. Writes to a file name their offsets and may
/// overtake each other; those to a stream go out in order, one at a time.
struct Transfer {
  private struct Block {
    /// The place in the order of blocks.
    var sequence = 0
    /// The distance in bytes from the beginning of the transfer.
    var offset: Int64 = 0
    /// How many bytes are to be read.
    var asked = 0
    /// The first byte to be written, and how many are.
    var start = 0, count = 0
  }

  private let source: Endpoint
  private let target: Endpoint
  private let pool: BufferPool
  private let blockSize: Int
  private var result = TransferResult()

  private var blocks: [Block]
  private var freeSlots: [Int]
  /// Slots that are filled and wait for their turn, by sequence modulo the number of slots.
  private var filled: [Int?]
  /// Slots whose memory has been used.
  private var touched: [Bool]
  private var nextSequence = 0
  private var nextWritten = 0
  private var nextOffset: Int64 = 0
  private var readsInFlight = 0
  private var isWriting = false
  /// Blocks from this one on lie beyond the end of the source.
  private var endSequence = Int.max
  /// The slot that holds an end which O_DIRECT cannot write.
  private var tail: Int?

  init(from source: Endpoint, to target: Endpoint, pool: BufferPool) {
    self.source = source
    self.target = target
    self.pool = pool
    blockSize = pool.bufferSize
    touched = Array(repeating: false, count: pool.count)
    blocks = Array(repeating: Block(), count: pool.count)
    freeSlots = Array((0..<pool.count).reversed())
    filled = Array(repeating: nil, count: pool.count)
  }

  /// Moves everything and returns what happened.
  mutating func run<Engine: IOEngine & ~Copyable>(_ driver: inout Driver<Engine>) -> TransferResult
  {
    do throws(Errno) {
      try pump(&driver)
      if result.failure?.side != .target { try writeTail(&driver) }
    } catch {
      result.failure = result.failure ?? TransferFailure(side: nil, errno: error)
    }
    if result.failure != nil { result.contiguousBytes = contiguousBytes }
    driver.drain()
    return result
  }

  /// Writes that name offsets overtake each other: all is there up to the first block still at work.
  private var contiguousBytes: Int64 {
    let busy = blocks.indices.filter { !freeSlots.contains($0) }.map { blocks[$0].offset }
    return min(busy.min() ?? result.bytesWritten, result.sourceEnd ?? .max)
  }

  private mutating func pump<Engine: IOEngine & ~Copyable>(_ driver: inout Driver<Engine>)
    throws(Errno)
  {
    while true {
      try writeNext(&driver)
      try readAhead(&driver)
      let outcomes = try driver.next()
      if outcomes.isEmpty { return }
      for outcome in outcomes {
        if outcome.direction == .read {
          try finishRead(outcome, &driver)
        } else {
          finishWrite(outcome)
        }
        // A target that takes no more makes it pointless to wait for the source.
        if result.failure?.side == .target { return }
      }
    }
  }

  private var isPositionalSource: Bool { source.position != .stream }

  private mutating func readAhead<Engine: IOEngine & ~Copyable>(_ driver: inout Driver<Engine>)
    throws(Errno)
  {
    // What has ended comes first. A block is written while it is in the processor's cache, and a
    // write that failed makes the next read pointless, which may block.
    while endSequence == .max, !freeSlots.isEmpty, !driver.hasOutcomes {
      // A stream has one reader, and so has the question whether a file has grown. Of two that read
      // the same folio past the page cache neither could drop it.
      let isAlone =
        !isPositionalSource || nextOffset >= source.size || source.flags.contains(.dontCache)
      if isAlone, readsInFlight > 0 { return }
      let asked = min(Int64(blockSize), (source.limit ?? .max) - nextOffset)
      guard asked > 0 else {
        endSequence = nextSequence
        return
      }
      let slot = freeSlots.removeLast()
      blocks[slot] = Block(sequence: nextSequence, offset: nextOffset, asked: Int(asked))
      nextSequence += 1
      readsInFlight += 1
      var request = Request(
        direction: .read, endpoint: source, offset: nil, slot: slot, count: wholeBlocks(asked),
        fills: isPositionalSource || target.isDirect)
      if case .offset(let start) = source.position {
        request.offset = start + nextOffset
        nextOffset += asked
      }
      if source.isDirect { touch(slot) }
      try driver.start(request)
    }
  }

  /// So many bytes, or the next number that O_DIRECT can read.
  private func wholeBlocks(_ count: Int64) -> Int {
    let unit = source.isDirect ? source.alignment : 1
    return min(blockSize, (Int(count) + unit - 1) / unit * unit)
  }

  /// Brings memory in that a direct read is about to use for the first time: where the kernel would
  /// have to, some file systems (btrfs) read through the page cache instead.
  private mutating func touch(_ slot: Int) {
    guard !touched[slot] else { return }
    touched[slot] = true
    let rest = source.size - blocks[slot].offset
    let count = Int(min(Int64(blockSize), max(0, rest)))
    let memory = pool.bytes(slot, 0..<count)
    for page in stride(from: 0, to: count, by: 4096) { memory[page] = 0 }
  }

  private mutating func finishRead<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>
  ) throws(Errno) {
    readsInFlight -= 1
    let slot = outcome.slot
    let sequence = blocks[slot].sequence
    if let errno = outcome.failure, sequence < endSequence {
      result.failure = TransferFailure(side: .source, errno: errno)
    }
    let count = min(outcome.count, blocks[slot].asked)
    let isEnd = outcome.failure != nil || count == 0
    let isShort = isPositionalSource && count < blocks[slot].asked
    if isEnd || isShort, sequence < endSequence {
      endSequence = sequence + (count > 0 ? 1 : 0)
      result.sourceEnd = blocks[slot].offset + Int64(count)
    }
    guard count > 0, sequence < endSequence else {
      freeSlots.append(slot)
      return
    }
    if sequence == 0 { blocks[slot].start = min(source.skipped, count) }
    blocks[slot].count = count - blocks[slot].start
    result.bytesRead += Int64(count)
    if source.isDirect { result.directBytes.read += Int64(count) }
    if !isPositionalSource {
      blocks[slot].offset = nextOffset
      nextOffset += Int64(count)
    }
    if target.position == .stream {
      filled[sequence % filled.count] = slot
      try writeNext(&driver)
    } else {
      try write(slot, &driver)
    }
  }

  /// Writes the block whose turn it is, if it is there.
  private mutating func writeNext<Engine: IOEngine & ~Copyable>(_ driver: inout Driver<Engine>)
    throws(Errno)
  {
    let index = nextWritten % filled.count
    guard target.position == .stream, !isWriting, nextWritten < endSequence,
      let slot = filled[index]
    else { return }
    filled[index] = nil
    try write(slot, &driver)
  }

  private mutating func write<Engine: IOEngine & ~Copyable>(
    _ slot: Int, _ driver: inout Driver<Engine>
  ) throws(Errno) {
    let block = blocks[slot]
    let aligned = block.count / target.alignment * target.alignment
    guard aligned > 0 else {
      tail = slot
      return
    }
    var request = Request(
      direction: .write, endpoint: target, offset: nil, slot: slot, start: block.start,
      count: aligned, fills: true)
    if case .offset(let start) = target.position { request.offset = start + block.offset }
    isWriting = true
    try driver.start(request)
  }

  private mutating func finishWrite(_ outcome: Outcome) {
    isWriting = false
    nextWritten += 1
    result.bytesWritten += Int64(outcome.count)
    if target.isDirect { result.directBytes.written += Int64(outcome.count) }
    if let errno = outcome.failure {
      result.failure = TransferFailure(side: .target, errno: errno)
    } else if outcome.count < blocks[outcome.slot].count {
      tail = outcome.slot
    } else {
      freeSlots.append(outcome.slot)
    }
  }

  private mutating func writeTail<Engine: IOEngine & ~Copyable>(_ driver: inout Driver<Engine>)
    throws(Errno)
  {
    guard let slot = tail, case .offset(let start) = target.position else { return }
    let block = blocks[slot]
    let aligned = block.count / target.alignment * target.alignment
    let outcome = try driver.writeTail(
      Request(
        direction: .write, endpoint: target, offset: start + block.offset + Int64(aligned),
        slot: slot, start: aligned, count: block.count - aligned, fills: true))
    result.bytesWritten += Int64(outcome.count)
    result.tailBytes += Int64(outcome.count)
    if let errno = outcome.failure {
      result.failure = TransferFailure(side: .target, errno: errno)
    }
  }
}
