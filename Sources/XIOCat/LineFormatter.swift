internal import Glibc
internal import XIOEngines

/// Formats lines as GNU's cat does, block by block. What is known of the current line goes on from block
/// to block, and from input to input.
struct LineFormatter: TransferFilter {
  /// So much room the beginning of a line takes at most, and so much again its end.
  private static let margin = LineNumber.limit + 24

  private let format: LineFormat
  private let notation: ByteNotation?
  private var number = LineNumber()
  /// Whether bytes of the current line have gone out.
  private var isInLine = false
  /// How many empty lines came last, as far as it matters.
  private var blankLines = 0
  /// Whether a carriage return waits for what follows it.
  private(set) var hasReturn = false
  /// Whether no input follows.
  var isAtEnd = false

  init(_ format: LineFormat) {
    self.format = format
    let needsNotation = format.showsNonprinting || format.showsTabs
    notation =
      needsNotation
      ? ByteNotation(nonprinting: format.showsNonprinting, tabs: format.showsTabs) : nil
  }

  mutating func apply(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (taken: Int, made: Int) {
    guard let start = input.baseAddress, let first = output.baseAddress else { return (0, 0) }
    let end = start + input.count
    let limit = first + max(0, output.count - 2 * Self.margin)
    var (from, to) = (start, first)
    while from < end, to < limit {
      let isNewline = from.load(as: UInt8.self) == Self.newline
      if hasReturn {
        to = putReturn(to, isBeforeNewline: isNewline)
      }
      if !isInLine {
        if isNewline {
          from += 1
          to = putBlankLine(to)
          continue
        }
        isInLine = true
        blankLines = 0
        if format.numbering != .none { to = number.write(to: to) }
      }
      let room = limit - to + Self.margin
      copyLine(&from, end, &to, room)
    }
    return (from - start, to - first)
  }

  /// Copies the rest of a line, or as much of it as there is and fits.
  @inline(__always)
  private mutating func copyLine(
    _ from: inout UnsafeRawPointer, _ end: UnsafeRawPointer, _ to: inout UnsafeMutableRawPointer,
    _ room: Int
  ) {
    let most = min(end - from, notation == nil ? room : max(1, room / ByteNotation.limit))
    let newline = memchr(from, Int32(Self.newline), most)
    var count = newline.map { UnsafeRawPointer($0) - from } ?? most
    let next = from + count
    if marksReturns, count > 0, (next - 1).load(as: UInt8.self) == UInt8(ascii: "\r") {
      count -= 1
      hasReturn = true
    }
    if let notation {
      to = notation.write(from, count, to: to)
    } else {
      to.copyMemory(from: from, byteCount: count)
      to += count
    }
    from = next
    guard newline != nil else { return }
    if hasReturn { to = putReturn(to, isBeforeNewline: true) }
    from += 1
    isInLine = false
    to = putEnd(to)
  }

  /// Whether a carriage return at the end of a line is to be seen; among other bytes the notation does it.
  private var marksReturns: Bool { format.showsEnds && !format.showsNonprinting }

  private mutating func putReturn(
    _ to: UnsafeMutableRawPointer, isBeforeNewline: Bool
  ) -> UnsafeMutableRawPointer {
    hasReturn = false
    guard isBeforeNewline else { return put(UInt8(ascii: "\r"), to) }
    return put(UInt8(ascii: "M"), put(UInt8(ascii: "^"), to))
  }

  private mutating func putBlankLine(
    _ to: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    blankLines = min(2, blankLines + 1)
    if format.squeezesBlank, blankLines > 1 { return to }
    return putEnd(format.numbering == .all ? number.write(to: to) : to)
  }

  @inline(__always)
  private func putEnd(_ to: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    put(Self.newline, format.showsEnds ? put(UInt8(ascii: "$"), to) : to)
  }

  private static var newline: UInt8 { UInt8(ascii: "\n") }

  @inline(__always)
  private func put(
    _ byte: UInt8, _ to: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    to.storeBytes(of: byte, as: UInt8.self)
    return to + 1
  }

  mutating func finish(into output: UnsafeMutableRawBufferPointer) -> Int {
    guard isAtEnd, hasReturn, let start = output.baseAddress else { return 0 }
    return putReturn(start, isBeforeNewline: false) - start
  }
}
