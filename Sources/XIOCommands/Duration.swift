internal import ArgumentParser
internal import XIOSystem

/// A time of at most a day, such as `500us`, `1ms`, `2.5s` or `1m`; a number alone is of seconds.
struct Duration: ExpressibleByArgument {
  let nanoseconds: Nanoseconds

  private static let units: [String: Double] = [
    "ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "": 1e9, "m": 60e9, "h": 3600e9, "d": 86400e9,
  ]

  init?(argument: String) {
    let digits = argument.prefix { ("0"..."9").contains($0) || $0 == "." }
    guard let number = Double(digits),
      let scale = Self.units[String(argument.dropFirst(digits.count))],
      number * scale <= 86400e9
    else { return nil }
    nanoseconds = Nanoseconds(number * scale)
  }
}
