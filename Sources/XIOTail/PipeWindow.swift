internal import CXIO
internal import SystemPackage
internal import XIOFollow
internal import XIOSystem

/// The last part of a stream that cannot be read twice, in bounded memory.
///
/// It is held in blocks. Whole blocks are dropped from the front as soon as what follows suffices; when
/// there are too many, the oldest go to a file.
final class PipeWindow {
  /// What came out: a range of a file, and then memory.
  struct Content {
    var spilled: (descriptor: FileDescriptor, range: Range<Int64>)?
    var blocks: [UnsafeRawBufferPointer]
  }

  private struct Block {
    let memory: UnsafeMutableRawBufferPointer
    var count = 0
    /// Delimiters, or bytes where these are wanted.
    var units: UInt64 = 0
  }

  /// Blocks that lie one after the other in the file.
  private struct Extent {
    var range: Range<Int64>
    var units: UInt64
  }

  private static let usualMemory = 64 << 20
  private static let largestBlock = 256 << 10
  /// Blocks in the file are put together, so that their number grows slowly with its size.
  private static let largestExtent: Int64 = 4 << 20

  private let wanted: UInt64
  private let countsLines: Bool
  private let delimiter: UInt8
  private let blockSize: Int
  private var mostBlocks: Int
  /// Whether memory has to do where there is no room for a file.
  private let isGenerous: Bool
  private var blocks = Queue<Block>()
  private var extents = Queue<Extent>()
  private var spare: [UnsafeMutableRawBufferPointer] = []
  private var file: SpillFile?
  private var units: UInt64 = 0
  private var lastByte: UInt8?

  /// Makes an empty window.
  ///
  /// - Parameters:
  ///   - wanted: What is to be kept; it is counted from the end.
  ///   - delimiter: What ends a line.
  ///   - memory: How many bytes of memory to use at most; nil for as many as it takes where there can be
  ///     no file.
  init(_ wanted: TailOptions.Start, delimiter: UInt8, memory: Int?) {
    isGenerous = memory == nil
    let memory = memory ?? Self.usualMemory
    self.wanted = wanted.count
    countsLines = wanted.unit == .lines
    self.delimiter = delimiter
    blockSize = max(4096, min(Self.largestBlock, memory / 8) & ~4095)
    mostBlocks = max(2, memory / blockSize)
  }

  deinit {
    for block in blocks { block.memory.deallocate() }
    for memory in spare { memory.deallocate() }
  }

  /// Takes more of the stream in.
  ///
  /// - Parameter read: Fills memory and returns how many bytes it were.
  /// - Returns: That number.
  /// - Throws: What `read` throws, or ``IOFailure`` when the file takes no more.
  func take(
    _ read: (UnsafeMutableRawBufferPointer) throws(IOFailure) -> Int
  ) throws(IOFailure) -> Int {
    if blocks.last.map({ $0.count == blockSize }) ?? true { try addBlock() }
    guard var block = blocks.last else { return 0 }
    let count = try read(UnsafeMutableRawBufferPointer(rebasing: block.memory[block.count...]))
    let new =
      countsLines
      ? xio_count_byte(block.memory.baseAddress?.advanced(by: block.count), count, delimiter)
      : count
    block.count += count
    if count > 0 { lastByte = block.memory[block.count - 1] }
    block.units += UInt64(new)
    blocks.last = block
    units += UInt64(new)
    dropFront()
    return count
  }

  private func addBlock() throws(IOFailure) {
    if blocks.count >= mostBlocks {
      do throws(IOFailure) { try spill() } catch {
        guard isGenerous else { throw error }
        mostBlocks = .max
      }
    }
    let memory = spare.popLast() ?? .allocate(byteCount: blockSize, alignment: 4096)
    blocks.append(Block(memory: memory))
  }

  /// Moves the oldest block to the file.
  private func spill() throws(IOFailure) {
    guard let block = blocks.first else { return }
    if self.file == nil { self.file = try SpillFile() }
    guard let file else { return }
    let start = file.end
    do throws(IOFailure) {
      try file.append(UnsafeRawBufferPointer(rebasing: block.memory[..<block.count]))
    } catch {
      file.cut(to: start)
      throw error
    }
    if var last = extents.last, last.range.count < Self.largestExtent {
      last.range = last.range.lowerBound..<file.end
      last.units += block.units
      extents.last = last
    } else {
      extents.append(Extent(range: start..<file.end, units: block.units))
    }
    dropBlock()
  }

  private func dropBlock() {
    guard let block = blocks.popFirst() else { return }
    spare.append(block.memory)
  }

  /// Whether what follows the oldest units suffices. A last line without an end is one more, and the
  /// line that the oldest delimiter of the rest ends may have begun before it.
  private func canSpare(_ oldest: UInt64) -> Bool {
    let rest = units - oldest
    return countsLines ? rest > wanted : rest >= wanted
  }

  private func dropFront() {
    while let extent = extents.first, canSpare(extent.units) {
      _ = extents.popFirst()
      units -= extent.units
      file?.free(upTo: extent.range.upperBound)
    }
    while extents.isEmpty, blocks.count > 1, let block = blocks.first, canSpare(block.units) {
      units -= block.units
      dropBlock()
    }
  }

  /// Finds what is to be printed.
  ///
  /// - Returns: It; the memory belongs to the window.
  /// - Throws: The error number of reading the file.
  func finish() throws(Errno) -> Content {
    var all = units
    if countsLines, let lastByte, lastByte != delimiter { all += 1 }
    var skip = all > wanted ? all - wanted : 0
    var content = Content(blocks: [])
    for extent in extents {
      guard let start = try start(in: extent, &skip) else { continue }
      if content.spilled == nil, let file {
        content.spilled = (file.descriptor, start..<file.end)
      }
    }
    for block in blocks {
      let bytes = UnsafeRawBufferPointer(rebasing: block.memory[..<block.count])
      if let start = start(in: bytes, block.units, &skip) {
        content.blocks.append(UnsafeRawBufferPointer(rebasing: bytes[start...]))
      }
    }
    return content
  }

  /// Where output begins in an extent, if it does; takes what is skipped off.
  private func start(in extent: Extent, _ skip: inout UInt64) throws(Errno) -> Int64? {
    guard skip <= extent.units, let file else {
      skip -= extent.units
      return nil
    }
    guard countsLines else {
      defer { skip = 0 }
      return extent.range.lowerBound + Int64(skip)
    }
    let start = try BackwardScan.start(
      of: file.descriptor, from: extent.range.lowerBound, end: extent.range.upperBound,
      TailOptions.Start(.lines, skip + 1, fromBeginning: true), delimiter: delimiter)
    skip = 0
    return start
  }

  private func start(
    in bytes: UnsafeRawBufferPointer, _ units: UInt64, _ skip: inout UInt64
  ) -> Int? {
    guard skip <= units else {
      skip -= units
      return nil
    }
    defer { skip = 0 }
    guard skip > 0 else { return 0 }
    guard countsLines else { return Int(skip) }
    return Int(xio_find_from_start(bytes.baseAddress, bytes.count, delimiter, &skip)) + 1
  }
}

/// What is taken out in the order in which it was put in.
struct Queue<Element>: Sequence {
  private var elements: [Element?] = []
  private var head = 0

  var count: Int { elements.count - head }
  var isEmpty: Bool { count == 0 }
  var first: Element? { isEmpty ? nil : elements[head] }

  /// The element that was put in last; only one that is there can be replaced.
  var last: Element? {
    get { isEmpty ? nil : elements[elements.count - 1] }
    set { if !isEmpty, let newValue { elements[elements.count - 1] = newValue } }
  }

  mutating func append(_ element: Element) {
    elements.append(element)
  }

  mutating func popFirst() -> Element? {
    guard let element = first else { return nil }
    elements[head] = nil
    head += 1
    // Moving the rest costs no more than what has been taken out since it was last moved.
    if head * 2 > elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }

  func makeIterator() -> some IteratorProtocol<Element> {
    elements[head...].lazy.compactMap(\.self).makeIterator()
  }
}
