internal import Glibc
internal import XIOReport

/// What numbers of a chart are.
public enum Quantity: Sendable {
  /// Nanoseconds.
  case time
  /// Bytes a second.
  case rate
  /// How many of something.
  case count

  /// A value with its unit, to three digits.
  public func format(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 9e18 else { return "–" }
    switch self {
    case .time: return Units.time(Int64(value.rounded()))
    case .rate: return Units.size(Int64(value.rounded())) + "/s"
    case .count:
      // Four digits are read as easily as a unit.
      let unit = unit(upTo: value < 10_000 ? 1 : value)
      let scaled = value / unit.size
      let text = Self.plain(scaled, digits: scaled == scaled.rounded() ? 0 : scaled < 100 ? 2 : 1)
      return unit.name.isEmpty ? text : "\(text) \(unit.name)"
    }
  }

  /// The unit that suits values up to a maximum, and how much it is.
  func unit(upTo maximum: Double) -> (name: String, size: Double) {
    let units: [(String, Double)] =
      switch self {
      case .time: [("ns", 1), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("h", 3.6e12)]
      case .rate:
        [
          ("B/s", 1), ("KiB/s", 1024), ("MiB/s", 1_048_576), ("GiB/s", 1_073_741_824),
          ("TiB/s", 1_099_511_627_776),
        ]
      case .count: [("", 1), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)]
      }
    return units.last { $0.1 <= maximum } ?? units[0]
  }

  /// A number without zeros at its end.
  static func plain(_ value: Double, digits: Int = 3) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int64((abs(value) * scale).rounded())
    let whole = scaled / Int64(scale)
    var rest = String(scaled % Int64(scale))
    rest = String(repeating: "0", count: max(0, digits - rest.count)) + rest
    while rest.last == "0" { rest.removeLast() }
    return (value < 0 && scaled > 0 ? "-" : "") + "\(whole)" + (rest.isEmpty ? "" : ".\(rest)")
  }
}

/// How values become places.
struct Scale {
  /// A place with a number at it.
  struct Tick {
    var value: Double
    var label: String
  }

  private let isLogarithmic: Bool
  private let lower: Double, upper: Double
  private let places: (Double, Double)
  /// The numbers that stand at the axis.
  let ticks: [Tick]

  /// A scale from 0 to a little more than the maximum.
  ///
  /// - Parameters:
  ///   - maximum: The largest value.
  ///   - quantity: What values are.
  ///   - places: Where 0 and the upper end lie.
  init(linearTo maximum: Double, _ quantity: Quantity, places: (Double, Double)) {
    isLogarithmic = false
    self.places = places
    let maximum = maximum.isFinite && maximum > 0 ? maximum : 1
    let unit = quantity.unit(upTo: maximum)
    let step = Self.niceStep(maximum / unit.size / 5)
    let count = Int((maximum / unit.size / step).rounded(.up))
    lower = 0
    upper = Double(count) * step * unit.size
    ticks = (0...count).map { index in
      let value = Double(index) * step
      return Tick(value: value * unit.size, label: Self.label(value, unit.name))
    }
  }

  /// A scale of powers that holds all values.
  ///
  /// - Parameters:
  ///   - values: What it must hold; what is not above 0 has no place.
  ///   - quantity: What values are.
  ///   - places: Where the ends lie.
  init(logarithmicOver values: [Double], _ quantity: Quantity, places: (Double, Double)) {
    isLogarithmic = true
    self.places = places
    let known = values.filter { $0 > 0 && $0.isFinite }
    let (least, most) = (known.min() ?? 1, known.max() ?? 10)
    // Within less than two powers of ten there are numbers between them, too.
    let steps: [Double] = most / least < 90 ? [1, 2, 5] : [1]
    var marks: [Double] = []
    for exponent in Int(log10(least).rounded(.down))...Int(log10(most).rounded(.up)) {
      for step in steps { marks.append(step * pow(10, Double(exponent))) }
    }
    let first = max(0, (marks.firstIndex { $0 > least * 1.000_001 } ?? 1) - 1)
    let last = marks.firstIndex { $0 >= most * 0.999_999 } ?? marks.count - 1
    lower = marks[first]
    upper = marks[max(last, min(first + 1, marks.count - 1))]
    ticks = marks[first...max(last, min(first + 1, marks.count - 1))].map { value in
      let unit = quantity.unit(upTo: value * 1.000_001)
      return Tick(value: value, label: Self.label(value / unit.size, unit.name))
    }
  }

  /// A scale of the very values that occur, far apart as their logarithms are.
  ///
  /// - Parameters:
  ///   - values: What occurs, above 0.
  ///   - labels: What stands at each.
  ///   - places: Where the ends lie.
  init(of values: [Double], labels: [String], places: (Double, Double)) {
    isLogarithmic = true
    self.places = places
    lower = values.min() ?? 1
    upper = max(values.max() ?? 1, lower * 1.000_001)
    ticks = zip(values, labels).map { Tick(value: $0, label: $1) }
  }

  private static func label(_ value: Double, _ unit: String) -> String {
    unit.isEmpty || value == 0 ? Quantity.plain(value) : "\(Quantity.plain(value)) \(unit)"
  }

  /// 1, 2 or 5 times a power of ten, not less than a step.
  private static func niceStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    for factor in [1.0, 2, 5] where factor * power >= step * 0.999_999 { return factor * power }
    return 10 * power
  }

  /// Where a value lies; what is beyond an end lies there.
  func place(_ value: Double) -> Double {
    let share: Double
    if isLogarithmic {
      guard value > 0, upper > lower else { return places.0 }
      share = log(value / lower) / log(upper / lower)
    } else {
      share = value / upper
    }
    guard share.isFinite else { return places.0 }
    return places.0 + min(1, max(0, share)) * (places.1 - places.0)
  }
}
