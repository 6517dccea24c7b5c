internal import ArgumentParser
internal import SystemPackage
internal import XIOReport
internal import XIOEngines
internal import XIOSystem
internal import XIOTail

/// `xio tail`.
struct TailCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail",
    abstract: "Print the last part of files, and follow them without losing a line.",
    usage: "xio tail [<options>] [<files> ...]",
    discussion: """
      Prints the last 10 lines of each FILE; with more than one, each gets a header with its name. \
      With no FILE, or when FILE is -, standard input is read. NUM may have a suffix: b 512, \
      kB 1000, K 1024, MB 1000*1000, M 1024*1024, and so on.

      -F follows names: every file that a name has led to is read to its end, oldest first, whoever \
      still writes to it.
      """)

  @OptionGroup(title: "What is printed")
  var part: TailPartOptions

  @OptionGroup(title: "Following")
  var following: TailFollowOptions

  @Argument(help: "Files to print.", completion: .file())
  var files: [Operand] = []

  @OptionGroup(title: "Engine options")
  var shared: SharedOptions

  /// It takes `-v` and `--version` wherever they stand.
  @ParentCommand var program: Xio

  func run() throws {
    if program.version { return try program.run() }
    let diagnostics = Diagnostics(program: Arguments.shownName)
    var options = try options(diagnostics)
    options.readsRenamedAnew = Voice(of: diagnostics.program).isLiteral
    let paths = files.map(\.path)
    let output = try ReportOutput(
      shared.values, diagnostics, apartFrom: paths + [following.checkpoint?.path].compactMap { $0 })
    options.transfer.timeline = output.timeline
    var readerLeft = false
    let result: Tail.Output
    do throws(TailError) {
      result = try Tail(paths, options).run(
        output.makeMeasurement(),
        ShownNames(
          quote: Quoting.always, mention: Quoting.whereNeeded, bytes: TypedNames.here.bytes),
        onNotice: { notice in
          if case .readerLeft = notice { readerLeft = true }
          Self.show(notice, diagnostics)
        }, onReport: { _ = output.write($0) })
    } catch {
      switch error {
      case .io(let failure): diagnostics.report(failure, namesAreQuoted: true)
      case .engine(let problem): diagnostics.report(problem)
      }
      throw ExitStatus.failure
    }
    let isReported = output.finish(result.selection, result.report)
    if readerLeft { throw ExitStatus.readerLeft }
    guard result.succeeded, isReported else { throw ExitStatus.failure }
    if following.strict, result.hasLosses { throw ExitStatus.losses }
  }

  private static func show(_ notice: Tail.Notice, _ diagnostics: Diagnostics) {
    switch notice {
    case .failure(let failure): diagnostics.report(failure, namesAreQuoted: true)
    case .message(let text): diagnostics.report(text)
    case .hint(let text): diagnostics.hint(text)
    case .readerLeft: break
    }
  }

  /// What was asked for, with a word on what makes no sense.
  func options(_ diagnostics: Diagnostics?) throws(UsageError) -> TailOptions {
    var options = TailOptions()
    try part.apply(&options, isVerbose: program.verbose)
    try following.apply(&options)
    options.transfer = shared.values.transfer
    try check(&options, diagnostics)
    return options
  }

  private func check(
    _ options: inout TailOptions, _ diagnostics: Diagnostics?
  ) throws(UsageError) {
    if options.follow == .name, files.contains(where: { $0.path == "-" }) || files.isEmpty {
      throw UsageError("cannot follow '-' by name", isAboutUsage: false)
    }
    if options.follow == .none {
      if options.retries {
        diagnostics?.report(
          "warning: --retry ignored; --retry is useful only when following")
        options.retries = false
      }
      if !options.processes.isEmpty {
        diagnostics?.report("warning: PID ignored; --pid=PID is useful only when following")
      }
      if options.checkpoint != nil {
        throw UsageError("--checkpoint goes with --follow alone")
      }
    } else if options.retries, options.follow == .descriptor {
      diagnostics?.report("warning: --retry only effective for the initial open")
    }
  }
}
