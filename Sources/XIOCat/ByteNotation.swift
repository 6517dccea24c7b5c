/// How bytes are shown: as they are, or as `^X`, `M-X` and `M-^X`.
struct ByteNotation {
  /// The most bytes that one byte becomes.
  static let limit = 4

  /// For each byte up to four bytes of text, the first of them lowest, and their number above them.
  private let texts: UnsafeMutablePointer<UInt64>

  /// Makes the notation. It is needed as long as the process lives, and never given back.
  init(nonprinting: Bool, tabs: Bool) {
    texts = .allocate(capacity: 256)
    for byte in UInt8.min...UInt8.max {
      let text: [UInt8]
      switch byte {
      case UInt8(ascii: "\n"): text = [byte]
      case UInt8(ascii: "\t"): text = tabs ? Array("^I".utf8) : [byte]
      default: text = nonprinting ? Self.visible(byte) : [byte]
      }
      let packed = text.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      texts[Int(byte)] = UInt64(text.count) << 32 | packed
    }
  }

  private static func visible(_ byte: UInt8) -> [UInt8] {
    if byte >= 0x80 { return Array("M-".utf8) + visible(byte - 0x80) }
    guard byte < 0x20 || byte == 0x7f else { return [byte] }
    return [UInt8(ascii: "^"), byte ^ 0x40]
  }

  /// Writes bytes in this notation; the output has ``limit`` times the room, and eight bytes more.
  ///
  /// - Returns: The end of what was written.
  @inline(__always)
  func write(
    _ input: UnsafeRawPointer, _ count: Int, to output: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    var (input, output) = (input, output)
    let end = input + count
    while input < end {
      if end - input >= 8 {
        let eight = input.loadUnaligned(as: UInt64.self)
        if Self.arePrintable(eight) {
          output.storeBytes(of: eight, as: UInt64.self)
          input += 8
          output += 8
          continue
        }
      }
      // Where one byte is special others are likely to follow.
      for _ in 0..<min(8, end - input) {
        let text = texts[Int(input.load(as: UInt8.self))]
        output.storeBytes(of: UInt32(truncatingIfNeeded: text), as: UInt32.self)
        input += 1
        output += Int(text >> 32)
      }
    }
    return output
  }

  /// Whether eight bytes are all printable ASCII, which no notation changes.
  @inline(__always)
  private static func arePrintable(_ eight: UInt64) -> Bool {
    let (ones, tops) = (UInt64(0x0101_0101_0101_0101), UInt64(0x8080_8080_8080_8080))
    let belowSpace = (eight &- ones &* 0x20) & ~eight
    let delete = eight ^ (ones &* 0x7f)
    let isDelete = (delete &- ones) & ~delete
    return (eight | belowSpace | isDelete) & tops == 0
  }
}
