internal import DequeModule
internal import SystemPackage
internal import XIOEngines
internal import XIOFollow

/// A place in a file up to which everything is in a block or in an earlier one.
struct FileMark {
  var generation: Generation
  var epoch: Int
  var offset: Int64
  var marker: [UInt8]
}

/// What goes out, in blocks, one after the other.
///
/// A line that is longer than a block goes on in the next one, and nothing comes between.
final class OutputBlocks {
  static let size = 512 << 10
  static let count = 4

  private struct Block {
    var used = 0
    var marks: [FileMark] = []
    /// Whether its last line goes on in the next block.
    var goesOn = false
  }

  private let memory: [UnsafeMutableRawBufferPointer]
  private var blocks = [Block](repeating: Block(), count: OutputBlocks.count)
  private var current = 0
  private var sealed: Deque<Int> = []
  /// The one that was used last is the nearest to the processor.
  private var free: [Int]
  /// The block that is being written.
  private(set) var writing: Int?
  /// The rest of what is longer than a block.
  private var overflow: ArraySlice<UInt8> = []
  private var overflowMark: FileMark?

  init(_ memory: [UnsafeMutableRawBufferPointer]) {
    self.memory = memory
    free = Array(1..<max(1, memory.count))
  }

  /// Whether nothing waits to be written.
  var isEmpty: Bool {
    writing == nil && sealed.isEmpty && blocks[current].used == 0 && overflow.isEmpty
  }

  /// Whether what has been written so far may end within a line.
  var isMidLine: Bool { writing != nil || lineGoesOn }
  private var lineGoesOn = false

  /// Whether there is no room at all.
  var isFull: Bool { !overflow.isEmpty || blocks[current].used == Self.size && free.isEmpty }

  /// Memory for at least so many bytes, which are no more than a block has; nil when there is none.
  func room(for count: Int) -> UnsafeMutableRawBufferPointer? {
    guard drainOverflow() else { return nil }
    if blocks[current].used + count > Self.size {
      guard seal() else { return nil }
    }
    return UnsafeMutableRawBufferPointer(rebasing: memory[current][blocks[current].used...])
  }

  /// Takes note of bytes that were put into the memory of ``room(for:)``.
  func added(_ count: Int) { blocks[current].used += count }

  /// Adds bytes that belong together.
  ///
  /// - Returns: Whether there was room.
  func append(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > Self.size else {
      guard let room = room(for: bytes.count) else { return false }
      room.copyBytes(from: bytes)
      added(bytes.count)
      return true
    }
    guard room(for: 1) != nil else { return false }
    overflow = bytes[...]
    drainOverflow()
    return true
  }

  /// Notes that everything of a file before a place is in the blocks.
  func mark(_ mark: FileMark) {
    guard overflow.isEmpty else {
      overflowMark = mark
      return
    }
    if let last = blocks[current].marks.last, last.generation === mark.generation {
      blocks[current].marks.removeLast()
    }
    blocks[current].marks.append(mark)
  }

  /// Puts the rest of a long line into blocks, as far as there are some.
  @discardableResult
  func drainOverflow() -> Bool {
    while !overflow.isEmpty {
      if blocks[current].used == Self.size {
        blocks[current].goesOn = true
        if !seal() { return false }
      }
      let place = memory[current][blocks[current].used...]
      let part = overflow.prefix(place.count)
      UnsafeMutableRawBufferPointer(rebasing: place).copyBytes(from: part)
      blocks[current].used += part.count
      overflow = overflow.dropFirst(part.count)
    }
    if let mark = overflowMark {
      overflowMark = nil
      self.mark(mark)
    }
    return true
  }

  private func seal() -> Bool {
    guard let next = free.popLast() else { return false }
    sealed.append(current)
    current = next
    return true
  }

  /// The block to be written next, and whether it has a part of a line; nil when one is being written or
  /// there is nothing.
  func beginWriting() -> (block: Int, count: Int, marks: [FileMark], hasPart: Bool)? {
    guard writing == nil else { return nil }
    if sealed.isEmpty, blocks[current].used > 0, !seal() { return nil }
    guard let block = sealed.popFirst() else { return nil }
    writing = block
    return (
      block, blocks[block].used, blocks[block].marks, lineGoesOn || blocks[block].goesOn
    )
  }

  /// Takes note that a block was written.
  ///
  /// - Returns: What of files is delivered now.
  func finishWriting() -> [FileMark] {
    guard let block = writing else { return [] }
    writing = nil
    let marks = blocks[block].marks
    lineGoesOn = blocks[block].goesOn
    blocks[block] = Block()
    free.append(block)
    return marks
  }
}
