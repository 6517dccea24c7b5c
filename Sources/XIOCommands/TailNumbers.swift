internal import ArgumentParser
internal import Glibc
internal import XIOSystem
internal import XIOTail

/// The values of `tail`'s options, as GNU's tail understands them.
enum TailNumbers {
  /// A number of lines or bytes, with a sign and a suffix.
  static func start(
    _ text: String, _ unit: TailOptions.Unit
  ) throws(UsageError) -> TailOptions.Start {
    let sign = text.first.flatMap { "+-".contains($0) ? $0 : nil }
    guard let count = count(sign == nil ? text[...] : text.dropFirst()) else {
      let what = unit == .lines ? "lines" : "bytes"
      throw UsageError("invalid number of \(what): '\(text)'")
    }
    return TailOptions.Start(unit, count, fromBeginning: sign == "+")
  }

  /// A number with a suffix; one that is too large means as many as there are.
  private static func count(_ text: Substring) -> UInt64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard !digits.isEmpty || !text.isEmpty else { return nil }
    let number: UInt64
    if digits.isEmpty {
      // A suffix alone means one of it.
      number = 1
    } else {
      number = UInt64(digits) ?? .max
    }
    guard let scale = scale(text.dropFirst(digits.count)) else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: scale)
    return overflow ? .max : product
  }

  private static func scale(_ suffix: Substring) -> UInt64? {
    guard let letter = suffix.first else { return 1 }
    if suffix == "b" { return 512 }
    guard let index = "KMGTPEZYRQ".firstIndex(of: Character(letter.uppercased())),
      letter.isUppercase || "kmgtpezyrq".prefix(2).contains(letter)
    else { return nil }
    let power = "KMGTPEZYRQ".distance(from: "KMGTPEZYRQ".startIndex, to: index) + 1
    let base: UInt64
    switch suffix.dropFirst() {
    case "", "iB": base = 1024
    case "B": base = 1000
    default: return nil
    }
    var scale: UInt64 = 1
    for _ in 0..<power {
      let (product, overflow) = scale.multipliedReportingOverflow(by: base)
      scale = overflow ? .max : product
    }
    return scale
  }

  /// What is followed; the beginning of a word is enough.
  static func follow(_ text: String) throws(UsageError) -> TailOptions.Follow {
    if !text.isEmpty {
      if "descriptor".hasPrefix(text) { return .descriptor }
      if "name".hasPrefix(text) { return .name }
    }
    throw UsageError(text, for: "--follow", isNoneOf: ["descriptor", "name"])
  }

  /// A time in seconds, with decimals.
  static func seconds(_ text: String) throws(UsageError) -> Nanoseconds {
    guard let value = Double(text), value >= 0, value.isFinite else {
      throw UsageError("invalid number of seconds: '\(text)'")
    }
    return Nanoseconds(min(value, 1e9) * 1e9)
  }

  /// The number of a process.
  static func process(_ text: String) throws(UsageError) -> Int32 {
    guard let number = Int32(text), number >= 0 else { throw UsageError("invalid PID: '\(text)'") }
    return number
  }

  /// How many looks may pass without a change.
  static func looks(_ text: String) throws(UsageError) -> Int {
    guard let number = Int(text), number >= 0 else {
      throw UsageError(
        "invalid maximum number of unchanged stats between opens: '\(text)'")
    }
    return number
  }
}

/// A short time, such as `500us`, `1ms` or `2s`; a number alone must be 0.
struct Duration: ExpressibleByArgument {
  let nanoseconds: Nanoseconds

  private static let units: [String: Double] = ["ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9]

  init?(argument: String) {
    let digits = argument.prefix { $0.isNumber || $0 == "." }
    guard let number = Double(digits), number >= 0 else { return nil }
    let unit = String(argument.dropFirst(digits.count))
    if unit.isEmpty, number == 0 {
      nanoseconds = 0
      return
    }
    guard let scale = Self.units[unit], number * scale <= 3.6e12 else { return nil }
    nanoseconds = Nanoseconds(number * scale)
  }
}
