internal import SystemPackage
internal import XIOSystem

/// Changes bytes on their way from a source to a target.
public protocol TransferFilter {
  /// Takes bytes of the source and makes bytes for the target.
  ///
  /// - Parameters:
  ///   - input: What the source has given, at least one byte.
  ///   - output: Room for what comes of it, at least ``FilterLimits/smallestBuffer`` bytes when it is
  ///     offered for the first time.
  /// - Returns: How many bytes were taken and made. All are taken unless the room is used up.
  mutating func apply(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (taken: Int, made: Int)
  /// Makes what is to follow the last byte of a source.
  ///
  /// - Returns: How many bytes were made, at most ``FilterLimits/longestEnd``.
  mutating func finish(into output: UnsafeMutableRawBufferPointer) -> Int
}

/// What a filter can count on.
public enum FilterLimits {
  /// The smallest room for output, in bytes.
  public static let smallestBuffer = 4096
  /// The most that can follow the last byte of a source, in bytes.
  public static let longestEnd = 64
}

/// The buffers of a filtered transfer.
private enum Slot {
  static let input = 0
  static let output = 1
}

/// Moves all of a source through a filter to a target: one read, and the writes that come of it, at a
/// time.
struct FilteredTransfer<Engine: IOEngine & ~Copyable> {
  private let source: Endpoint
  private let target: Endpoint
  private let pool: BufferPool
  /// The most bytes of one read or write.
  private let blockSize: Int
  private var result = TransferResult()
  /// Bytes of the source that were read, and bytes of output that were written.
  private var offset: Int64 = 0, written: Int64 = 0
  /// Bytes of output that wait to be written.
  private var pending = 0

  init(from source: Endpoint, to target: Endpoint, pool: BufferPool, blockSize: Int) {
    self.source = source
    self.target = target
    self.pool = pool
    self.blockSize = blockSize
  }

  /// Moves everything and returns what happened.
  mutating func run<Filter: TransferFilter>(
    _ driver: inout Driver<Engine>, through filter: inout Filter
  ) -> TransferResult {
    do throws(Errno) {
      while let count = try read(&driver), result.failure == nil {
        try pass(count, through: &filter, &driver)
      }
      if result.failure?.side != .target { try end(&filter, &driver) }
    } catch {
      result.failure = result.failure ?? TransferFailure(side: nil, errno: error)
    }
    if result.failure != nil { result.contiguousBytes = written }
    driver.drain()
    return result
  }

  /// Reads a block, once nothing waits that could be seen already.
  ///
  /// - Returns: How many bytes; nil at the end.
  private mutating func read(_ driver: inout Driver<Engine>) throws(Errno) -> Int? {
    let isStream = source.position == .stream
    if pending > 0, !source.kind.isPositional, try !isReady() { try write(&driver) }
    let asked = min(Int64(blockSize), (source.limit ?? .max) - offset)
    guard asked > 0, result.failure == nil, result.sourceEnd == nil else { return nil }
    var request = Request(
      direction: .read, endpoint: source, offset: nil, slot: Slot.input, count: Int(asked),
      fills: !isStream)
    if case .offset(let start) = source.position { request.offset = start + offset }
    try driver.start(request)
    guard let outcome = try driver.next().first else { return nil }
    if let errno = outcome.failure {
      result.failure = TransferFailure(side: .source, errno: errno)
    }
    offset += Int64(outcome.count)
    result.bytesRead += Int64(outcome.count)
    if source.isDirect { result.directBytes.read += Int64(outcome.count) }
    if !isStream, outcome.count < Int(asked) { result.sourceEnd = offset }
    return outcome.count > 0 ? outcome.count : nil
  }

  private func isReady() throws(Errno) -> Bool {
    do throws(Errno) {
      return try System.waitUntilReady(source.descriptor, forWriting: false, timeout: 0)
    } catch {
      guard error == .interrupted, Termination.requested == nil else { throw error }
      return false
    }
  }

  private mutating func pass<Filter: TransferFilter>(
    _ count: Int, through filter: inout Filter, _ driver: inout Driver<Engine>
  ) throws(Errno) {
    let output = pool.bytes(Slot.output, 0..<pool.bufferSize)
    var taken = 0
    while taken < count {
      let step = filter.apply(
        UnsafeRawBufferPointer(pool.bytes(Slot.input, taken..<count)),
        into: UnsafeMutableRawBufferPointer(rebasing: output[pending...]))
      taken += step.taken
      pending += step.made
      guard taken < count else { return }
      let before = pending
      try write(&driver)
      guard result.failure == nil else { return }
      guard step.taken > 0 || pending < before else { throw .invalidArgument }
    }
  }

  /// Writes what waits, but for an end that O_DIRECT cannot write.
  private mutating func write(_ driver: inout Driver<Engine>) throws(Errno) {
    let whole = pending / target.alignment * target.alignment
    var done = 0
    while done < whole {
      let count = min(blockSize, whole - done)
      try driver.start(request(done..<done + count))
      guard let outcome = try driver.next().first else { throw .ioError }
      done += outcome.count
      note(outcome)
      if outcome.failure != nil { return }
    }
    pending -= whole
    guard pending > 0, whole > 0 else { return }
    let output = pool.bytes(Slot.output, 0..<pool.bufferSize)
    let rest = UnsafeRawBufferPointer(rebasing: output[whole..<whole + pending])
    UnsafeMutableRawBufferPointer(rebasing: output[..<pending]).copyMemory(from: rest)
  }

  private func request(_ range: Range<Int>) -> Request {
    var request = Request(
      direction: .write, endpoint: target, offset: nil, slot: Slot.output, start: range.lowerBound,
      count: range.count, fills: true)
    if case .offset(let start) = target.position { request.offset = start + written }
    return request
  }

  private mutating func note(_ outcome: Outcome) {
    written += Int64(outcome.count)
    result.bytesWritten += Int64(outcome.count)
    if target.isDirect { result.directBytes.written += Int64(outcome.count) }
    if let errno = outcome.failure {
      result.failure = TransferFailure(side: .target, errno: errno)
    }
  }

  private mutating func end<Filter: TransferFilter>(
    _ filter: inout Filter, _ driver: inout Driver<Engine>
  ) throws(Errno) {
    if pool.bufferSize - pending < FilterLimits.longestEnd { try write(&driver) }
    let output = pool.bytes(Slot.output, pending..<pool.bufferSize)
    pending += filter.finish(into: output)
    try write(&driver)
    guard pending > 0, result.failure?.side != .target else { return }
    let outcome = try driver.writeTail(request(0..<pending))
    written += Int64(outcome.count)
    result.bytesWritten += Int64(outcome.count)
    result.tailBytes += Int64(outcome.count)
    if let errno = outcome.failure {
      result.failure = TransferFailure(side: .target, errno: errno)
    }
  }
}
