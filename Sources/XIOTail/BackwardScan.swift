internal import CXIO
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Finds where the last part of a file begins, by reading as little of it as possible.
struct BackwardScan: ~Copyable {
  // Most files end with lines that the first block holds; of others large blocks take fewer calls.
  private static let smallestBlock = 16 << 10
  private static let largestBlock = 1 << 20
  /// O_DIRECT needs whole pages, and to others it makes no difference.
  private static let page = 4096

  private let descriptor: FileDescriptor
  private let flags: TransferFlags
  private let memory: UnsafeMutableRawBufferPointer
  /// The bytes that had to be read.
  private(set) var bytesRead: Int64 = 0

  init(_ descriptor: FileDescriptor, flags: TransferFlags = []) {
    self.descriptor = descriptor
    self.flags = flags
    memory = .allocate(byteCount: Self.largestBlock, alignment: Self.page)
  }

  deinit {
    memory.deallocate()
  }

  /// Finds where output of a file begins. The descriptor's own position is neither used nor changed.
  ///
  /// - Parameters:
  ///   - descriptor: The file, with offsets.
  ///   - from: The lowest offset that may be output, in bytes.
  ///   - end: The offset at which the file is taken to end.
  ///   - start: What is wanted.
  ///   - delimiter: What ends a line.
  /// - Returns: An offset between `from` and `end`; bytes counted from the beginning may lie behind it.
  /// - Throws: The error number of pread(2).
  static func start(
    of descriptor: FileDescriptor, from: Int64, end: Int64, _ start: TailOptions.Start,
    delimiter: UInt8
  ) throws(Errno) -> Int64 {
    var scan = BackwardScan(descriptor)
    return try scan.start(from: from, end: end, start, delimiter: delimiter)
  }

  /// Finds where output begins; see the function of the same name.
  mutating func start(
    from: Int64, end: Int64, _ start: TailOptions.Start, delimiter: UInt8
  ) throws(Errno) -> Int64 {
    switch (start.unit, start.fromBeginning) {
    case (.bytes, true):
      let skipped = Int64(clamping: max(start.count, 1) - 1)
      let (offset, overflow) = from.addingReportingOverflow(skipped)
      return overflow ? .max : offset
    case (.bytes, false):
      return from + max(0, end - from - Int64(clamping: start.count))
    case (.lines, true):
      return try firstLines(max(start.count, 1) - 1, from, end, delimiter)
    case (.lines, false):
      return try lastLines(start.count, from, end, delimiter)
    }
  }

  /// The offset behind the first `count` delimiters.
  private mutating func firstLines(
    _ count: UInt64, _ from: Int64, _ end: Int64, _ delimiter: UInt8
  ) throws(Errno) -> Int64 {
    var (left, offset) = (count, from)
    var block = Self.smallestBlock
    while left > 0, offset < end {
      let bytes = try read(offset..<min(end, Self.roundedDown(offset, block) + Int64(block)))
      // A file that has shrunk meanwhile ends here.
      guard !bytes.isEmpty else { return end }
      let found = xio_find_from_start(bytes.baseAddress, bytes.count, delimiter, &left)
      if found >= 0 { return offset + found + 1 }
      offset += Int64(bytes.count)
      block = min(block * 2, Self.largestBlock)
    }
    return offset
  }

  /// The offset behind the delimiter in front of the last `count` lines.
  private mutating func lastLines(
    _ count: UInt64, _ from: Int64, _ end: Int64, _ delimiter: UInt8
  ) throws(Errno) -> Int64 {
    guard count > 0 else { return end }
    var (left, offset) = (count, end)
    var block = Self.smallestBlock
    var isLast = true
    while offset > from {
      let start = max(from, Self.roundedDown(offset - 1, block))
      let bytes = try read(start..<offset)
      if isLast, let last = bytes.last {
        // The delimiter at the end ends the last line and begins no other.
        isLast = false
        if last == delimiter, left < .max { left += 1 }
      }
      let found = xio_find_from_end(bytes.baseAddress, bytes.count, delimiter, &left)
      if found >= 0 { return start + found + 1 }
      offset = start
      block = min(block * 2, Self.largestBlock)
    }
    return from
  }

  private static func roundedDown(_ offset: Int64, _ unit: Int) -> Int64 {
    offset & ~Int64(unit - 1)
  }

  /// Reads a range, or what there is of it. O_DIRECT is open on a file only when its lowest offset is
  /// a multiple of what that needs.
  private mutating func read(_ range: Range<Int64>) throws(Errno) -> UnsafeRawBufferPointer {
    let wanted = range.count
    let length = min(memory.count, (wanted + Self.page - 1) & ~(Self.page - 1))
    var done = 0
    var repetition = Repetition()
    while done < wanted {
      // In the middle of a page O_DIRECT cannot go on.
      let first = done & ~(Self.page - 1)
      do throws(Errno) {
        let count = try System.read(
          descriptor, into: .init(rebasing: memory[first..<length]),
          at: range.lowerBound + Int64(first), flags: flags)
        bytesRead += Int64(count)
        guard first + count > done else { break }
        done = first + count
      } catch {
        guard repetition.isDue(after: error) else { throw error }
      }
    }
    return UnsafeRawBufferPointer(rebasing: memory[..<min(done, wanted)])
  }
}
