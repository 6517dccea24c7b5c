internal import XIOCompare
internal import XIOReport

/// A column of a table about settings.
struct SettingColumn {
  /// What stands above it.
  var heading: String
  /// Whether numbers in it end in one line.
  var isNumber = true
  /// What stands in it; nil where nothing is known.
  var text: (Summary) -> String?

  /// A column of words.
  static func words(_ heading: String, _ text: @escaping (Summary) -> String?) -> SettingColumn {
    SettingColumn(heading: heading, isNumber: false, text: text)
  }
}

/// The tables of a comparison, a group of columns each.
struct CompareColumns {
  private let comparison: Comparison
  private let summaries: [Summary]
  private var measure: Comparison.Measure { comparison.job.measure }

  init(_ comparison: Comparison, _ verdict: Verdict) {
    self.comparison = comparison
    summaries = verdict.scenarios.flatMap(\.summaries)
  }

  /// Results, then phases, costs, and what became of files. Columns in which nothing is known are left out.
  var groups: [[SettingColumn]] {
    [results, phases, costs, files].compactMap { columns in
      let known = columns.filter { column in summaries.contains { column.text($0) != nil } }
      return known.isEmpty ? nil : known
    }
  }

  /// The median of what settings are ranked by.
  static func value(_ median: Double, _ measure: Comparison.Measure) -> String {
    measure == .products ? "\(rounded(1e9 / median)) products/s" : Units.time(Int64(median))
  }

  private static func rounded(_ number: Double) -> String {
    number.isFinite ? String(Int64(number.rounded())) : "0"
  }

  /// A ratio with two digits behind the point.
  static func ratio(_ number: Double) -> String {
    guard number.isFinite, number < 1e6 else { return "-" }
    let hundredths = Int64((number * 100).rounded())
    let rest = String(hundredths % 100)
    return "\(hundredths / 100)." + (rest.count < 2 ? "0" : "") + rest
  }

  /// What tells settings apart.
  var names: [SettingColumn] {
    let settings = comparison.settings
    func varies<Value: Hashable>(_ value: (Comparison.Setting) -> Value) -> Bool {
      Set(settings.map(value)).count > 1
    }
    let hasNotifications = Set(settings.compactMap(\.notify)).count > 1
    var columns = [
      SettingColumn.words("ENGINE") { summary in
        hasNotifications ? summary.setting.engineLabel : summary.setting.engine
      }
    ]
    if varies(\.cache) { columns.append(.words("CACHE") { $0.setting.cache }) }
    if varies(\.state) { columns.append(.words("STATE") { $0.setting.state }) }
    if varies(\.blockSize) {
      columns.append(
        SettingColumn(heading: "BLOCK") { $0.setting.blockSize.map { Units.size($0) } })
    }
    if varies(\.queueDepth) {
      columns.append(SettingColumn(heading: "DEPTH") { $0.setting.queueDepth.map(String.init) })
    }
    if varies(\.sources) {
      columns.append(SettingColumn(heading: "SOURCES") { $0.setting.sources.map(String.init) })
    }
    if varies(\.sleepInterval) {
      columns.append(SettingColumn(heading: "EVERY") { $0.setting.sleepInterval.map { "\($0) s" } })
    }
    return columns
  }

  private var results: [SettingColumn] {
    let heading =
      switch measure {
      case .time, .exchange: "TIME"
      case .latency: "P50"
      case .products: "PRODUCTS/S"
      }
    let measure = measure
    let bytes = comparison.job.inputBytes
    var columns = [
      SettingColumn(heading: heading) { summary in
        measure == .products
          ? Self.rounded(1e9 / summary.value.median) : Units.time(Int64(summary.value.median))
      },
      SettingColumn(heading: "SPREAD") { summary in
        let width = (summary.value.most - summary.value.least) / summary.value.median
        return width.isFinite ? "\(Int64((width * 100).rounded())) %" : nil
      },
      SettingColumn(heading: "RATIO") { summary in
        Self.ratio(summary.ratio) + (summary.isIndistinct ? " ~" : "  ")
      },
    ]
    switch measure {
    case .time:
      columns.append(
        SettingColumn(heading: "RATE") { Units.speed(bytes, in: Int64($0.value.median)) })
    case .latency:
      columns.append(time("P99") { $0.arrivals?.p99Ns })
      columns.append(time("MAX") { $0.arrivals?.maxNs })
      columns.append(
        SettingColumn(heading: "LOST") { summary in
          summary.median { $0.arrivals.map { $0.written - $0.arrived } }.map(Self.rounded)
        })
    case .products:
      columns.append(number("READS") { $0.foreground?.reads })
      columns.append(number("SIGNALS") { $0.foreground?.signals })
      columns.append(number("INTERRUPTED") { $0.foreground?.interruptedProducts })
      return columns
    case .exchange:
      let lines = comparison.job.events ?? 0
      columns.append(
        time("PER LINE") { run in
          let active = comparison.settings[run.setting].active ?? 1
          let written = max(1, lines / active) * active
          return run.exchangeNs.map { $0 / Int64(written) }
        })
    }
    columns.append(time("CPU") { $0.processorNs })
    return columns
  }

  private var phases: [SettingColumn] {
    guard measure == .time else { return [] }
    func sum(_ part: @escaping (RunReport.Phase) -> Int64?) -> (Comparison.Run) -> Int64? {
      { run in
        let known = (run.report?.phases ?? []).compactMap(part)
        return known.isEmpty ? nil : known.reduce(0, +)
      }
    }
    return [
      time("WAIT", sum(\.waitNs)), time("COPY", sum(\.copyNs)), time("PREPARE", sum(\.prepareNs)),
      time("MERGED", sum(\.mergedNs)),
      time("LATENCY") { run in
        let latency = run.report?.latencyNs
        return (latency?["read"] ?? latency?["move"]).map { Int64($0.p50) }
      },
      .words("BASIS") { summary in
        var bases: [String] = []
        for phase in summary.runs.first?.report?.phases ?? [] where !bases.contains(phase.basis) {
          bases.append(phase.basis)
        }
        return bases.isEmpty ? nil : bases.joined(separator: ", ")
      },
    ]
  }

  private var costs: [SettingColumn] {
    let hasRetries = summaries.contains { summary in
      summary.runs.contains { $0.report.map { $0.operations.eagainRetries > 0 } ?? false }
    }
    var columns = [
      SettingColumn(heading: "CALLS") { summary in
        let isPartial = summary.runs.contains {
          $0.report?.systemCalls.byHelperThreads == nil && $0.report != nil
        }
        return summary.median { $0.report.map { Int64($0.systemCalls.total) } }
          .map { Self.rounded($0) + (isPartial ? "+" : "") }
      },
      SettingColumn(heading: "PER OP") { summary in
        let ratios = summary.runs.compactMap { run -> Double? in
          guard let report = run.report, report.operations.completed > 0 else { return nil }
          return Double(report.systemCalls.total) / Double(report.operations.completed)
        }
        return Spread(ratios).map { Self.ratio($0.median) }
      },
      number("VOL") { $0.voluntarySwitches },
      number("INVOL") { $0.involuntarySwitches },
      SettingColumn(heading: "EAGAIN") { summary in
        hasRetries
          ? summary.median { $0.report?.operations.eagainRetries }.map(Self.rounded) : nil
      },
      SettingColumn(heading: "WATCHES") { summary in
        summary.setting.sources == nil
          ? nil : summary.median { $0.report?.operations.descriptorsPassed }.map(Self.rounded)
      },
      number("FAULTS") { $0.minorFaults + $0.majorFaults },
    ]
    if measure == .products {
      columns[0] = SettingColumn(heading: "CALLS") { summary in
        let isPartial = summary.setting.notify != nil
        return summary.median { $0.foreground?.calls }.map {
          Self.rounded($0) + (isPartial ? "+" : "")
        }
      }
      columns.append(time("CPU") { $0.processorNs })
    }
    return columns
  }

  private var files: [SettingColumn] {
    guard measure == .time else { return [] }
    let isCopy = comparison.job.command == "copy"
    return [
      size("READ") { $0.report?.device.readBytes.map(Int64.init) },
      size("WRITTEN") { $0.report?.device.writeBytes.map(Int64.init) },
      size("CACHED") { run in
        // What cat and tail print goes into a pipe, which has no pages there.
        let files = (run.report?.pageCache ?? []).filter { isCopy || $0.role == "source" }
        let pages = files.map(\.after.residentPages)
        guard !pages.isEmpty, !pages.contains(nil) else { return nil }
        return Int64(pages.compactMap { $0 }.reduce(0, +)) * 4096
      },
    ]
  }

  private func time(
    _ heading: String, _ value: @escaping (Comparison.Run) -> Int64?
  ) -> SettingColumn {
    SettingColumn(heading: heading) { $0.median(value).map { Units.time(Int64($0)) } }
  }

  private func size(
    _ heading: String, _ value: @escaping (Comparison.Run) -> Int64?
  ) -> SettingColumn {
    SettingColumn(heading: heading) { $0.median(value).map { Units.size(Int64($0)) } }
  }

  private func number(
    _ heading: String, _ value: @escaping (Comparison.Run) -> (some BinaryInteger)?
  ) -> SettingColumn {
    SettingColumn(heading: heading) { $0.median(value).map(Self.rounded) }
  }
}
