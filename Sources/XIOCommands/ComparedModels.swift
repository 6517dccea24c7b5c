internal import XIOCharts
internal import XIOCompare
internal import XIOEngines
internal import XIOSystem

/// The phases of reads as a comparison has measured them, an engine each.
enum ComparedModels {
  /// Rows of a chart, with cold files where there are such, as only these are waited for: of each engine the
  /// setting that most engines have reported phases of, so that like is shown beside like, or else its first one.
  ///
  /// - Parameter summaries: All settings.
  /// - Returns: The rows, and the settings that they are about.
  static func rows(
    of summaries: [Summary]
  ) -> [(setting: Comparison.Setting, row: ModelChart.Model)] {
    let cold = summaries.filter { $0.setting.state == "cold" }
    let all = (cold.isEmpty ? summaries : cold).compactMap { summary in
      engine(of: summary).flatMap { row(summary, $0) }.map { (setting: summary.setting, row: $0) }
    }
    var engines: [Comparison.Setting: Int] = [:]
    for (setting, _) in all { engines[setting.withoutEngine, default: 0] += 1 }
    let most = engines.values.max()
    let usual = all.first { engines[$0.setting.withoutEngine] == most }?.setting.withoutEngine
    var seen: Set<String> = []
    return all.compactMap { one in
      guard seen.insert(one.setting.engineLabel).inserted else { return nil }
      return all.first {
        $0.setting.engineLabel == one.setting.engineLabel && $0.setting.withoutEngine == usual
      } ?? one
    }
  }

  /// The engine that has run, also where the command has chosen it.
  private static func engine(of summary: Summary) -> EngineName? {
    let name = summary.setting.engine
    return EngineName(
      rawValue: name == "auto" ? summary.runs.first?.report?.engine.ran ?? name : name)
  }

  private static func row(_ summary: Summary, _ engine: EngineName) -> ModelChart.Model? {
    let phases = summary.runs.compactMap(\.report).map(reads)
    guard phases.contains(where: { !$0.isEmpty }) else { return nil }
    func median(_ part: (RunReport.Phase) -> Int64?) -> Double? {
      Spread(
        phases.compactMap { phases in
          let known = phases.compactMap(part)
          return known.isEmpty ? nil : Double(known.reduce(0, +))
        })?.median
    }
    let bases = Set(phases.flatMap { $0.map(\.basis) })
    let doing = meanwhile(
      engine, summary.setting.notify, bases, waiting: mainBasis(of: phases.flatMap { $0 }))
    return ModelChart.Model(
      name: modelName(engine), engine: summary.setting.engineLabel, wait: median(\.waitNs),
      copy: median(\.copyNs), prepare: median(\.prepareNs) ?? 0, merged: median(\.mergedNs),
      whileWaiting: doing.waiting, whileCopying: doing.copying)
  }

  /// The basis on which most of the waiting was found out; nil where none was.
  private static func mainBasis(of phases: [RunReport.Phase]) -> String? {
    var waits: [String: Int64] = [:]
    for phase in phases { waits[phase.basis, default: 0] += phase.waitNs ?? 0 }
    return waits.filter { $0.value > 0 }.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
  }

  /// What was read; bytes that never come to the process are read and written by one call.
  private static func reads(_ report: RunReport) -> [RunReport.Phase] {
    report.phases.filter { $0.direction != "write" }
  }

  private static func modelName(_ engine: EngineName) -> String {
    switch engine {
    case .blocking: "Blocking I/O"
    case .nonblocking: "Non-blocking I/O"
    case .select, .poll, .epoll: "I/O multiplexing"
    case .sigio: "Signal-driven I/O"
    case .posixAIO, .libaio, .uring: "Asynchronous I/O"
    case .kernel: "Inside the kernel"
    }
  }

  private static func meanwhile(
    _ engine: EngineName, _ notify: String?, _ bases: Set<String>, waiting basis: String?
  ) -> (waiting: ModelChart.Meanwhile, copying: ModelChart.Meanwhile) {
    let traits =
      engine == .posixAIO
      ? PosixAIOEngine.traits(for: notify.flatMap(AIONotification.init) ?? .suspend)
      : Registry.description(of: engine).traits
    let doing: ModelChart.Meanwhile =
      switch traits.meanwhile {
      case .blocking: .blocked
      case .polling: .polling
      case .nonblocking: .free
      }
    // Where the engine cannot wait for a file the call that copies does it, and so does io_submit(2) where
    // files are read through the page cache. A job that waits for events as well does so for the most part.
    let isInCall =
      basis == PhaseBasis.alwaysReady.rawValue
      || engine == .libaio && basis == PhaseBasis.cpuClock.rawValue
    // What it is free to do meanwhile, a command that has nothing else to do spends on asking.
    let waiting = engine == .nonblocking ? .polling : isInCall ? .blocked : doing
    // A copy that can be told apart was made by our own thread, inside a call.
    let ownCopies: Set = [
      PhaseBasis.alwaysReady.rawValue, PhaseBasis.cpuClock.rawValue, PhaseBasis.explicit.rawValue,
    ]
    return (waiting, bases.isDisjoint(with: ownCopies) ? doing : .blocked)
  }
}

extension Comparison.Setting {
  /// What it has in common with that of another engine.
  fileprivate var withoutEngine: Comparison.Setting {
    var setting = self
    setting.engine = ""
    setting.notify = nil
    return setting
  }
}
