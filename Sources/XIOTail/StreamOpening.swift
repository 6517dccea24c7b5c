internal import CXIO
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// The first part of a FIFO or device that is followed: what it sends until it ends or, where only the last
/// of it is wanted, until nothing comes for a while.
final class StreamOpening {
  /// How long a stream is silent that has said what it had to say.
  private static let silence: Nanoseconds = 100_000_000

  private let start: TailOptions.Start
  private let delimiter: UInt8
  /// What is kept, when it is counted from the end.
  private let window: PipeWindow?
  /// What is still to be passed over, when it is counted from the beginning.
  private var left: UInt64
  private var lastHeard: Nanoseconds?
  private var content: PipeWindow.Content?
  /// Whether all of it has come, so that it can be printed.
  private(set) var isOver = false

  /// Takes what is wanted of it.
  init(_ options: TailOptions) {
    start = options.start
    delimiter = options.delimiter
    left = max(start.count, 1) - 1
    window =
      start.fromBeginning
      ? nil : PipeWindow(start, delimiter: options.delimiter, memory: options.memory)
  }

  /// When it will be over, unless more comes; nil while that is not known.
  var due: Nanoseconds? {
    guard !isOver, window != nil, let lastHeard else { return nil }
    return lastHeard + Self.silence
  }

  /// Takes in what has come.
  ///
  /// - Returns: Where in these bytes that begins which is to be printed as it comes.
  /// - Throws: ``IOFailure`` when there is no room for what has to be kept.
  func take(_ bytes: UnsafeRawBufferPointer) throws(IOFailure) -> Int {
    lastHeard = Clock.monotonic
    guard let window else { return skip(bytes) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = try window.take { memory throws(IOFailure) in
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(memory.count))
        memory.copyMemory(from: part)
        return part.count
      }
      rest = rest.dropFirst(count)
    }
    return bytes.count
  }

  private func skip(_ bytes: UnsafeRawBufferPointer) -> Int {
    var count = bytes.count
    if start.unit == .bytes {
      count = Int(min(left, UInt64(count)))
      left -= UInt64(count)
    } else if left > 0 {
      let found = xio_find_from_start(bytes.baseAddress, bytes.count, delimiter, &left)
      if found >= 0 { count = Int(found) + 1 }
    } else {
      count = 0
    }
    if left == 0 { isOver = true }
    return count
  }

  /// Says that nothing more belongs to it.
  func end() { isOver = true }

  /// Gives out what is to be printed, piece by piece.
  ///
  /// - Parameter memory: What to fill.
  /// - Returns: How many bytes it were, 0 at the end.
  /// - Throws: The error number of reading what had to go to a file.
  func next(into memory: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    guard let window else { return 0 }
    if content == nil { content = try window.finish() }
    guard var content else { return 0 }
    defer { self.content = content }
    if let (file, range) = content.spilled, !range.isEmpty {
      let part = UnsafeMutableRawBufferPointer(rebasing: memory.prefix(range.count))
      let count = try System.read(file, into: part, at: range.lowerBound)
      guard count > 0 else { throw .ioError }
      content.spilled = (file, range.lowerBound + Int64(count)..<range.upperBound)
      return count
    }
    guard let block = content.blocks.first else { return 0 }
    let count = min(block.count, memory.count)
    memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: block[..<count]))
    content.blocks[0] = UnsafeRawBufferPointer(rebasing: block[count...])
    if count == block.count { content.blocks.removeFirst() }
    return count
  }
}
