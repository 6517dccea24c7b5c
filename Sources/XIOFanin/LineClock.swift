internal import CXIO
internal import Glibc
internal import XIOSystem

/// Finds the time of each line of one source.
struct LineClock {
  /// How the lines of a source write their times.
  enum Notation: CaseIterable {
    /// `2026-11-25T09:56:30.123Z`; a blank for the T, an offset, or no zone at all.
    case iso8601
    /// `I1125 09:56:30.123456`, as klog has it.
    case klog
    /// `Nov 25 09:56:30`, as syslog has it.
    case rfc3164
    /// `[25/Nov/2026:09:56:30 +0000]` somewhere in the line.
    case commonLog
    /// Milliseconds, or seconds, since 1970.
    case epochMilliseconds, epochSeconds
  }

  /// So many lines may pass before a source is taken for one without times.
  private static let attempts = 16

  private let format: String?
  private var notation: Notation?
  private var failures = 0
  private var local = LocalOffset()
  /// The time of the last line that had one.
  private(set) var last: Nanoseconds?
  private let thisYear: Int

  /// Makes a clock.
  ///
  /// - Parameter format: How times are written, in the words of strptime(3); nil finds out.
  init(format: String?) {
    self.format = format
    thisYear = CivilDate(secondsSince1970: Clock.calendar / 1_000_000_000).year
  }

  /// The time of a line, or that of its predecessor, in nanoseconds since 1970.
  mutating func time(of line: UnsafeRawBufferPointer) -> Nanoseconds? {
    if let found = parse(line) { last = found }
    return last
  }

  private mutating func parse(_ line: UnsafeRawBufferPointer) -> Nanoseconds? {
    if let format { return parse(line, as: format) }
    if let notation { return parse(line, as: notation) }
    guard failures < Self.attempts else { return nil }
    for candidate in Notation.allCases {
      if let time = parse(line, as: candidate) {
        notation = candidate
        return time
      }
    }
    failures += 1
    return nil
  }

  private mutating func parse(
    _ line: UnsafeRawBufferPointer, as notation: Notation
  ) -> Nanoseconds? {
    var text = LineText(line)
    switch notation {
    case .iso8601: return iso8601(&text)
    case .klog: return klog(&text)
    case .rfc3164: return rfc3164(&text)
    case .commonLog: return commonLog(&text)
    case .epochMilliseconds: return epoch(&text, digits: 13, unit: 1_000_000)
    case .epochSeconds: return epoch(&text, digits: 10, unit: 1_000_000_000)
    }
  }

  private mutating func iso8601(_ text: inout LineText) -> Nanoseconds? {
    text.skip("[")
    guard let year = text.number(4), text.skip("-"), let month = text.number(2), text.skip("-"),
      let day = text.number(2), text.skip("T") || text.skip(" ") || text.skip("t"),
      let time = clockTime(&text)
    else { return nil }
    let date = CivilDate(
      year: year, month: month, day: day, hour: time.hour, minute: time.minute,
      second: time.second)
    let fraction = text.fraction()
    text.skip(" ")
    return finish(date, fraction, text.zone())
  }

  private mutating func klog(_ text: inout LineText) -> Nanoseconds? {
    guard text.skip("I") || text.skip("W") || text.skip("E") || text.skip("F"),
      let month = text.number(2), let day = text.number(2), text.skip(" "),
      let time = clockTime(&text)
    else { return nil }
    let date = CivilDate(
      year: thisYear, month: month, day: day, hour: time.hour, minute: time.minute,
      second: time.second)
    return finish(date, text.fraction(), nil)
  }

  private mutating func rfc3164(_ text: inout LineText) -> Nanoseconds? {
    // A priority may come first.
    if text.skip("<") {
      while text.number(1) != nil {}
      guard text.skip(">") else { return nil }
    }
    guard let month = text.month(), text.skip(" ") else { return nil }
    text.skip(" ")
    guard let day = text.number(2) ?? text.number(1), text.skip(" "),
      let time = clockTime(&text)
    else { return nil }
    let date = CivilDate(
      year: thisYear, month: month, day: day, hour: time.hour, minute: time.minute,
      second: time.second)
    return finish(date, text.fraction(), nil)
  }

  private mutating func commonLog(_ text: inout LineText) -> Nanoseconds? {
    guard text.find("["), let day = text.number(2), text.skip("/"), let month = text.month(),
      text.skip("/"), let year = text.number(4), text.skip(":"), let time = clockTime(&text)
    else { return nil }
    text.skip(" ")
    let date = CivilDate(
      year: year, month: month, day: day, hour: time.hour, minute: time.minute,
      second: time.second)
    return finish(date, 0, text.zone())
  }

  private func epoch(_ text: inout LineText, digits: Int, unit: Nanoseconds) -> Nanoseconds? {
    text.skip("[")
    guard let number = text.number(digits), !text.startsWithDigit else { return nil }
    return Nanoseconds(number) * unit + (digits == 10 ? text.fraction() : 0)
  }

  private func clockTime(
    _ text: inout LineText
  ) -> (hour: Int, minute: Int, second: Int)? {
    guard let hour = text.number(2), text.skip(":"), let minute = text.number(2) else { return nil }
    guard text.skip(":") else { return (hour, minute, 0) }
    guard let second = text.number(2) else { return nil }
    return (hour, minute, second)
  }

  private mutating func finish(
    _ date: CivilDate, _ fraction: Nanoseconds, _ zone: Int?
  ) -> Nanoseconds? {
    guard date.isValid else { return nil }
    let seconds = zone.map { date.seconds - Int64($0) } ?? local.universal(date.seconds)
    return seconds * 1_000_000_000 + fraction
  }

  /// Has the C library read a time at the beginning of a line.
  private mutating func parse(
    _ line: UnsafeRawBufferPointer, as format: String
  ) -> Nanoseconds? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 160) { copy -> Nanoseconds? in
      guard let start = copy.baseAddress else { return nil }
      let count = min(line.count, 159)
      for index in 0..<count { copy[index] = CChar(bitPattern: line[index]) }
      copy[count] = 0
      var parts = tm()
      parts.tm_year = CInt(thisYear - 1900)
      parts.tm_mday = 1
      // No zone has an offset like this one.
      parts.tm_gmtoff = .max
      let end = xio_parse_time(start, format, &parts)
      guard end > 0, end <= count else { return nil }
      var rest = LineText(UnsafeRawBufferPointer(rebasing: line[end..<count]))
      let date = CivilDate(
        year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
        hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
      return finish(date, rest.fraction(), parts.tm_gmtoff == .max ? nil : parts.tm_gmtoff)
    }
  }
}

/// The beginning of a line, as it is read from left to right.
struct LineText {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0
  /// Times stand near the beginning.
  private static let reach = 256

  init(_ line: UnsafeRawBufferPointer) {
    bytes = UnsafeRawBufferPointer(rebasing: line.prefix(Self.reach))
  }

  @discardableResult
  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  /// Goes behind the next such character.
  mutating func find(_ character: Unicode.Scalar) -> Bool {
    while at < bytes.count { if skip(character) { return true } else { at += 1 } }
    return false
  }

  var startsWithDigit: Bool { at < bytes.count && (48...57).contains(bytes[at]) }

  /// A number of so many digits.
  mutating func number(_ digits: Int) -> Int? {
    guard at + digits <= bytes.count else { return nil }
    var value = 0
    for index in at..<at + digits {
      guard (48...57).contains(bytes[index]) else { return nil }
      value = value * 10 + Int(bytes[index] - 48)
    }
    at += digits
    return value
  }

  /// What follows a point or a comma, in nanoseconds.
  mutating func fraction() -> Nanoseconds {
    guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: ".") || bytes[at] == UInt8(ascii: ","),
      (48...57).contains(bytes[at + 1])
    else { return 0 }
    at += 1
    var (value, scale): (Nanoseconds, Nanoseconds) = (0, 100_000_000)
    while startsWithDigit {
      value += Nanoseconds(bytes[at] - 48) * scale
      scale /= 10
      at += 1
    }
    return value
  }

  /// The offset of a zone in seconds: `Z`, `UTC`, `+01:00`, `-0500`, `+01`.
  mutating func zone() -> Int? {
    if skip("Z") || skip("z") { return 0 }
    let start = at
    if skip("U"), skip("T"), skip("C") { return 0 }
    at = start
    let isEast = skip("+")
    guard isEast || skip("-"), let hours = number(2) else {
      at = start
      return nil
    }
    skip(":")
    let minutes = number(2) ?? 0
    return (isEast ? 1 : -1) * (hours * 3600 + minutes * 60)
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ].map { Array($0.utf8) }

  mutating func month() -> Int? {
    guard at + 3 <= bytes.count,
      let index = Self.months.firstIndex(where: { $0.elementsEqual(bytes[at..<at + 3]) })
    else { return nil }
    at += 3
    return index + 1
  }
}
