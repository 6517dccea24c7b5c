internal import ArgumentParser
internal import SystemPackage
internal import XIOCat
internal import XIOEngines
internal import XIOSystem

/// `xio cat`.
struct CatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: CommandName.cat.rawValue,
    abstract: "Write files and pipes to standard output, one after the other.",
    usage: "xio cat [<options>] [<files> ...]",
    discussion: """
      With no FILE, or when FILE is -, standard input is read. Output that is not formatted moves \
      inside the kernel where that is possible.
      """)

  @OptionGroup(title: "Output options")
  var output: CatOutputOptions

  @Argument(help: "Files to concatenate.", completion: .file())
  var files: [Operand] = []

  @OptionGroup(title: "Engine options")
  var shared: SharedOptions

  /// It takes `--version` wherever it stands.
  @ParentCommand var program: Xio

  func run() throws {
    if program.version { return try program.run() }
    let status = Self.execute(
      files.map(\.path), output.format, shared.values, showsProgress: output.progress)
    if status != .success { throw status }
  }

  /// What normalised arguments come to that say no more than how lines are shown: the parser would take
  /// longer than most files.
  static func formatAlone(
    _ words: some Collection<String>
  ) -> (format: LineFormat, files: [FilePath])? {
    var format = LineFormat()
    for (index, word) in words.enumerated() {
      switch word {
      case "--number": if format.numbering == .none { format.numbering = .all }
      case "--number-nonblank": format.numbering = .nonblank
      case "--squeeze-blank": format.squeezesBlank = true
      case "--show-ends": format.showsEnds = true
      case "--show-tabs": format.showsTabs = true
      case "--show-nonprinting": format.showsNonprinting = true
      case "--show-all":
        (format.showsEnds, format.showsTabs, format.showsNonprinting) = (true, true, true)
      case "--":
        return (format, words.dropFirst(index + 1).map { Operand(argument: $0).path })
      default: return nil
      }
    }
    return nil
  }

  /// Does the work, for the parser and without it.
  static func execute(
    _ files: [FilePath], _ format: LineFormat = LineFormat(),
    _ values: SharedOptions.Values = SharedOptions.Values(), showsProgress: Bool = false
  ) -> ExitStatus {
    let diagnostics = Diagnostics(program: Arguments.shownName)
    var options = CatOptions()
    options.format = format
    options.transfer = values.transfer
    var readerLeft = false
    do {
      let output = try ReportOutput(values, diagnostics, apartFrom: files)
      options.transfer.timeline = output.timeline
      let progress = showsProgress ? ProgressLine(diagnostics.program, over: files) : nil
      // Whatever ends the command, the line is to be taken away.
      if progress != nil { Termination.catchSignals() }
      let observer = CatObserver(
        onFailure: { failure in
          progress?.clear()
          readerLeft = report(failure, diagnostics) == .readerLeft
        }, onInput: progress.map { line in { path, _ in line.name = path } },
        onProgress: progress.map { line in { line.add($0) } })
      let result = try Concatenation(files, options).run(output.makeMeasurement(), observer)
      progress?.clear()
      if !readerLeft, files.isEmpty || files.contains(Concatenation.standardStream) {
        diagnostics.reportClosedInput()
      }
      let isReported = output.finish(result.selection, result.report)
      if readerLeft { return .readerLeft }
      return result.succeeded && isReported ? .success : .failure
    } catch let error as CatError {
      switch error {
      case .io(let failure): diagnostics.report(failure, namesAreQuoted: false)
      case .engine(let problem): diagnostics.report(problem)
      }
      return .failure
    } catch {
      return .failure
    }
  }

  /// Tells of a failure, unless it is that nobody reads the output any more.
  ///
  /// - Returns: The status that it leads to.
  @discardableResult
  static func report(_ failure: IOFailure, _ diagnostics: Diagnostics) -> ExitStatus {
    if failure.isBrokenPipe { return .readerLeft }
    diagnostics.report(failure, namesAreQuoted: false)
    return .failure
  }
}

/// Options that say how lines are shown, and progress.
struct CatOutputOptions: ParsableArguments {
  @Flag(name: [.customShort("A"), .long], help: "The same as -vET.")
  var showAll = false

  @Flag(
    name: [.customShort("b"), .long], help: "Number the lines that are not empty; overrides -n.")
  var numberNonblank = false

  @Flag(name: .customShort("e"), help: "The same as -vE.")
  var showsEndsAndNonprinting = false

  @Flag(name: [.customShort("E"), .long], help: "Show $ at the end of each line.")
  var showEnds = false

  @Flag(name: .shortAndLong, help: "Number all lines.")
  var number = false

  @Flag(name: .shortAndLong, help: "Show only the first of several empty lines.")
  var squeezeBlank = false

  @Flag(name: .customShort("t"), help: "The same as -vT.")
  var showsTabsAndNonprinting = false

  @Flag(name: [.customShort("T"), .long], help: "Show tabs as ^I.")
  var showTabs = false

  @Flag(name: .customShort("u"), help: "Accepted for compatibility: output never waits for more.")
  var unbuffered = false

  @Flag(
    name: [.customShort("v"), .long], help: "Show what cannot be printed as ^X and M-X.")
  var showNonprinting = false

  @Flag(help: "Show on a terminal how far it is, when it takes long.")
  var progress = false

  /// How lines are to be shown.
  var format: LineFormat {
    var format = LineFormat()
    format.numbering = numberNonblank ? .nonblank : number ? .all : .none
    format.squeezesBlank = squeezeBlank
    format.showsEnds = showEnds || showAll
    format.showsTabs = showTabs || showAll
    format.showsNonprinting = showNonprinting || showAll
    return format
  }
}
