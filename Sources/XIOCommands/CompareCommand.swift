internal import ArgumentParser
internal import SystemPackage
internal import XIOCompare
internal import XIOReport
internal import XIOSystem

/// `xio compare`.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: CommandName.compare.rawValue,
    abstract: "Do one job with every engine, in turn, and learn which suits it.",
    usage: """
      xio compare [<options>] copy [<options of copy>] <source> ... <target>
      xio compare [<options>] cat|tail|fanin [<options of these>] <file> ...
      xio compare [<options>] tail -f [<directory>]
      xio compare [<options>] fanin [<options of fanin>] [<directory>]
      xio compare [<options>] cat --overlap [-]
      """,
    discussion: """
      Runs the command again and again: with every engine, cache mode, state of the page cache and \
      size that is named, each once in a round, in an order that is shuffled. Outputs are compared. \
      What is written goes to a directory of its own beside TARGET, and is removed; TARGET itself \
      is not touched.

      tail -f follows a file, and fanin, unless files are named, gathers lines of FIFOs, that are made \
      for that in DIRECTORY, or in TMPDIR. Options of compare can stand behind the command, too.
      """)

  @OptionGroup(title: "What is compared")
  var setting: CompareSettingOptions

  @OptionGroup(title: "How, and what is shown")
  var manner: CompareRunOptions

  /// It stands here for those who ask for help: the job does not pass through the parser.
  /// Completions are those of the first word; what follows are files.
  @Argument(
    help: "The command to run, its options and operands.",
    completion: .list(["copy", "cat", "tail", "fanin"]))
  var job: [Operand] = []

  @ParentCommand var program: Xio

  func run() throws {
    if program.version { return try program.run() }
    let diagnostics = Diagnostics(program: Arguments.shownName)
    guard let job = try Arguments.raw().comparedJob() else {
      throw UsageError("missing job: copy, cat, tail or fanin")
    }
    let options = try options(job, diagnostics)
    let files = job.operands.map(\.path)
    let picture = try manner.svg.map { (operand) throws(ExitStatus) in
      try LateOutputFile(operand.path, "picture", diagnostics, apartFrom: files)
    }
    let timeline = try manner.timeline.map { (operand) throws(ExitStatus) in
      let others = files + (manner.svg.map { [$0.path] } ?? [])
      return try LateOutputFile(operand.path, "timeline", diagnostics, apartFrom: others)
    }
    var isTraced = true
    let line = manner.json ? nil : CompareProgress()
    let comparison: Comparison
    do throws(CompareError) {
      comparison = try Compare(options).run(
        onProgress: { line?.show($0, $1, $2) }, onLeftover: { diagnostics.report($0) },
        onTraces: { traces in
          line?.clear()
          if let timeline { isTraced = keep(traces, timeline, diagnostics) }
        })
    } catch {
      line?.clear()
      Self.report(error, diagnostics)
      throw ExitStatus.failure
    }
    line?.clear()
    let verdict = Verdict(comparison)
    try show(comparison, verdict, job)
    if let picture { try draw(comparison, verdict, picture, diagnostics) }
    if !verdict.different.isEmpty {
      diagnostics.report(
        "the outputs of \(verdict.different.count) of \(verdict.compared) runs differ from the first"
      )
    }
    let hasFailed = comparison.runs.contains { !$0.succeeded && $0.round > 1 }
    guard !verdict.scenarios.isEmpty, verdict.different.isEmpty, !hasFailed, isTraced else {
      if verdict.scenarios.isEmpty {
        for reason in Set(comparison.leftOut.map(\.reason)).sorted() { diagnostics.report(reason) }
      }
      throw ExitStatus.failure
    }
  }

  private func show(
    _ comparison: Comparison, _ verdict: Verdict, _ job: ComparedJob
  ) throws {
    let text: String
    if manner.json {
      text = String(decoding: try comparison.json(), as: UTF8.self)
    } else {
      let style = TableStyle(
        hasColour: manner.color.isOn, hasUnicode: Terminal.hasUnicode,
        columns: Terminal.tableColumns)
      text = style.adapt(CompareText(comparison, verdict, style).text)
    }
    let status = StandardStreams.print(text)
    if status != .success { throw status }
  }

  private func draw(
    _ comparison: Comparison, _ verdict: Verdict, _ file: LateOutputFile,
    _ diagnostics: Diagnostics
  ) throws(ExitStatus) {
    do throws(Errno) {
      let svg = CompareFigure(comparison, verdict).svg
      try file.write { (descriptor) throws(Errno) in
        try StandardStreams.write(Array(svg.utf8), to: descriptor)
      }
    } catch {
      diagnostics.report(IOFailure(.write, manner.svg?.path, error), namesAreQuoted: true)
      throw .failure
    }
  }

  /// Keeps what was traced, which goes with the directory of the comparison.
  ///
  /// - Returns: Whether all of it is kept.
  private func keep(
    _ traces: Traces, _ file: LateOutputFile, _ diagnostics: Diagnostics
  ) -> Bool {
    for one in traces.missing {
      diagnostics.report("no trace of \(one.setting.label.joined(separator: " ")): \(one.reason)")
    }
    do throws(Errno) {
      try file.write(contentsOf: traces.file)
      return traces.missing.isEmpty
    } catch {
      diagnostics.report(IOFailure(.write, manner.timeline?.path, error), namesAreQuoted: true)
      return false
    }
  }

  private static func report(_ error: CompareError, _ diagnostics: Diagnostics) {
    switch error {
    case .io(let failure): diagnostics.report(failure, namesAreQuoted: true)
    case .unavailable(let problem): diagnostics.report(problem)
    case .message(let text, let hint):
      diagnostics.report(text)
      if let hint { diagnostics.hint(hint) }
    case .interrupted: break
    }
  }

  /// What was asked for, with a word on what makes no sense.
  private func options(_ job: ComparedJob, _ diagnostics: Diagnostics) throws -> CompareOptions {
    var options = CompareOptions()
    options.program = Version.number
    options.command = job.command
    options.operands = job.operands.map(\.bytes)
    options.words = job.options.flatMap(\.texts).map(Arguments.decode)
    options.follows =
      job.command == .tail && job.options.contains { $0.name == "follow" || $0.name == "retry" }
    options.targetIsNoDirectory = job.options.contains { $0.name == "no-target-directory" }
    try manner.apply(&options)
    try setting.apply(&options)
    // The measure of all others.
    if options.overlaps, options.engines == nil { options.withoutEngine = true }
    if job.command == .fanin { try job.applyGathering(to: &options, diagnostics) }
    try check(options)
    return options
  }

  private func check(_ options: CompareOptions) throws(UsageError) {
    let operands = options.operands.count
    if options.overlaps {
      guard options.command == .cat else { throw UsageError("--overlap goes with cat") }
      guard operands == 0 || options.operands == [[UInt8(ascii: "-")]] else {
        throw UsageError("--overlap reads what it writes itself, or standard input (-)")
      }
    } else if options.command == .copy {
      guard operands > 0 else { throw UsageError("missing file operand") }
      guard operands > 1 else { throw UsageError("missing destination file operand") }
    } else if options.follows {
      guard operands <= 1 else {
        throw UsageError("a log is made for this; name no more than a directory for it")
      }
    } else if options.command != .fanin, operands == 0 {
      throw UsageError("missing file operand: every run has to read the same")
    }
    let makesSources = options.command == .fanin && options.gathered == nil
    let makesEvents = options.overlaps || options.follows || makesSources
    for (name, isGiven, fits) in [
      ("--sources", setting.sources != nil, makesSources),
      ("--active", setting.active != nil, makesSources),
      ("--sleep-interval", setting.sleepInterval != nil, options.follows),
      ("--rate", manner.rate != nil, options.follows || options.overlaps),
      ("--events", manner.events != nil, makesEvents),
      ("--cache", setting.cache != nil, !makesEvents && options.command != .fanin),
      ("--state", setting.state != nil, !makesEvents),
      ("--queue-depth", setting.queueDepth != nil, !makesEvents && options.command != .fanin),
      ("--timeline", manner.timeline != nil, !options.overlaps),
    ] where isGiven && !fits {
      throw UsageError("\(name) says nothing about this job")
    }
  }
}

/// A line on a terminal that says how far a comparison is.
final class CompareProgress {
  private var line: StatusLine

  /// Prepares a line; nil where standard error is no terminal.
  init?() {
    guard let line = StatusLine() else { return nil }
    self.line = line
  }

  /// Says what comes next.
  func show(_ done: Int, _ all: Int, _ next: Comparison.Setting) {
    line.draw("run \(done + 1) of \(all): \(next.label.joined(separator: " "))")
  }

  /// Takes the line away.
  func clear() { line.clear() }
}
