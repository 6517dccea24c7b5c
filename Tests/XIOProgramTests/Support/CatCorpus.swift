import XIOTestSupport

/// Files that `cat` is compared with GNU's on.
struct CatCorpus {
  /// Names and contents.
  static let files: [(name: String, bytes: [UInt8])] = [
    ("empty", []), ("newline", [10]), ("newlines", Array(repeating: 10, count: 5)),
    ("text", lines(200)), ("open-end", lines(40) + Array("no newline".utf8)),
    ("blank-lines", Array("\n\n\na\n\n\n\nb\n\n".utf8)), ("blank-first", Array("\n\nlast".utf8)),
    ("crlf", Array("one\r\n\r\n\r\ntwo\r\rthree\r\n".utf8)), ("return", Array("end\r".utf8)),
    ("returns", Array("\r\r".utf8)), ("tabs", Array("\t\ta\tb\n \t\n".utf8)),
    ("nuls", [0, 0, 10, 0, 97, 10, 0]), ("every-byte", Array(UInt8.min...UInt8.max)),
    ("high", Array("naïve 日本\n\u{80}\u{ff}\n".utf8) + [0x80, 0x9f, 0xa0, 0xfe, 0xff, 10]),
    ("random", random(70_001)), ("few-kinds", random(90_000).map { kinds[Int($0) % kinds.count] }),
    ("long-line", Array(repeating: 0x71, count: 300_000)),
    ("many-blank", Array(repeating: 10, count: 150_000)), ("large", lines(9000)),
  ]

  private static let kinds = Array("\n\n\r\t a\u{7f}".utf8) + [0x80, 0xff, 0]

  private static func lines(_ count: Int) -> [UInt8] {
    (0..<count).flatMap { Array(repeating: 0x61 + UInt8($0 % 26), count: $0 % 97) + [10] }
  }

  private static func random(_ count: Int) -> [UInt8] {
    var generator = RandomBytes(seed: 7)
    return generator.next(count)
  }

  /// Writes all files into a directory.
  static func write(into directory: TestDirectory) throws {
    for file in files { try directory.write(file.name, file.bytes) }
  }
}

/// Numbers that look random and are the same in every run.
struct FixedRandom: RandomNumberGenerator {
  private var bytes: RandomBytes

  init(seed: UInt64) {
    bytes = RandomBytes(seed: seed)
  }

  mutating func next() -> UInt64 {
    bytes.next(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
