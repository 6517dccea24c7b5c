/// What the runs of one setting come to.
public struct Summary: Sendable {
  /// The index of the setting, and the setting.
  public var index: Int, setting: Comparison.Setting
  /// The runs that succeeded.
  public var runs: [Comparison.Run]
  /// The number that settings are ranked by, the smaller the better.
  public var value: Spread
  /// How much larger it is than that of the best; for ``Comparison/Measure/products`` how much smaller than
  /// that of the machine doing nothing else.
  public var ratio = 1.0
  /// Whether it is the best, or cannot be told apart from that.
  public var isBest = false, isIndistinct = false

  /// The median of something else about the runs; nil where no run has it.
  public func median(_ number: (Comparison.Run) -> (some BinaryInteger)?) -> Double? {
    Spread(runs.compactMap { number($0).map { Double($0) } })?.median
  }
}

/// What the settings of one circumstance come to: which files were cached, and how many sources there are, is
/// not for the user to choose.
public struct Scenario: Sendable {
  /// Whether files were `warm` or `cold`, and how many sources there were.
  public var state: String?, sources: Int?
  /// Settings in their order.
  public var summaries: [Summary]
  /// What is recommended: of those that cannot be told apart from the best after enough rounds, what costs the
  /// least processor time; otherwise the best.
  public var choice: Summary

  /// How unlikely a difference must be by chance alone to be one.
  public static let significance = 0.05

  /// With fewer runs each no difference is unlikely enough.
  public static let fewestRuns = 4
}

/// What a comparison comes to.
public struct Verdict: Sendable {
  /// One for each circumstance.
  public var scenarios: [Scenario]
  /// Runs whose output is another than that of the first, by their indices.
  public var different: [Int]
  /// Runs whose output is known.
  public var compared: Int

  /// Judges.
  public init(_ comparison: Comparison) {
    scenarios = Self.scenarios(comparison)
    let outputs = comparison.runs.enumerated().filter { $1.succeeded && $1.outputDigest != nil }
    compared = outputs.count
    let first = outputs.first?.element.outputDigest
    different = outputs.filter { $0.element.outputDigest != first }.map(\.offset)
  }

  private struct Circumstance: Hashable {
    var state: String?, sources: Int?
  }

  private static func scenarios(_ comparison: Comparison) -> [Scenario] {
    let measure = comparison.job.measure
    var order: [Circumstance] = []
    var groups: [Circumstance: [Summary]] = [:]
    for (index, setting) in comparison.settings.enumerated() {
      let runs = comparison.runs.filter { $0.setting == index && $0.value(measure) != nil }
      guard let value = Spread(runs.compactMap { $0.value(measure) }) else { continue }
      let key = Circumstance(state: setting.state, sources: setting.sources)
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(
        Summary(index: index, setting: setting, runs: runs, value: value))
    }
    return order.compactMap { key in
      judge(groups[key] ?? [], measure).map { summaries, choice in
        Scenario(state: key.state, sources: key.sources, summaries: summaries, choice: choice)
      }
    }
  }

  private static func judge(
    _ summaries: [Summary], _ measure: Comparison.Measure
  ) -> ([Summary], Summary)? {
    // Reading nothing is no way to read.
    let rivals = summaries.filter { $0.setting.engine != "none" }
    guard
      let best = (rivals.isEmpty ? summaries : rivals).min(by: { $0.value.median < $1.value.median }
      )
    else { return nil }
    let reference =
      measure == .products ? summaries.first { $0.setting.engine == "none" } ?? best : best
    let bestValues = best.runs.compactMap { $0.value(measure) }
    let judged = summaries.map { summary in
      var summary = summary
      summary.ratio = summary.value.median / reference.value.median
      if measure == .products { summary.ratio = 1 / summary.ratio }
      summary.isBest = summary.index == best.index
      summary.isIndistinct =
        !summary.isBest && (summary.setting.engine != "none" || rivals.isEmpty)
        && RankTest.probability(summary.runs.compactMap { $0.value(measure) }, bestValues)
          >= Scenario.significance
      return summary
    }
    // Products take all of a processor whatever else goes on, and few runs say little about anything.
    let hasRounds = summaries.allSatisfy { $0.runs.count >= Scenario.fewestRuns }
    let equals = judged.filter {
      $0.isBest || $0.isIndistinct && hasRounds && measure != .products
    }
    let choice = equals.min { first, second in
      (first.median { $0.processorNs } ?? 0) < (second.median { $0.processorNs } ?? 0)
    }
    return (judged, choice ?? best)
  }
}
