import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Numbered lines of one width, many of them, made and looked at by calls of C: without optimisation every step
/// through a byte is several calls of functions.
struct LineFlood {
  /// How many lines one writer writes to a stream.
  static let count = 80_000
  /// How many it writes as records: whoever takes them is woken for every few.
  static let recordCount = runsFullSize ? count : 25_000

  private static let filler = [UInt8](repeating: UInt8(ascii: "x"), count: 90)
  private static let texts = (0..<3).map { writer in
    (writer * count + 1...(writer + 1) * count).reduce(into: [UInt8]()) { $0 += line($1) }
  }

  /// A line that nobody else has.
  static func line(_ number: Int) -> [UInt8] { Array("\(number) ".utf8) + filler + [10] }

  /// Writes the lines of a writer to somebody who must not let it wait, and closes the stream.
  ///
  /// - Parameters:
  ///   - stream: Where to; it is made non-blocking.
  ///   - writer: Whose lines: 0, 1 or 2.
  ///   - isRecord: Whether each line is a record of its own.
  /// - Throws: `SupportFailure` when not everything is taken.
  static func send(
    to stream: FileDescriptor, from writer: Int = 0, isRecord: Bool = false
  ) throws {
    _ = fcntl(stream.rawValue, F_SETFL, O_NONBLOCK)
    try texts[writer].withUnsafeBytes { text in
      guard let start = text.baseAddress else { return }
      var (done, records) = (0, 0)
      try eventually("everything was taken") {
        while done < text.count, records < recordCount {
          var size = min(30_000, text.count - done)
          if isRecord, let end = memchr(start + done, 10, size) {
            size = UnsafeRawPointer(end) - (start + done) + 1
          }
          let taken = Glibc.write(stream.rawValue, start + done, size)
          if taken > 0 {
            done += taken
            records += isRecord ? 1 : 0
            continue
          }
          var waiting = pollfd(fd: stream.rawValue, events: Int16(POLLOUT), revents: 0)
          guard poll(&waiting, 1, 1000) > 0 else { return false }
        }
        return true
      }
    }
    try stream.close()
  }

  /// A line that came out.
  struct Arrival {
    /// The number that it is labelled with; 0 without labels.
    var label = 0
    /// Its own number.
    var number: Int
    /// Whether it is as it was written.
    var isWhole: Bool
  }

  /// Finds the lines of an output that begin with their numbers.
  ///
  /// - Parameters:
  ///   - output: What came out.
  ///   - hasLabels: Whether another number stands before that of each line.
  /// - Returns: The lines in their order, and how many others there are.
  static func arrivals(
    _ output: [UInt8], hasLabels: Bool = false
  ) -> (lines: [Arrival], others: Int) {
    var (lines, others): ([Arrival], Int) = ([], 0)
    // Numbers are read up to what is no digit, which there has to be.
    (output + [0]).withUnsafeBytes { memory in
      guard var start = memory.baseAddress else { return }
      let end = start + output.count
      while start < end {
        let found = memchr(start, 10, end - start)
        let next = found.map { UnsafeRawPointer($0) + 1 } ?? end
        let numbers = UnsafeRawBufferPointer(start: start, count: next - start)
        if let arrival = arrival(numbers, hasLabels) { lines.append(arrival) } else { others += 1 }
        start = next
      }
    }
    return (lines, others)
  }

  private static func arrival(
    _ line: UnsafeRawBufferPointer, _ hasLabels: Bool
  ) -> Arrival? {
    var rest = line
    guard let first = takeNumber(&rest) else { return nil }
    guard hasLabels else {
      return Arrival(number: first, isWhole: isFiller(rest))
    }
    guard let number = takeNumber(&rest) else { return nil }
    return Arrival(label: first, number: number, isWhole: isFiller(rest))
  }

  /// Takes a number and the space behind it off the beginning of a line.
  private static func takeNumber(_ line: inout UnsafeRawBufferPointer) -> Int? {
    guard let start = line.baseAddress, let first = line.first, isdigit(CInt(first)) != 0
    else { return nil }
    var end: UnsafeMutablePointer<CChar>?
    let number = strtol(start.assumingMemoryBound(to: CChar.self), &end, 10)
    guard let end, case let length = UnsafeRawPointer(end) - start, length < line.count,
      line[length] == UInt8(ascii: " ")
    else { return nil }
    line = UnsafeRawBufferPointer(rebasing: line[(length + 1)...])
    return number
  }

  private static func isFiller(_ rest: UnsafeRawBufferPointer) -> Bool {
    guard rest.count == filler.count + 1, let start = rest.baseAddress, rest.last == 10 else {
      return false
    }
    return memcmp(start, filler, filler.count) == 0
  }
}

/// Whether each number is larger than the one before.
func areAscending(_ numbers: [Int]) -> Bool {
  zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
}
