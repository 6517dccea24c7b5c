import Testing

@testable import XIOFanin

/// Lines out of bytes that are cut anywhere.
@Suite struct LineAssemblerTests {
  private func options(
    _ delimiter: String, longest: Int = 1 << 20, _ policy: FaninOptions.LongLine = .split
  ) -> FaninOptions {
    var options = FaninOptions()
    options.delimiter = Array(delimiter.utf8)
    options.longestLine = longest
    options.longLine = policy
    return options
  }

  /// Feeds text in pieces through a small buffer, and returns the lines.
  private func lines(
    _ text: [UInt8], _ options: FaninOptions, buffer size: Int, pieces: () -> Int
  ) -> [[UInt8]] {
    let assembler = LineAssembler(LineRule(options))
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { memory.deallocate() }
    var found: [[UInt8]] = []
    var rest = text[...]
    func takeAll() {
      while let line = assembler.apart.first {
        found.append(line)
        assembler.consumeApart()
      }
      while assembler.start < assembler.whole {
        let end = assembler.firstEnd(UnsafeRawBufferPointer(memory))
        if end - assembler.start - options.delimiter.count > options.longestLine {
          assembler.cutFirst(UnsafeRawBufferPointer(memory))
          while let line = assembler.apart.first {
            found.append(line)
            assembler.consumeApart()
          }
          continue
        }
        found.append(Array(memory[assembler.start..<end]))
        assembler.consume(upTo: end)
      }
    }
    while !rest.isEmpty {
      assembler.compact(memory)
      if assembler.end == size {
        assembler.absorb(UnsafeRawBufferPointer(memory))
        assembler.compact(memory)
      }
      let piece = rest.prefix(min(pieces(), size - assembler.end))
      UnsafeMutableRawBufferPointer(rebasing: memory[assembler.end...]).copyBytes(from: piece)
      rest = rest.dropFirst(piece.count)
      assembler.take(piece.count, UnsafeRawBufferPointer(memory))
      takeAll()
    }
    assembler.finish(UnsafeRawBufferPointer(memory))
    takeAll()
    return found
  }

  @Test(arguments: ["\n", "\r\n", "ab", "aab"]) func findsAllLines(_ delimiter: String) {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let text = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
        Array("ab\r\nx".utf8).randomElement(using: &generator) ?? 0
      }
      let found = lines(text, options(delimiter), buffer: 16) {
        Int.random(in: 1...9, using: &generator)
      }
      let whole = String(decoding: text, as: UTF8.self)
      #expect(found.allSatisfy { $0.suffix(delimiter.utf8.count).elementsEqual(delimiter.utf8) })
      let joined = String(decoding: found.flatMap { $0 }, as: UTF8.self)
      #expect(joined == whole || joined == whole + delimiter)
      var expected: [String] = []
      var rest = Array(whole.utf8)[...]
      while !rest.isEmpty {
        var end = rest.startIndex
        while end < rest.endIndex, !rest[end...].starts(with: delimiter.utf8) { end += 1 }
        expected.append(String(decoding: rest[..<end], as: UTF8.self))
        rest = rest[min(rest.endIndex, end + delimiter.utf8.count)...]
      }
      #expect(
        found.map { String(decoding: $0.dropLast(delimiter.utf8.count), as: UTF8.self) } == expected
      )
    }
  }

  @Test(arguments: [FaninOptions.LongLine.split, .truncate, .drop], ["\n", "\r\n"])
  func noLineIsLongerThanTheLongest(_ policy: FaninOptions.LongLine, _ delimiter: String) {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let lengths = (0..<6).map { _ in Int.random(in: 0...60, using: &generator) }
      let text = lengths.flatMap {
        [UInt8](repeating: UInt8(ascii: "x"), count: $0) + Array(delimiter.utf8)
      }
      let options = options(delimiter, longest: 10, policy)
      let found = lines(text, options, buffer: 16) { Int.random(in: 1...9, using: &generator) }
        .map { $0.count - delimiter.utf8.count }
      let expected: [Int] =
        switch policy {
        case .drop: lengths.filter { $0 <= 10 }
        case .truncate: lengths.map { min($0, 10) }
        default:
          lengths.flatMap { length in
            length <= 10 ? [length] : (0..<(length + 9) / 10).map { min(10, length - 10 * $0) }
          }
        }
      #expect(found == expected, "\(lengths)")
    }
  }
}
