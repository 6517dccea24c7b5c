/// Numbers with units, for people.
public enum Units {
  /// A number with three digits that matter.
  private static func short(_ value: Double) -> String {
    let decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
    var scaled = value
    for _ in 0..<decimals { scaled *= 10 }
    var digits = String(Int64(scaled.rounded()))
    guard decimals > 0 else { return digits }
    while digits.count <= decimals { digits = "0" + digits }
    digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals))
    return digits
  }

  private static func scaled(_ value: Double, _ step: Double, _ units: [String]) -> String {
    var (value, index) = (value, 0)
    while value >= step * 0.9995, index < units.count - 1 {
      value /= step
      index += 1
    }
    return index == 0 && value == value.rounded()
      ? "\(Int64(value)) \(units[0])" : "\(short(value)) \(units[index])"
  }

  /// A duration of nanoseconds.
  public static func time(_ nanoseconds: some BinaryInteger) -> String {
    scaled(Double(nanoseconds), 1000, ["ns", "µs", "ms", "s"])
  }

  /// A number of bytes.
  public static func size(_ bytes: some BinaryInteger) -> String { size(Double(bytes)) }

  /// Bytes for each second. Blocks that are only shared can make it more than an integer holds.
  public static func speed(_ bytes: Int64, in nanoseconds: Int64) -> String {
    size(nanoseconds > 0 ? (Double(bytes) / Double(nanoseconds) * 1e9).rounded() : 0) + "/s"
  }

  /// So many of a thing, whose name takes an s when there are several.
  public static func count(_ number: some BinaryInteger, _ thing: String) -> String {
    "\(number) \(thing)\(number == 1 ? "" : "s")"
  }

  private static func size(_ bytes: Double) -> String {
    scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB"])
  }
}
