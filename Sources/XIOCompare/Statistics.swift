/// Numbers about a few measurements.
public struct Spread: Sendable {
  /// The middle one, or the mean of the two middle ones.
  public var median: Double
  /// The smallest and the largest.
  public var least: Double, most: Double

  /// Takes the measurements; nil when there are none.
  public init?(_ values: [Double]) {
    guard let first = values.min(), let last = values.max() else { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    least = first
    most = last
  }
}

/// The rank test of Mann and Whitney, exact, both sides.
public enum RankTest {
  /// How likely it is that two samples differ as much in their ranks by chance alone.
  ///
  /// - Parameters:
  ///   - first: Measurements of one kind.
  ///   - second: Measurements of the other; ties count half.
  /// - Returns: The probability, 1 for empty samples.
  public static func probability(_ first: [Double], _ second: [Double]) -> Double {
    guard !first.isEmpty, !second.isEmpty else { return 1 }
    var wins = 0.0
    for one in first {
      for other in second { wins += one < other ? 1 : one == other ? 0.5 : 0 }
    }
    let pairs = Double(first.count * second.count)
    // Of both tails the one that is as far from the middle.
    let extreme = Int(min(wins, pairs - wins).rounded(.down))
    let counts = arrangements(first.count, second.count)
    let all = counts.reduce(0, +)
    return min(1, 2 * counts[...extreme].reduce(0, +) / all)
  }

  /// In how many arrangements of two samples the first wins so many pairs, by that number.
  private static func arrangements(_ first: Int, _ second: Int) -> [Double] {
    // table[m] is for m of the first and the current number of the second.
    var table = (0...first).map { _ in [1.0] }
    for other in 1...second {
      var next = [[1.0]]
      for one in 1...first {
        // The largest is one of the first, and wins against all of the second, or one of the second.
        var sum = Array(repeating: 0.0, count: one * other + 1)
        for (wins, count) in next[one - 1].enumerated() { sum[wins + other] += count }
        for (wins, count) in table[one].enumerated() { sum[wins] += count }
        next.append(sum)
      }
      table = next
    }
    return table[first]
  }
}
