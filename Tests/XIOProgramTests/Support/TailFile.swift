import Glibc
import Testing
import XIOTestSupport

/// One file of the comparison with GNU's tail.
struct TailFile: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var bytes: [UInt8]

  init(_ name: String, _ bytes: [UInt8]) {
    testDescription = name
    self.bytes = bytes
  }

  /// Lines of growing length that make exactly so many bytes, the last one with its end or without.
  static func lines(_ size: Int, ends: Bool) -> TailFile {
    var bytes = [UInt8](repeating: 10, count: size)
    bytes.withUnsafeMutableBytes { memory in
      var (place, length) = (0, 0)
      while place < size, let start = memory.baseAddress {
        length = (length + 7) % 113
        memset(
          start + place, CInt(UInt8(ascii: "a")) + CInt(length % 26), min(length, size - place))
        place += length + 1
      }
    }
    if let last = bytes.indices.last { bytes[last] = ends ? 10 : UInt8(ascii: "x") }
    return TailFile("\(size) bytes\(ends ? "" : ", open end")", bytes)
  }

  /// Sizes around those of blocks.
  static let edges =
    [0, 1, 2, 4095, 4096, 4097, 16383, 16384, 16385, 65535, 65536, 65537, (1 << 20) - 1, 1 << 20]
    + [(1 << 20) + 1]
  static let all =
    edges.flatMap { [lines($0, ends: true), lines($0, ends: false)] } + [
      TailFile("one long line", Array(repeating: UInt8(ascii: "q"), count: 700_000)),
      TailFile("empty lines", Array(repeating: 10, count: 300_000)),
      TailFile("NULs", Array("a\0bc\0\0d\n\0e".utf8)),
      TailFile("CRLF", Array(repeating: Array("some text\r\n".utf8), count: 9000).flatMap(\.self)),
      TailFile(
        "random bytes",
        {
          var random = RandomBytes(seed: 5); return random.next(400_000)
        }()),
    ]

  /// Files of which the kernel moves parts, and others.
  static let few = [
    lines(0, ends: true), lines(4097, ends: false), lines((1 << 20) + 1, ends: true),
    lines(3 << 20, ends: false),
  ]
}
