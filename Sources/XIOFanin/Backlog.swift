internal import DequeModule
internal import SystemPackage
internal import XIOFollow
internal import XIOSystem

/// Whole lines that lie together.
final class Chunk {
  /// Lines that came at one time, by the clock of the calendar.
  private struct Run {
    var end: Int
    var arrived: Nanoseconds
  }

  /// Lines that come so close together have one time.
  private static let precision: Nanoseconds = 1_000_000

  private let memory: UnsafeMutableRawBufferPointer
  private var start = 0, end = 0
  private var runs: Deque<Run> = []
  /// How many lines there are.
  private(set) var lines = 0

  init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 16) }

  deinit { memory.deallocate() }

  var count: Int { end - start }
  var capacity: Int { memory.count }
  /// The oldest lines, as many as came at one time, and that time.
  var oldest: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: memory[start..<(runs.first?.end ?? end)])
  }
  var arrived: Nanoseconds { runs.first?.arrived ?? 0 }

  /// Whether so many bytes find room behind those that are there.
  func hasRoom(for count: Int) -> Bool { memory.count - end >= count }

  func append(_ bytes: UnsafeRawBufferPointer, lines: Int, arrived: Nanoseconds) {
    UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: bytes)
    end += bytes.count
    self.lines += lines
    if let last = runs.indices.last, arrived - runs[last].arrived < Self.precision {
      runs[last].end = end
    } else {
      runs.append(Run(end: end, arrived: arrived))
    }
  }

  func consume(_ count: Int, lines: Int) {
    start += count
    self.lines -= lines
    if let first = runs.first, first.end <= start { runs.removeFirst() }
  }

  /// How many bytes it takes to keep it elsewhere.
  var storedCount: Int { count + runs.count * MemoryLayout<Run>.stride }

  /// Lends all lines, and then the times of their arrival, in the form that ``init(stored:lines:count:)`` takes.
  func withStored<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    try body(UnsafeRawBufferPointer(rebasing: memory[start..<end]))
    let times = runs.map { Run(end: $0.end - start, arrived: $0.arrived) }
    let result = times.withUnsafeBytes { bytes in
      Result { () throws(Failure) in try body(bytes) }
    }
    try result.get()
  }

  /// Makes it anew of what was kept elsewhere.
  ///
  /// - Parameters:
  ///   - size: How many bytes it were.
  ///   - lines: How many lines they have.
  ///   - count: How many bytes those are.
  ///   - read: Fills memory with them.
  /// - Throws: What reading throws.
  convenience init<Failure: Error>(
    stored size: Int, lines: Int, count: Int,
    _ read: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    self.init(capacity: size)
    try read(memory)
    (end, self.lines) = (count, lines)
    for place in stride(from: count, to: size, by: MemoryLayout<Run>.stride) {
      runs.append(memory.loadUnaligned(fromByteOffset: place, as: Run.self))
    }
  }
}

/// Lines of one source that wait, in memory or in a file, oldest first.
struct Backlog {
  enum Entry {
    case memory(Chunk)
    case spilled(SpillStore.Extent)

    var lines: Int {
      switch self {
      case .memory(let chunk): chunk.lines
      case .spilled(let extent): extent.lines
      }
    }
    var count: Int {
      switch self {
      case .memory(let chunk): chunk.count
      case .spilled(let extent): extent.count
      }
    }
  }

  private static let smallest = 4 << 10, largest = 64 << 10
  private(set) var entries: Deque<Entry> = []
  /// Bytes of memory in use.
  private(set) var held = 0

  var isEmpty: Bool { entries.isEmpty }

  /// Adds whole lines.
  mutating func append(_ bytes: UnsafeRawBufferPointer, lines: Int, arrived: Nanoseconds) {
    if case .memory(let last)? = entries.last, last.hasRoom(for: bytes.count) {
      return last.append(bytes, lines: lines, arrived: arrived)
    }
    // Whoever has much waiting is likely to get more.
    let room = max(bytes.count, min(Self.largest, max(Self.smallest, held)))
    let chunk = Chunk(capacity: room)
    chunk.append(bytes, lines: lines, arrived: arrived)
    entries.append(.memory(chunk))
    held += room
  }

  /// Takes the oldest away.
  mutating func removeFirst() {
    if case .memory(let chunk) = entries.removeFirst() { held -= chunk.capacity }
  }

  /// Puts lines back from the file in the place of the oldest.
  mutating func replaceFirst(_ chunk: Chunk) {
    entries[0] = .memory(chunk)
    held += chunk.capacity
  }

  /// Puts all lines in memory into the file.
  ///
  /// - Returns: How many bytes it were.
  mutating func spill(into store: SpillStore) throws(IOFailure) -> Int {
    var count = 0
    for index in entries.indices {
      guard case .memory(let chunk) = entries[index] else { continue }
      entries[index] = .spilled(try store.append(chunk))
      held -= chunk.capacity
      count += chunk.count
    }
    return count
  }
}

/// A file in which lines of all sources wait.
final class SpillStore {
  /// A piece of it: where it is, of what size, and how many bytes and lines went into it.
  struct Extent {
    var offset: Int64, size: Int
    var count: Int, lines: Int
  }

  private let file: SpillFile
  /// Where each piece ends, in the order of the file, and whether it was read.
  private var pieces: Deque<(end: Int64, isDone: Bool)> = []
  private var firstPiece = 0
  private var numbers: [Int64: Int] = [:]

  init() throws(IOFailure) { file = try SpillFile() }

  func append(_ chunk: Chunk) throws(IOFailure) -> Extent {
    let offset = file.end
    do throws(IOFailure) {
      try chunk.withStored { (bytes) throws(IOFailure) in try file.append(bytes) }
    } catch {
      file.cut(to: offset)
      throw error
    }
    numbers[offset] = firstPiece + pieces.count
    pieces.append((file.end, false))
    return Extent(
      offset: offset, size: chunk.storedCount, count: chunk.count, lines: chunk.lines)
  }

  /// Reads lines back.
  func read(_ extent: Extent) throws(Errno) -> Chunk {
    let chunk = try Chunk(stored: extent.size, lines: extent.lines, count: extent.count) {
      (memory) throws(Errno) in
      var done = 0
      while done < memory.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: memory[done...])
        let count = try System.read(
          file.descriptor, into: rest, at: extent.offset + Int64(done))
        guard count > 0 else { throw .ioError }
        done += count
      }
    }
    release(extent)
    return chunk
  }

  /// Gives room back.
  func release(_ extent: Extent) {
    guard let number = numbers.removeValue(forKey: extent.offset) else { return }
    pieces[number - firstPiece].isDone = true
    var freed: Int64?
    while let first = pieces.first, first.isDone {
      freed = first.end
      pieces.removeFirst()
      firstPiece += 1
    }
    if pieces.isEmpty {
      file.cut(to: 0)
    } else if let freed {
      file.free(upTo: freed)
    }
  }
}
