public import ArgumentParser
internal import SystemPackage
internal import XIOEngines
public import XIOFanin
internal import XIOReport
internal import XIOSystem

extension FaninOptions.Order: ExpressibleByArgument {}
extension FaninOptions.TimeSource: ExpressibleByArgument {}
extension FaninOptions.Format: ExpressibleByArgument {}
extension FaninOptions.OnFull: ExpressibleByArgument {}
extension FaninOptions.LongLine: ExpressibleByArgument {}
extension FaninOptions.Start: ExpressibleByArgument {}

/// `xio fanin`.
struct FaninCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: CommandName.fanin.rawValue,
    abstract: "Gather lines of many live sources into one stream, none of them torn.",
    usage: "xio fanin [<options>] [<sources> ...]",
    discussion: """
      A SOURCE is the name of a file, which is followed across rotation, of a FIFO or a device; a \
      pattern such as 'logs/**/*.log', to which new files are added when they come; - or fd:N; \
      cmd:COMMAND; unix:PATH, unix-dgram:PATH, seqpacket:PATH, tcp:HOST:PORT or udp:HOST:PORT to \
      connect to; the same with -listen to be connected to, as in tcp-listen:PORT, which without a \
      host is for this machine alone; or @FILE, which names sources, one a line. With no SOURCE, \
      standard input is read.

      It ends when all sources have. Files that are followed and listening sockets have no end.
      """)

  @OptionGroup(title: "Lines")
  var lineOptions: FaninLineOptions

  @OptionGroup(title: "Order")
  var orderOptions: FaninOrderOptions

  @OptionGroup(title: "Flow and ends")
  var flowOptions: FaninFlowOptions

  /// It stands here for those who ask for help: operands do not pass through the parser.
  @Argument(help: "Sources.", completion: .file())
  var sources: [Operand] = []

  @OptionGroup(title: "Engine options")
  var shared: SharedOptions

  @ParentCommand var program: Xio

  func run() throws {
    if program.version { return try program.run() }
    let diagnostics = Diagnostics(program: Arguments.shownName)
    let sources = try Arguments.raw().keptOperands()
    var options = try options(sources)
    let output = try ReportOutput(
      shared.values, diagnostics,
      apartFrom: sources.map(\.path) + [options.checkpoint].compactMap { $0 })
    options.transfer.timeline = output.timeline
    let result: Fanin.Output
    do throws(FaninError) {
      result = try Fanin(sources.map(\.bytes), options).run(
        output.makeMeasurement(), onNotice: { Self.show($0, diagnostics) },
        onReport: { _ = output.write($0) })
    } catch {
      switch error {
      case .io(let failure): diagnostics.report(failure, namesAreQuoted: true)
      case .engine(let problem): diagnostics.report(problem)
      case .usage(let message): throw UsageError(message)
      }
      throw ExitStatus.failure
    }
    let isReported = output.finish(result.selection, result.report)
    if result.readerLeft { throw ExitStatus.readerLeft }
    guard result.succeeded, isReported else { throw ExitStatus.failure }
    if flowOptions.strict, result.hasLosses { throw ExitStatus.losses }
  }

  private static func show(_ notice: Fanin.Notice, _ diagnostics: Diagnostics) {
    switch notice {
    case .failure(var failure):
      if failure.hint == nil { failure.hint = schemeHint(failure) }
      diagnostics.report(failure, namesAreQuoted: true)
    case .about(let name, let text): diagnostics.report("\(Quoting.always(name)): \(text)")
    case .message(let text): diagnostics.report(text)
    case .hint(let text): diagnostics.hint(text)
    case .account(let account):
      try? StandardStreams.write(Array(account.text().utf8), to: .standardError)
    }
  }

  /// What was perhaps meant by a name that is not there and looks like that of a socket.
  private static func schemeHint(_ failure: IOFailure) -> String? {
    guard failure.errno == .noSuchFileOrDirectory, let path = failure.path,
      let colon = path.bytes.firstIndex(of: UInt8(ascii: ":")),
      let scheme = Suggestion.nearest(
        to: String(decoding: path.bytes[..<colon], as: UTF8.self),
        among: SourceSpecification.Scheme.allCases.map(\.rawValue))
    else { return nil }
    let meant = Array("\(scheme):".utf8) + path.bytes[(colon + 1)...]
    return "did you mean \(Quoting.always(FilePath(bytes: meant)))?"
  }

  /// What was asked for, with a word on what makes no sense.
  private func options(_ sources: [Operand]) throws(UsageError) -> FaninOptions {
    var options = FaninOptions()
    try lineOptions.apply(to: &options)
    try orderOptions.apply(to: &options)
    try flowOptions.apply(to: &options)
    let transfer = shared.values.transfer
    options.transfer = transfer
    guard transfer.queueDepth == nil else {
      throw UsageError("fanin has one operation in flight for each source: no --queue-depth")
    }
    guard transfer.cache == .page else {
      throw UsageError("fanin reads what was just written, out of the page cache: no --cache")
    }
    guard transfer.engine != .kernel else {
      throw UsageError("engine 'kernel' cannot look for the ends of lines")
    }
    if options.longLine == .pass, options.order != .arrival || options.format == .json {
      throw UsageError("--long-line pass goes with --order arrival and without JSON")
    }
    if options.order == .merge {
      try checkMerge(options, sources)
      // A merge waits for every source until that has ended.
      options.reconnects = false
    }
    if options.order != .arrival, options.onFull != .block {
      throw UsageError("--on-full \(options.onFull.rawValue) goes with --order arrival")
    }
    if options.checkpoint != nil, options.readsFilesOnce {
      throw UsageError("--checkpoint goes with files that are followed")
    }
    return options
  }

  private func checkMerge(
    _ options: FaninOptions, _ sources: [Operand]
  ) throws(UsageError) {
    guard options.time == .detect else {
      throw UsageError("--order merge needs the times of lines, not those of their arrival")
    }
    let endless = sources.first { String(decoding: $0.bytes, as: UTF8.self).contains("-listen:") }
    if let endless {
      throw UsageError(
        "--order merge waits for the next line of every source, and "
          + "\(Quoting.always(endless.path)) has no end")
    }
  }
}
