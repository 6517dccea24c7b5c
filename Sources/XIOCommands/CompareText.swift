internal import SystemPackage
internal import XIOCompare
internal import XIOReport

/// A comparison as text for people.
struct CompareText {
  private let comparison: Comparison
  private let verdict: Verdict
  private let style: TableStyle
  private var measure: Comparison.Measure { comparison.job.measure }
  private var rounds: Int { comparison.job.repeats }

  init(_ comparison: Comparison, _ verdict: Verdict, _ style: TableStyle) {
    self.comparison = comparison
    self.verdict = verdict
    self.style = style
  }

  /// All of it, with a newline at its end.
  var text: String {
    let columns = CompareColumns(comparison, verdict)
    var groups = columns.groups
    if groups.count > 3, style.fits(columns.names + groups[2] + groups[3], rows) {
      groups[2] += groups.remove(at: 3)
    }
    let tables = groups.map { style.tables(columns.names, $0, rows) }
    let parts = [head] + tables.filter { !$0.isEmpty } + [notes, recommendation]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// Rows in the order of the plan where sizes are swept through, else the best first.
  private var rows: [Summary] {
    let settings = comparison.settings
    let isSweep = [
      Set(settings.map(\.blockSize)).count, Set(settings.map(\.queueDepth)).count,
      Set(settings.map(\.sources)).count, Set(settings.map(\.sleepInterval)).count,
    ].contains { $0 > 1 }
    if isSweep {
      return verdict.scenarios.flatMap(\.summaries).sorted { $0.index < $1.index }
    }
    return verdict.scenarios.flatMap { scenario in
      scenario.summaries.sorted { $0.value.median < $1.value.median }
    }
  }

  private var head: String {
    let job = comparison.job
    let machine = comparison.machine
    var words = [job.command]
    words += job.words.map { Quoting.word($0.rawBytes) }
    var what = "\(Units.size(job.inputBytes)) in \(Units.count(job.inputFiles, "file"))"
    if let events = job.events {
      let unit = measure == .products ? "block" : "line"
      what =
        Units.count(events, unit) + (job.rate.map { ", \($0) a second" } ?? ", each after the last")
    }
    let systems = [machine.sourceFileSystem, machine.targetFileSystem].compactMap { $0 }
    let rounds =
      "\(Units.count(comparison.settings.count, "setting")), \(Units.count(job.repeats, "round")), seed \(job.seed)"
    let place = [
      "Linux \(machine.kernel)", Units.count(machine.processors, "processor"),
      systems.isEmpty ? nil : systems.joined(separator: " to "),
    ].compactMap { $0 }.joined(separator: ", ")
    return "\(words.joined(separator: " ")): \(what)\n\(rounds); \(place)\n"
  }

  /// What the tables do not say.
  private var notes: String {
    var lines: [String] = []
    if rows.contains(where: \.isIndistinct) {
      lines.append(
        comparison.job.repeats < Scenario.fewestRuns
          ? "~ cannot be told apart from the best: that takes \(Scenario.fewestRuns) rounds at least"
          : "~ cannot be told apart from the best (rank test, p >= 0.05)")
    }
    lines += states
    if verdict.compared > 1, verdict.different.isEmpty {
      lines.append("all \(verdict.compared) outputs are the same")
    }
    lines += choices
    for group in Dictionary(grouping: comparison.leftOut, by: \.reason).sorted(by: {
      $0.key < $1.key
    }) {
      let names = group.value.map { $0.setting.label.joined(separator: " ") }
      lines.append("left out: \(names.joined(separator: ", ")): \(group.key)")
    }
    for run in comparison.runs where !run.succeeded && run.round > 1 {
      let name = comparison.settings[run.setting].label.joined(separator: " ")
      lines.append("failed in round \(run.round): \(name): \(run.message ?? "")")
    }
    return lines.isEmpty ? "" : lines.flatMap { style.wrap($0) }.joined(separator: "\n") + "\n"
  }

  /// Which engines have run where the command had the choice.
  private var choices: [String] {
    let automatic = rows.filter { $0.setting.engine == "auto" }
    return automatic.map { summary in
      var ran: [String] = []
      for name in summary.runs.compactMap(\.report?.engine.ran) where !ran.contains(name) {
        ran.append(name)
      }
      let name = automatic.count == 1 ? "auto" : summary.setting.label.joined(separator: " ")
      return "\(name) has chosen \(ran.joined(separator: ", "))"
    }
  }

  /// Whether files were in the page cache when they were to be, and were not when not.
  private var states: [String] {
    CompareOptions.State.allCases.compactMap { state in
      let runs = comparison.runs.filter { comparison.settings[$0.setting].state == state.rawValue }
      guard !runs.isEmpty else { return nil }
      let known = runs.filter { $0.residentPagesBefore != nil }
      guard known.count == runs.count else {
        return "\(state.rawValue): pages of the inputs could not be counted"
      }
      let pages = known.compactMap(\.residentPagesBefore)
      let all = known.first?.inputPages ?? 0
      if state == .cold {
        let most = pages.max() ?? 0
        return most == 0
          ? "cold: no page of the inputs was resident before any of \(Units.count(runs.count, "run"))"
          : "cold is not true: up to \(most) of \(all) pages of the inputs were resident"
      }
      let least = pages.min() ?? 0
      return least >= all
        ? nil : "warm is not true: only \(least) of \(all) pages of the inputs were resident"
    }
  }

  /// One sentence, and the commands.
  private var recommendation: String {
    let scenarios = verdict.scenarios
    guard !scenarios.isEmpty, comparison.settings.count > 1, verdict.different.isEmpty else {
      return ""
    }
    var parts: [String] = []
    var commands: [String] = []
    for scenario in scenarios {
      let choice = scenario.choice
      let command = commandLine(choice.setting)
      let value = CompareColumns.value(choice.value.median, measure)
      let circumstance = [
        scenario.state.flatMap { state in
          Set(scenarios.map(\.state)).count > 1 ? "with \(state) files" : nil
        },
        scenario.sources.flatMap { sources in
          Set(scenarios.map(\.sources)).count > 1 ? "with \(Units.count(sources, "source"))" : nil
        },
      ].compactMap { $0 }.joined(separator: " and ")
      let name = choice.setting.choiceLabel
      let equals = scenario.summaries.filter(\.isIndistinct).count
      let isBest = choice.isBest && (measure == .products || rounds < Scenario.fewestRuns)
      let reason =
        equals == 0
        ? "the best"
        : isBest
          ? "the best, perhaps by chance"
          : "of \(equals + 1) that cannot be told apart, the least processor time"
      parts.append(
        "\(circumstance.isEmpty ? "" : circumstance + ", ")\(name) (\(value), \(reason))")
      if !commands.contains(command) { commands.append(command) }
    }
    let sentence =
      "For this job take\(scenarios.count > 1 ? ", " : " ")\(parts.joined(separator: "; "))."
    return style.wrap(sentence).joined(separator: "\n") + "\n"
      + commands.map { "  \($0)\n" }.joined()
  }

  /// The command line of a setting, to be copied into a shell.
  private func commandLine(_ setting: Comparison.Setting) -> String {
    var words = ["xio", comparison.job.command]
    if setting.engine != "none" { words += ["--engine", setting.engine] }
    if let notify = setting.notify { words += ["--notify", notify] }
    if let cache = setting.cache { words += ["--cache", cache] }
    if let size = setting.blockSize { words += ["--block-size", String(size)] }
    if let depth = setting.queueDepth { words += ["--queue-depth", String(depth)] }
    if let interval = setting.sleepInterval { words += ["--sleep-interval", interval] }
    let isOwn = comparison.job.events != nil
    // What was made for the comparison is gone.
    let rest = comparison.job.words.map { $0.rawBytes }
      .filter { !isOwn || $0.isEmpty || $0.first == 45 && $0 != [45, 45] }
    words += rest.map(Quoting.word)
    if isOwn {
      switch measure {
      // What was not named is standard input.
      case .products: break
      case .exchange: words.append("SOURCE...")
      case .latency, .time: words.append("FILE")
      }
    }
    return words.joined(separator: " ")
  }
}

extension Comparison.Setting {
  /// What there is to choose about the setting.
  fileprivate var choiceLabel: String {
    var setting = self
    setting.state = nil
    setting.sources = nil
    return setting.label.joined(separator: " ")
  }
}
