public import ArgumentParser
internal import SystemPackage
internal import XIOReport
internal import XIOSystem
public import XIOTail

extension TailOptions.FIFOEnd: ExpressibleByArgument {}

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

  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp("Print the last NUM bytes; from byte NUM on with +NUM.", valueName: "[+]num")
  )
  var bytes: String?

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp(
      "Print the last NUM lines; from line NUM on with +NUM. (default: 10)", valueName: "[+]num"))
  var lines: String?

  @Flag(name: .customShort("f"), help: "The same as --follow=descriptor.")
  var followsDescriptor = false

  @Flag(name: .customShort("F"), help: "The same as --follow=name --retry.")
  var followsName = false

  @Option(
    help: ArgumentHelp(
      "Print what is appended: to the open file (descriptor, when HOW is not said), or to the file "
        + "that has the name (name).", valueName: "how"))
  var follow: String?

  @Flag(help: "Keep trying to open a file that cannot be opened.")
  var retry = false

  @Flag(
    name: [.customShort("q"), .long, .customLong("silent")], help: "Never print headers.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Always print headers.")
  var verbose = false

  @Flag(name: .shortAndLong, help: "Lines end with NUL, not newline.")
  var zeroTerminated = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Look at every name after so many seconds, whatever has been announced. (default: 1.0)",
      valueName: "seconds"))
  var sleepInterval: String?

  @Option(help: ArgumentHelp("End once these processes have; may be repeated.", valueName: "pid"))
  var pid: [String] = []

  @Option(
    help: ArgumentHelp(
      "Accepted for compatibility: names are looked up anew at every look.", valueName: "n"))
  var maxUnchangedStats: String?

  @Flag(help: "Say how files are followed.")
  var debug = false

  @Option(
    help: ArgumentHelp(
      "Keep at most so much of a pipe in memory, and the rest in a file. (default: 64M)",
      valueName: "size"))
  var memory: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Gather a flood of changes for so long: 0, 500us, 1ms. (default: 1ms, 0 on a terminal)",
      valueName: "time"))
  var latency: Duration?

  @Option(
    help: ArgumentHelp("When the last writer of a FIFO leaves: close or reopen.", valueName: "how"))
  var fifoEof = TailOptions.FIFOEnd.reopen

  @Option(
    help: ArgumentHelp("Keep positions in a file, and go on there.", valueName: "file"),
    completion: .file())
  var checkpoint: Operand?

  @Flag(help: "Exit with status 3 when lines or bytes were lost.")
  var strict = false

  @Argument(help: "Files to print.", completion: .file())
  var files: [Operand] = []

  @OptionGroup(title: "Engine options")
  var shared: SharedOptions

  /// It takes `-v` and `--version` wherever they stand.
  @ParentCommand var program: Xio

  func run() throws {
    if program.version { return try program.run() }
    let diagnostics = Diagnostics(program: Arguments.shownName)
    let options = try options(diagnostics)
    let paths = files.map(\.path)
    let output = try ReportOutput(
      shared.values, diagnostics, apartFrom: paths + [checkpoint?.path].compactMap { $0 })
    var readerLeft = false
    let result: Tail.Output
    do throws(TailError) {
      result = try Tail(paths, options).run(
        output.makeMeasurement(), quote: Quoting.always, mention: Quoting.whereNeeded,
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
    if strict, result.hasLosses { throw ExitStatus.losses }
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
    if let lines { options.start = try TailNumbers.start(lines, .lines) }
    if let bytes { options.start = try TailNumbers.start(bytes, .bytes) }
    if let follow { options.follow = try TailNumbers.follow(follow) }
    options.retries = retry
    options.delimiter = zeroTerminated ? 0 : UInt8(ascii: "\n")
    options.headers = quiet ? .never : verbose || program.verbose ? .always : .whenSeveral
    options.interval = try sleepInterval.map(TailNumbers.seconds)
    for process in pid { options.processes.append(try TailNumbers.process(process)) }
    if let maxUnchangedStats { options.unchangedLooks = try TailNumbers.looks(maxUnchangedStats) }
    options.debugs = debug
    if let memory { options.memory = memory.value }
    options.latency = latency?.nanoseconds
    options.fifoEnd = fifoEof
    options.checkpoint = checkpoint?.path
    options.isStrict = strict
    options.transfer = shared.values.transfer
    try check(&options, diagnostics)
    return options
  }

  private func check(
    _ options: inout TailOptions, _ diagnostics: Diagnostics?
  ) throws(UsageError) {
    if options.follow == .name, files.contains(where: { $0.path == "-" }) || files.isEmpty {
      throw UsageError("cannot follow '-' by name")
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
