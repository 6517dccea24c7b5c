import Glibc

/// What became of the lines of logs on their way through a follower.
public struct LineCheck: Sendable, Equatable, CustomStringConvertible {
  /// Numbers of lines that are missing.
  public private(set) var lost: [Int] = []
  /// Numbers of lines that came once more.
  public private(set) var doubled: [Int] = []
  /// Numbers of lines that came after one that was written later.
  public private(set) var late: [Int] = []
  /// Lines that nobody has written like that.
  public private(set) var torn: [String] = []

  /// Compares lines with what was written.
  ///
  /// - Parameters:
  ///   - output: what the follower has printed.
  ///   - counts: how many lines each log has, by its letter.
  public init(_ output: some Collection<UInt8>, counts: [UInt8: Int]) {
    var seen = counts.mapValues { [Bool](repeating: false, count: $0 + 1) }
    var last = counts.mapValues { _ in 0 }
    for line in Self.lines(Array(output)) {
      guard let (number, letter) = Self.identify(line), number <= counts[letter, default: 0] else {
        torn.append(String(decoding: line.prefix(240), as: UTF8.self))
        continue
      }
      if seen[letter]?[number] == true {
        doubled.append(number)
        continue
      }
      seen[letter]?[number] = true
      if number < last[letter, default: 0] { late.append(number) }
      last[letter] = number
    }
    for marks in seen.values {
      lost += marks.indices.dropFirst().filter { !marks[$0] }
    }
  }

  /// Compares lines with what one log has.
  ///
  /// - Parameters:
  ///   - output: what the follower has printed.
  ///   - writer: who wrote the log.
  public init(_ output: some Collection<UInt8>, of writer: LogWriter) {
    self.init(output, counts: [writer.letter: writer.count])
  }

  /// Whether every line came once, whole and in its place.
  public var isPerfect: Bool { self == LineCheck([], counts: [:]) }

  /// Whether every line came once and whole, in whatever place.
  public var isComplete: Bool { lost.isEmpty && doubled.isEmpty && torn.isEmpty }

  /// What is wrong, with the first numbers of each kind.
  public var description: String {
    """
    lost \(lost.count) \(lost.prefix(5)), doubled \(doubled.count) \(doubled.prefix(5)), \
    late \(late.count) \(late.prefix(5)), torn \(torn.count) \(torn.prefix(3))
    """
  }

  private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    bytes.withUnsafeBytes { memory in
      guard let base = memory.baseAddress else { return }
      var start = 0
      while start < bytes.count {
        let found = memchr(base + start, 10, bytes.count - start)
        let end = found.map { UnsafeRawPointer($0) - base + 1 } ?? bytes.count
        lines.append(bytes[start..<end])
        start = end
      }
    }
    return lines
  }

  private static func identify(_ line: ArraySlice<UInt8>) -> (number: Int, letter: UInt8)? {
    guard line.count > 20, let number = Int(String(decoding: line.prefix(8), as: UTF8.self)),
      number > 0
    else { return nil }
    let letter = line[line.startIndex + 9]
    let expected = LogWriter.line(number, letter: letter)
    let isWhole =
      expected.count == line.count
      && line.withUnsafeBytes { memory in
        expected.withUnsafeBytes { other in
          guard let left = memory.baseAddress, let right = other.baseAddress else { return false }
          return memcmp(left, right, other.count) == 0
        }
      }
    return isWhole ? (number, letter) : nil
  }
}
