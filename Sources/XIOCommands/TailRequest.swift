internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem
internal import XIOTail

/// What `tail` is to do.
struct TailRequest {
  var options = TailOptions()
  var files: [FilePath] = []
  var shared = SharedOptions.Values()

  /// What normalised arguments come to that hold none but GNU's everyday options: the parser would take ten times
  /// as long as printing a few lines.
  ///
  /// - Parameter words: Options, `--`, operands.
  /// - Returns: nil when the parser has to look at them.
  /// - Throws: ``UsageError``.
  static func plain(_ words: some Collection<String>) throws(UsageError) -> TailRequest? {
    var request = TailRequest()
    for (index, word) in words.enumerated() {
      if word == "--" {
        request.files = words.dropFirst(index + 1).map { Operand(argument: $0).path }
        return request
      }
      guard try request.options.take(word) else { return nil }
    }
    return nil
  }

  /// Does the work.
  ///
  /// - Returns: The status that it leads to.
  /// - Throws: ``UsageError``.
  func execute() throws(UsageError) -> ExitStatus {
    let diagnostics = Diagnostics(program: Arguments.shownName)
    var options = try checked(diagnostics)
    options.readsRenamedAnew = Voice(of: diagnostics.program).isLiteral
    let output: ReportOutput
    do throws(ExitStatus) {
      output = try ReportOutput(
        shared, diagnostics, apartFrom: files + [options.checkpoint].compactMap { $0 })
    } catch {
      return error
    }
    options.transfer.timeline = output.timeline
    var readerLeft = false
    let result: Tail.Output
    do throws(TailError) {
      result = try Tail(files, options).run(
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
      return .failure
    }
    let isReported = output.finish(result.selection, result.report)
    if readerLeft { return .readerLeft }
    guard result.succeeded, isReported else { return .failure }
    return options.isStrict && result.hasLosses ? .losses : .success
  }

  private static func show(_ notice: Tail.Notice, _ diagnostics: Diagnostics) {
    switch notice {
    case .failure(let failure): diagnostics.report(failure, namesAreQuoted: true)
    case .message(let text): diagnostics.report(text)
    case .hint(let text): diagnostics.hint(text)
    case .readerLeft: break
    }
  }

  /// The options without those that make no sense beside others, with a word on these.
  ///
  /// - Throws: ``UsageError``.
  func checked(_ diagnostics: Diagnostics?) throws(UsageError) -> TailOptions {
    var options = options
    if options.follow == .name, files.contains("-") || files.isEmpty {
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
    } else {
      if options.retries, options.follow == .descriptor {
        diagnostics?.report("warning: --retry only effective for the initial open")
      }
      guard options.transfer.queueDepth == nil else {
        throw UsageError("a follow reads one block at a time: no --queue-depth")
      }
      guard options.transfer.cache == .page else {
        throw UsageError("a follow reads what was just written, out of the page cache: no --cache")
      }
    }
    return options
  }
}

extension TailOptions {
  /// Takes one of GNU's everyday options, as ``Normaliser`` writes it.
  ///
  /// - Returns: Whether it is one.
  /// - Throws: ``UsageError``.
  fileprivate mutating func take(_ word: String) throws(UsageError) -> Bool {
    switch word {
    case "--quiet": headers = .never
    case "--verbose": headers = .always
    case "--zero-terminated": delimiter = 0
    case "--retry": retries = true
    default:
      guard let sign = word.firstIndex(of: "=") else { return false }
      let value = String(word[word.index(after: sign)...])
      switch word[..<sign] {
      case "--lines": start = try TailNumbers.start(value, .lines)
      case "--bytes": start = try TailNumbers.start(value, .bytes)
      case "--follow": follow = try TailNumbers.follow(value)
      case "--sleep-interval": interval = try TailNumbers.seconds(value)
      case "--pid": processes.append(try TailNumbers.process(value))
      default: return false
      }
    }
    return true
  }
}
