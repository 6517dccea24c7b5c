internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// One concatenation, on whichever engine was chosen.
struct CatJob: TransferJob {
  struct Output {
    var result = TransferResult()
    var metrics = DriverMetrics()
    var counters = EngineCounters()
    var files: [ObservedFile] = []
    var succeeded = true
  }

  let inputs: [FilePath]
  var output: CatOutput
  let options: TransferOptions
  let session: SessionConfiguration
  let measures: Bool
  let observer: CatObserver
  private var formatter: LineFormatter?
  private var done = Output()
  /// Whether standard output takes no more, or the program is to end.
  private var isOutputGone = false

  init(
    inputs: [FilePath], output: CatOutput, options: CatOptions, session: SessionConfiguration,
    measures: Bool, observer: CatObserver
  ) {
    self.inputs = inputs
    self.output = output
    self.options = options.transfer
    self.session = session
    self.measures = measures
    self.observer = observer
    formatter = options.format.isPlain ? nil : LineFormatter(options.format)
  }

  mutating func run<Session: TransferSession & ~Copyable>(
    _ session: inout Session
  ) throws(Never) -> Output {
    let before = measures ? output.probe() : nil
    for path in inputs {
      do throws(IOFailure) {
        try concatenate(path, &session)
      } catch {
        done.succeeded = false
        observer.onFailure(error)
        // Without a reader, or a reason to go on, the other inputs are of no use.
        isOutputGone = error.action.isWrite || error.isInterruption
        if isOutputGone { break }
      }
    }
    do throws(IOFailure) {
      try finishFormat(&session)
      try output.finish()
    } catch {
      done.succeeded = false
      observer.onFailure(error)
    }
    if let before {
      done.files.append(
        ObservedFile(
          path: Concatenation.standardStream, role: .target, asked: options.cache.rawValue,
          mode: output.cache.mode.rawValue, alignment: output.cache.shownAlignment,
          size: done.result.total, before: before, after: output.probe()))
    }
    done.metrics = session.metrics
    done.counters = session.counters
    return done
  }

  private mutating func concatenate<Session: TransferSession & ~Copyable>(
    _ path: FilePath, _ session: inout Session
  ) throws(IOFailure) {
    let input = try CatInput(path, options, self.session)
    defer { input.close() }
    guard !input.isOutput(output) else {
      throw IOFailure(.read, path, nil, reason: "input file is output file")
    }
    observer.onInput?(path, input.status)
    let before = measures ? input.probe() : nil
    let result = transfer(input.endpoint(to: output), &session)
    input.advance(by: result.bytesRead + result.bytesOffloaded)
    done.result.add(result)
    if let before {
      done.files.append(
        ObservedFile(
          path: path, role: .source, asked: options.cache.rawValue, mode: input.cache.mode.rawValue,
          alignment: input.cache.shownAlignment, size: input.status.size, before: before,
          after: input.probe()))
    }
    try output.advance(by: result.total)
    if let failure = result.failure { throw describe(failure, path) }
  }

  private mutating func transfer<Session: TransferSession & ~Copyable>(
    _ source: Endpoint, _ session: inout Session
  ) -> TransferResult {
    guard var formatter else { return session.transfer(from: source, to: output.endpoint) }
    defer { self.formatter = formatter }
    return session.transfer(from: source, through: &formatter, to: output.endpoint)
  }

  /// Writes what the formatter has held back for a next input.
  private mutating func finishFormat<Session: TransferSession & ~Copyable>(
    _ session: inout Session
  ) throws(IOFailure) {
    guard formatter?.hasReturn == true, !isOutputGone else { return }
    formatter?.isAtEnd = true
    let nothing = Endpoint(
      descriptor: .standardInput, kind: .regular, position: .offset(0), limit: 0)
    let result = transfer(nothing, &session)
    done.result.add(result)
    try output.advance(by: result.total)
    if let failure = result.failure { throw describe(failure, Concatenation.standardStream) }
  }

  private func describe(_ failure: TransferFailure, _ path: FilePath) -> IOFailure {
    switch failure.side {
    case .source: IOFailure(.read, path, failure.errno)
    case .target: IOFailure(.write, nil, failure.errno)
    case nil: IOFailure(.copy(to: Concatenation.standardStream), path, failure.errno)
    }
  }
}

extension IOFailure.Action {
  fileprivate var isWrite: Bool {
    if case .write = self { true } else { false }
  }
}
