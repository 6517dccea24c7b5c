internal import CXIO
internal import DequeModule

/// What a line is.
struct LineRule {
  let delimiter: [UInt8]
  let longest: Int
  let policy: FaninOptions.LongLine

  init(_ options: FaninOptions) {
    delimiter = options.delimiter
    longest = options.longestLine
    policy = options.longLine
  }

  /// The offset behind the first end of a line; nil where there is none.
  func firstEnd(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let end = xio_first_line_end(bytes.baseAddress, bytes.count, delimiter, delimiter.count)
    return end == 0 ? nil : end
  }

  /// How many lines end.
  func count(_ bytes: UnsafeRawBufferPointer) -> Int {
    Int(xio_count_lines(bytes.baseAddress, bytes.count, delimiter, delimiter.count))
  }
}

/// What was cut or added when lines were made of bytes.
struct LineDamage {
  /// Lines that were longer than the longest, and bytes of them that were given up.
  var longLines = 0, cutBytes: Int64 = 0
  /// Lines that were given up whole because of their length.
  var droppedLines = 0
  /// Lines that nobody had finished when they went out.
  var unfinishedLines = 0

  mutating func add(_ other: LineDamage) {
    longLines += other.longLines
    cutBytes += other.cutBytes
    droppedLines += other.droppedLines
    unfinishedLines += other.unfinishedLines
  }
}

/// Makes whole lines of the bytes of one source, which lie in a buffer of the caller's.
///
/// Only the beginning of a line that does not fit into the buffer is copied. Every line that is ready
/// has its delimiter.
final class LineAssembler {
  private let rule: LineRule
  /// What of the buffer has not been taken: whole lines up to ``whole``, the beginning of one behind.
  private(set) var start = 0, whole = 0, end = 0
  /// Lines that do not lie in the buffer; they come before those that do.
  private(set) var apart: Deque<[UInt8]> = []
  /// The beginning of a line that comes before what is in the buffer.
  private var carry: [UInt8] = []
  /// Whether the rest of a line is given up.
  private var isSkipping = false
  /// Whether the bytes of a line go out as they come, and how many of the buffer can.
  private(set) var isPassing = false
  private var passingTail: [UInt8]?
  private(set) var damage = LineDamage()

  init(_ rule: LineRule) {
    self.rule = rule
  }

  /// Whether a line is ready.
  var hasLines: Bool {
    !apart.isEmpty || whole > start || isPassing && (passable > start || passingTail != nil)
  }
  /// Whether there is the beginning of a line.
  var hasRest: Bool { end > whole || !carry.isEmpty || isPassing }
  /// How many bytes it holds outside of the buffer.
  var heldApart: Int { carry.count + apart.reduce(0) { $0 + $1.count } }

  /// Takes note of a buffer that was filled from the beginning.
  func begin(at first: Int) { (start, whole, end) = (first, first, first) }

  /// Takes bytes in that have come behind those that are there.
  func take(_ count: Int, _ memory: UnsafeRawBufferPointer) {
    let old = end
    end += count
    if isSkipping { skip(memory) }
    guard end > start else { return }
    // A delimiter may have begun in what came before.
    let from = max(start, old - rule.delimiter.count + 1)
    let found = xio_last_line_end(
      memory.baseAddress.map { $0 + from }, end - from, rule.delimiter, rule.delimiter.count)
    whole = found > 0 ? from + found : max(whole, start)
    if isPassing { return }
    if !carry.isEmpty, whole > start { join(memory) }
    if whole == start { limit(memory) }
  }

  /// The end of the bytes that can go out while a line passes.
  private(set) var passable = 0

  /// Finds out how far the line goes that passes.
  ///
  /// - Returns: Whether its end is there.
  func measurePassing(_ memory: UnsafeRawBufferPointer) -> Bool {
    if let end = rule.firstEnd(bytes(memory, start..<end)) {
      passable = start + end
      return true
    }
    passable = max(start, end - rule.delimiter.count + 1)
    return false
  }

  /// Takes bytes of a line that passes away.
  func pass(upTo index: Int, endsLine: Bool) {
    start = index
    whole = max(whole, start)
    if endsLine { isPassing = false }
  }

  /// The beginning of the line that passes, which goes out first.
  func takePassingHead() -> [UInt8] {
    defer { carry = [] }
    return carry
  }

  /// The offset behind the first line in the buffer.
  func firstEnd(_ memory: UnsafeRawBufferPointer) -> Int {
    start + (rule.firstEnd(bytes(memory, start..<whole)) ?? whole - start)
  }

  /// Takes note that lines of the buffer have gone.
  func consume(upTo index: Int) { start = index }

  /// Takes the first line away that does not lie in the buffer.
  func consumeApart() { apart.removeFirst() }

  /// Cuts the first line in the buffer, which is longer than the longest.
  func cutFirst(_ memory: UnsafeRawBufferPointer) {
    let end = firstEnd(memory)
    damage.longLines += 1
    switch rule.policy {
    case .split, .pass:
      apart.append(Array(bytes(memory, start..<start + rule.longest)) + rule.delimiter)
      start += rule.longest
    case .truncate:
      apart.append(Array(bytes(memory, start..<start + rule.longest)) + rule.delimiter)
      damage.cutBytes += Int64(end - start - rule.longest - rule.delimiter.count)
      start = end
    case .drop:
      damage.cutBytes += Int64(end - start)
      damage.droppedLines += 1
      start = end
    }
  }

  /// Moves what is left to the beginning of the buffer.
  func compact(_ memory: UnsafeMutableRawBufferPointer) {
    if start > 0, end > start {
      let rest = UnsafeRawBufferPointer(rebasing: memory[start..<end])
      UnsafeMutableRawBufferPointer(rebasing: memory[..<rest.count]).copyMemory(from: rest)
    }
    (start, whole, end) = (0, whole - start, end - start)
  }

  /// Takes the beginning of a line out of the buffer, which it fills.
  func absorb(_ memory: UnsafeRawBufferPointer) {
    guard whole == start, !isPassing else { return }
    // A delimiter may have begun at the end.
    let last = max(start, end - rule.delimiter.count + 1)
    carry += bytes(memory, start..<last)
    start = last
    whole = last
  }

  /// Makes a line of what nobody will finish.
  ///
  /// - Parameters:
  ///   - memory: The buffer.
  ///   - isRecord: Whether it is one as it stands.
  /// - Returns: Whether there was something.
  @discardableResult
  func finish(_ memory: UnsafeRawBufferPointer, isRecord: Bool = false) -> Bool {
    let rest = bytes(memory, max(whole, start)..<max(end, start))
    if isSkipping {
      damage.cutBytes += Int64(rest.count)
      isSkipping = false
      end = whole
      return false
    }
    guard !rest.isEmpty || !carry.isEmpty else { return false }
    if !isRecord { damage.unfinishedLines += 1 }
    let line = carry + rest + rule.delimiter
    // What lies in the buffer comes before it.
    for part in linesInBuffer(memory) { apart.append(part) }
    apart.append(line)
    carry = []
    (start, whole) = (end, end)
    return true
  }

  /// Ends the line that passes, and that nobody will finish.
  ///
  /// - Parameters:
  ///   - isOut: Whether its beginning is out.
  ///   - memory: The buffer.
  func abandonPassing(isOut: Bool, _ memory: UnsafeRawBufferPointer) {
    damage.unfinishedLines += 1
    let rest = bytes(memory, start..<end) + rule.delimiter
    if isOut {
      passingTail = rest
    } else {
      apart.append(carry + rest)
      carry = []
      isPassing = false
    }
    (start, whole) = (end, end)
  }

  /// Takes the end of a line that nobody has finished.
  func takePassingTail() -> [UInt8]? {
    guard let tail = passingTail else { return nil }
    passingTail = nil
    isPassing = false
    return tail
  }

  private func linesInBuffer(_ memory: UnsafeRawBufferPointer) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    while start < whole {
      let end = firstEnd(memory)
      lines.append(Array(bytes(memory, start..<end)))
      start = end
    }
    return lines
  }

  private func bytes(
    _ memory: UnsafeRawBufferPointer, _ range: Range<Int>
  ) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: memory[range])
  }

  /// Gives bytes up as far as the line goes.
  private func skip(_ memory: UnsafeRawBufferPointer) {
    let size = rule.delimiter.count
    if let found = rule.firstEnd(bytes(memory, start..<end)) {
      damage.cutBytes += Int64(found - size)
      start += found
      isSkipping = false
    } else {
      let kept = min(end - start, size - 1)
      damage.cutBytes += Int64(end - kept - start)
      start = end - kept
    }
    whole = start
  }

  /// Puts a line together of its beginning and its end.
  private func join(_ memory: UnsafeRawBufferPointer) {
    let end = firstEnd(memory)
    var line = carry + bytes(memory, start..<end)
    start = end
    carry = []
    let size = rule.delimiter.count
    guard line.count - size > rule.longest, rule.policy != .pass else { return apart.append(line) }
    damage.longLines += 1
    switch rule.policy {
    case .split, .pass:
      while line.count - size > rule.longest {
        apart.append(line[..<rule.longest] + rule.delimiter)
        line.removeFirst(rule.longest)
      }
      apart.append(line)
    case .truncate:
      damage.cutBytes += Int64(line.count - size - rule.longest)
      apart.append(line[..<rule.longest] + rule.delimiter)
    case .drop:
      damage.cutBytes += Int64(line.count)
      damage.droppedLines += 1
    }
  }

  /// Decides about a line that is too long already and has no end yet.
  private func limit(_ memory: UnsafeRawBufferPointer) {
    // With so many bytes behind it, no delimiter can have begun before the limit.
    while carry.count + end - start >= rule.longest + rule.delimiter.count, !isSkipping {
      if rule.policy == .pass {
        isPassing = true
        return
      }
      let part = rule.longest - carry.count
      if rule.policy != .drop {
        apart.append(carry + bytes(memory, start..<start + max(0, part)) + rule.delimiter)
      }
      damage.longLines += 1
      if rule.policy == .drop {
        damage.droppedLines += 1
        damage.cutBytes += Int64(carry.count)
      } else {
        start += part
      }
      carry = []
      if rule.policy != .split {
        isSkipping = true
        skip(memory)
      }
      whole = start
    }
  }
}
