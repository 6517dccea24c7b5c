internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Prints the last parts of files, one after the other, on whichever engine was chosen.
struct TailJob: TransferJob {
  struct Output {
    var result = TransferResult()
    var metrics = DriverMetrics()
    var counters = EngineCounters()
    var files: [ObservedFile] = []
    var succeeded = true
  }

  let inputs: [FilePath]
  let options: TailOptions
  let session: SessionConfiguration
  let measures: Bool
  let names: ShownNames
  let onNotice: (Tail.Notice) -> Void
  /// Whether the engine was left to the program, so that plain calls do where it is of no use.
  let isAutomatic: Bool
  let output = TailOutput()
  var done = Output()
  /// Calls made beside the engine.
  var plainCalls = 0
  /// Whether the engine has refused standard output.
  var isRefused = false
  private var standardInputIsClosed = false

  init(
    inputs: [FilePath], options: TailOptions, session: SessionConfiguration, isAutomatic: Bool,
    measures: Bool, names: ShownNames, onNotice: @escaping (Tail.Notice) -> Void
  ) {
    self.inputs = inputs
    self.options = options
    self.session = session
    self.isAutomatic = isAutomatic
    self.measures = measures
    self.names = names
    self.onNotice = onNotice
  }

  mutating func run<Session: TransferSession & ~Copyable>(
    _ session: inout Session
  ) throws(Never) -> Output {
    let before = measures ? output.probe() : nil
    var outputProblem: TailProblem?
    for path in inputs {
      do throws(TailProblem) {
        try printPart(of: path, &session)
      } catch {
        if error.isOutput {
          report(error)
          break
        }
        // What was printed before comes first where both streams are one.
        outputProblem = flush() ?? outputProblem
        if case .readerLeft? = outputProblem?.notice { break }
        report(error)
        if error.endsAll { break }
      }
    }
    // Like GNU's, it says at the end that something could not be written that was held back.
    if let problem = flush() ?? outputProblem { report(problem) }
    if standardInputIsClosed {
      report(TailProblem(.message("\(Tail.standardStream): \(Errno.badFileDescriptor)")))
    }
    done.result.bytesWritten += output.bytesWritten
    if let before {
      done.files.append(
        ObservedFile(
          path: Tail.standardStream, role: .target, asked: options.transfer.cache.rawValue,
          mode: CacheMode.page.rawValue, alignment: nil, size: done.result.total, before: before,
          after: output.probe()))
    }
    done.metrics = session.metrics
    done.metrics.operations += plainCalls + output.calls
    done.metrics.completions += plainCalls + output.calls
    done.counters = session.counters
    return done
  }

  /// Writes what is held back; nil when it arrives.
  private func flush() -> TailProblem? {
    do throws(TailProblem) {
      try output.flush()
      return nil
    } catch {
      return error
    }
  }

  private mutating func report(_ problem: TailProblem) {
    done.succeeded = false
    onNotice(problem.notice)
  }

  private var showsHeaders: Bool {
    switch options.headers {
    case .always: true
    case .never: false
    case .whenSeveral: inputs.count > 1
    }
  }

  private mutating func printPart<Session: TransferSession & ~Copyable>(
    of path: FilePath, _ session: inout Session
  ) throws(TailProblem) {
    let opened: FileDescriptor
    do throws(IOFailure) { opened = try TailInput.open(path) } catch { throw TailProblem(error) }
    if showsHeaders { try output.writeHeader(names.title(path)) }
    let input: TailInput
    do throws(IOFailure) {
      input = try TailInput(path, opened, options.transfer, self.session)
    } catch {
      guard case .stat = error.action, let errno = error.errno else { throw TailProblem(error) }
      if opened == .standardInput { standardInputIsClosed = true }
      let name = names.quote(TailInput.name(of: path))
      throw TailProblem(.message("cannot fstat \(name): \(errno)"))
    }
    defer { input.close() }
    let before = measures ? input.probe() : nil
    let result = Result { () throws(TailProblem) in try printPart(of: input, &session) }
    if let before {
      done.files.append(
        ObservedFile(
          path: path, role: .source, asked: options.transfer.cache.rawValue,
          mode: input.cache.mode.rawValue, alignment: input.cache.shownAlignment,
          size: input.status.size, before: before, after: input.probe()))
    }
    try result.get()
  }
}
