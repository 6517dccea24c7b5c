internal import XIOCharts
internal import XIOCompare
internal import XIOEngines
internal import XIOReport

/// A comparison as a picture: what settings are ranked by, and where the time of each engine went.
struct CompareFigure {
  private let comparison: Comparison
  private let summaries: [Summary]

  init(_ comparison: Comparison, _ verdict: Verdict) {
    self.comparison = comparison
    summaries = verdict.scenarios.flatMap(\.summaries).sorted { $0.index < $1.index }
  }

  /// The picture.
  var svg: String {
    let result: any Chart = sweep.map { lines(along: $0) as any Chart } ?? bars
    let models = ComparedModels.rows(of: summaries)
    guard !models.isEmpty else { return Figure.svg([result]) }
    let settings = unique(models.map { series(of: $0.setting) }).filter { !$0.isEmpty }
    let setting = settings.count == 1 ? " Setting: \(settings[0])." : ""
    return Figure.svg([
      result,
      ModelChart(
        title: "Where the time of reads goes, by I/O model",
        subtitle: "\(circumstances)\(setting) Medians of "
          + "\(Units.count(comparison.job.repeats, "run")).",
        axis: "time of all reads of a run", models: models.map(\.row)),
    ])
  }

  private var circumstances: String {
    let job = comparison.job
    let machine = comparison.machine
    let what =
      job.events.map {
        Units.count($0, job.measure == .products ? "block" : "line") + activeSources
      }
      ?? "\(Units.size(job.inputBytes)) in \(Units.count(job.inputFiles, "file"))"
    let systems = [machine.sourceFileSystem, machine.targetFileSystem].compactMap { $0 }
    let place =
      ["Linux \(machine.kernel)", Units.count(machine.processors, "processor")]
      + (systems.isEmpty ? [] : [systems.joined(separator: " to ")])
    return "\(job.command): \(what); \(place.joined(separator: ", "))."
  }

  private var activeSources: String {
    comparison.settings.compactMap(\.active).max().map {
      ", from at most " + Units.count($0, "source")
    }
      ?? ""
  }

  // MARK: Bars

  /// What stands beside the engine: the cache mode, the state and whatever else there are several of.
  private func series(of setting: Comparison.Setting, without sweep: Sweep? = nil) -> String {
    let settings = comparison.settings
    func varies<Value: Hashable>(_ value: KeyPath<Comparison.Setting, Value>) -> Bool {
      Set(settings.map { $0[keyPath: value] }).count > 1
    }
    return [
      setting.cache, varies(\.state) ? setting.state : nil,
      sweep != .blockSize && varies(\.blockSize) ? setting.blockSize.map { Units.size($0) } : nil,
      sweep != .queueDepth && varies(\.queueDepth) ? setting.queueDepth.map { "depth \($0)" } : nil,
      sweep != .sources && varies(\.sources)
        ? setting.sources.map { Units.count($0, "source") } : nil,
      sweep != .sleepInterval && varies(\.sleepInterval)
        ? setting.sleepInterval.map { "looking every \($0) s" } : nil,
    ].compactMap { $0 }.joined(separator: ", ")
  }

  private var bars: BarChart {
    let measure = comparison.job.measure
    let isRate = measure == .time && comparison.job.inputBytes > 0
    let names = unique(summaries.map { series(of: $0.setting) })
    let engines = unique(summaries.map(\.setting.engineLabel))
    let groups = engines.map { engine in
      let own = summaries.filter { $0.setting.engineLabel == engine }
      return BarChart.Group(
        name: engine == "none" ? "nothing is read" : engine,
        bars: own.map { summary in
          let shown = shown(summary.value, isRate)
          return BarChart.Bar(
            series: names.firstIndex(of: series(of: summary.setting)) ?? 0, value: shown.median,
            spread: shown.least...max(shown.least, shown.most))
        })
    }
    let (what, quantity): (String, Quantity) =
      switch measure {
      case .time where isRate: ("throughput", .rate)
      case .time: ("time", .time)
      case .exchange: ("time until the last line has come", .time)
      case .latency: ("time from writing a line to its coming", .time)
      case .products: ("matrix products a second while input is read", .count)
      }
    return BarChart(
      title: "\(what.prefix(1).uppercased())\(what.dropFirst()), by engine"
        + (names.count > 1 ? " and setting" : ""),
      subtitle:
        "\(circumstances) Bars are medians of \(Units.count(comparison.job.repeats, "run")), "
        + "whiskers the smallest and the largest.",
      axis: what, quantity: quantity, series: names, groups: groups)
  }

  /// Values as they are drawn: rates are the larger the shorter the time is.
  private func shown(
    _ spread: Spread, _ isRate: Bool
  ) -> (least: Double, median: Double, most: Double) {
    if comparison.job.measure == .products {
      return (1e9 / spread.most, 1e9 / spread.median, 1e9 / spread.least)
    }
    guard isRate else { return (spread.least, spread.median, spread.most) }
    let bytes = Double(comparison.job.inputBytes) * 1e9
    return (bytes / spread.most, bytes / spread.median, bytes / spread.least)
  }

  private func unique(_ words: [String]) -> [String] {
    var seen: Set<String> = []
    return words.filter { seen.insert($0).inserted }
  }

  // MARK: Lines

  /// What grows from setting to setting.
  private enum Sweep {
    case sources, queueDepth, blockSize, sleepInterval
  }

  private var sweep: Sweep? {
    let settings = comparison.settings
    if Set(settings.map(\.sources)).count > 1 { return .sources }
    if Set(settings.map(\.queueDepth)).count > 1 { return .queueDepth }
    if Set(settings.map(\.blockSize)).count > 1 { return .blockSize }
    return Set(settings.map(\.sleepInterval)).count > 1 ? .sleepInterval : nil
  }

  private func place(_ setting: Comparison.Setting, _ sweep: Sweep) -> Double? {
    switch sweep {
    case .sources: setting.sources.map(Double.init)
    case .queueDepth: setting.queueDepth.map(Double.init)
    case .blockSize: setting.blockSize.map(Double.init)
    case .sleepInterval: setting.sleepInterval.flatMap(Double.init)
    }
  }

  private func lines(along sweep: Sweep) -> LineChart {
    var order: [String] = []
    var points: [String: [LineChart.Point]] = [:]
    var labels: [Double: String] = [:]
    for summary in summaries {
      guard let x = place(summary.setting, sweep), x > 0 else { continue }
      let others = series(of: summary.setting, without: sweep)
      let isAlone = Set(summaries.map { series(of: $0.setting, without: sweep) }).count < 2
      let name = summary.setting.engineLabel + (isAlone || others.isEmpty ? "" : " \(others)")
      if points[name] == nil { order.append(name) }
      points[name, default: []].append(
        .init(x: x, y: shown(summary.value, false).median))
      if sweep == .blockSize { labels[x] = Units.size(Int64(x)) }
      if sweep == .sleepInterval { labels[x] = "\(summary.setting.sleepInterval ?? "") s" }
    }
    let across =
      switch sweep {
      case .sources: "number of sources"
      case .queueDepth: "operations in flight"
      case .blockSize: "size of a block"
      case .sleepInterval: "time between looks"
      }
    let (what, quantity): (String, Quantity) =
      switch comparison.job.measure {
      case .time: ("time of a run", .time)
      case .exchange: ("time until the last line has come", .time)
      case .latency: ("time from writing a line to its coming", .time)
      case .products: ("matrix products a second", .count)
      }
    return LineChart(
      title: "\(what.prefix(1).uppercased())\(what.dropFirst()), by \(across)",
      subtitle: "\(circumstances) Medians of \(Units.count(comparison.job.repeats, "run")); "
        + "both axes are logarithmic.",
      horizontal: across, vertical: what, quantity: quantity, labels: labels,
      lines: order.map { name in
        .init(name: name, points: (points[name] ?? []).sorted { $0.x < $1.x })
      })
  }
}
