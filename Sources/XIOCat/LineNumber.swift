/// A line's number as text: at least six columns, and a tab.
///
/// It is counted as text, for dividing each number by ten again and again would take longer than copying
/// the line.
struct LineNumber {
  /// The most bytes that a number takes with its tab.
  static let limit = 24

  /// Six digits or spaces, the tab, and a byte that is not used.
  private var text: UInt64 = 0x00_09_30_20_20_20_20_20
  /// What comes before the six digits, and the number of its bytes.
  private var millions: UInt64 = 0
  private var prefix: (UInt64, UInt64) = (0, 0)
  private var prefixCount = 0

  /// Writes the next number; ``limit`` bytes must be there.
  ///
  /// - Returns: The end of what was written.
  @inline(__always)
  mutating func write(to output: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    increment()
    var output = output
    if prefixCount > 0 {
      output.storeBytes(of: prefix.0, as: UInt64.self)
      output.storeBytes(of: prefix.1, toByteOffset: 8, as: UInt64.self)
      output += prefixCount
    }
    output.storeBytes(of: text, as: UInt64.self)
    return output + 7
  }

  @inline(__always)
  private mutating func increment() {
    var shift: UInt64 = 40
    text &+= 1 << shift
    while (text >> shift) & 0xff == UInt64(UInt8(ascii: "9") + 1) {
      text &-= 10 << shift
      if shift == 0 { return carry() }
      shift -= 8
      // The digit to the left may still be a space.
      let isSpace = (text >> shift) & 0xff == UInt64(UInt8(ascii: " "))
      text &+= (isSpace ? 0x11 : 1) << shift
    }
  }

  private mutating func carry() {
    millions += 1
    var digits = millions
    var bytes: [UInt8] = []
    while digits > 0 {
      bytes.insert(UInt8(ascii: "0") + UInt8(digits % 10), at: 0)
      digits /= 10
    }
    prefixCount = bytes.count
    prefix = (0, 0)
    for (index, byte) in bytes.enumerated() {
      let value = UInt64(byte) << (UInt64(index % 8) * 8)
      if index < 8 { prefix.0 |= value } else { prefix.1 |= value }
    }
  }
}
