public import SystemPackage
public import XIOEngines
public import XIOReport
public import XIOSystem

/// Writes files one after the other to standard output.
public struct Concatenation {
  /// What came out.
  public struct Output: Sendable {
    /// The engine that ran, and why.
    public var selection: EngineSelection
    /// The report, if one was asked for.
    public var report: Report?
    /// Whether every input was read to its end and everything was written.
    public var succeeded: Bool
  }

  /// The name of standard input among the operands, and of standard output in reports.
  public static let standardStream = FilePath("-")

  private let inputs: [FilePath]
  private let options: CatOptions

  /// Takes the names of the inputs; none is standard input.
  public init(_ inputs: [FilePath], _ options: CatOptions) {
    self.inputs = inputs.isEmpty ? [Self.standardStream] : inputs
    self.options = options
  }

  /// Concatenates. An input that fails is passed over, the others still go out.
  ///
  /// - Parameters:
  ///   - measurement: Observes the job when a report is wanted.
  ///   - observer: Told of what happens when it happens.
  /// - Returns: Which engine ran, the report, and whether everything went well.
  /// - Throws: ``CatError`` when nothing was begun.
  public func run(
    _ measurement: Measurement?, _ observer: CatObserver
  ) throws(CatError) -> Output {
    let output: CatOutput
    var selection = EngineSelection.resolve(options.transfer.engine, candidates: candidates)
    var settled: (session: SessionConfiguration, queueDepth: Int)
    do throws(IOFailure) {
      output = try CatOutput(options.transfer, engine: selection.engine)
      settled = try settle(&selection)
    } catch {
      throw .io(error)
    }
    defer { output.close() }
    var job = CatJob(
      inputs: inputs, output: output, options: options, session: settled.session,
      measures: measurement != nil, observer: observer)
    let done: CatJob.Output
    do throws(SessionError<Never>) {
      done = try Registry.run(
        &job, settled.session, onLatency: measurement?.observer, onProgress: observer.onProgress)
    } catch {
      switch error {
      case .unavailable(let problem): throw .engine(problem)
      }
    }
    if selection.asked == nil, selection.engine == .kernel, !done.result.hasMovedInKernel {
      selection.engine = .blocking
      selection.reasons.append("blocking: plain calls moved everything there was")
      settled.session.engine = .blocking
    }
    let report = measurement.map { measurement in
      measurement.report(
        Measurement.Facts(
          command: "cat", sources: inputs, target: Self.standardStream, selection: selection,
          session: settled.session, queueDepth: settled.queueDepth, files: done.files,
          result: done.result, metrics: done.metrics, counters: done.counters,
          succeeded: done.succeeded))
    }
    selection.reasons += done.counters.remarks
    return Output(selection: selection, report: report, succeeded: done.succeeded)
  }

  /// What `auto` tries: output is in order, so a queue helps only where reads are slow.
  private var candidates: [(engine: EngineName, reason: String)] {
    let blocking = (
      EngineName.blocking, "output is written in order, and buffered reads are read ahead anyway"
    )
    guard options.format.isPlain else {
      return [(.blocking, "lines are formatted in order, and reads are read ahead anyway")]
    }
    switch options.transfer.cache {
    case .page: return [(.kernel, "bytes need not come to the process, unless there are few")]
    case .direct:
      return [(.uring, "direct reads are not read ahead, a queue of them is"), blocking]
    case .uncached, .keep: return [blocking]
    }
  }

  /// Blocks of lines go out while they still are in the processor's cache: larger ones take twice as long.
  private static let formattedBlockSize = 64 << 10

  /// Settles the sizes, and what the engine has to do beside moving bytes.
  private func settle(
    _ selection: inout EngineSelection
  ) throws(IOFailure) -> (session: SessionConfiguration, queueDepth: Int) {
    var settled = try options.transfer.session(for: &selection)
    settled.session.fallsBack = selection.asked == nil
    guard !options.format.isPlain else { return settled }
    guard selection.engine != .kernel else {
      throw IOFailure(
        .prepare, nil, nil,
        reason: "the kernel engine moves bytes that it does not see: it cannot format lines",
        hint: "name another engine, or use --engine auto")
    }
    settled.session.filters = true
    settled.session.blockSize = options.transfer.blockSize ?? Self.formattedBlockSize
    if settled.session.queueDepth > 1 {
      selection.reasons.append(
        "formatted output has 1 operation in flight, not \(settled.session.queueDepth)")
      settled.session.queueDepth = 1
    }
    return settled
  }
}

/// Who is told of what while files are concatenated.
public struct CatObserver {
  /// Told of every failure.
  public var onFailure: (IOFailure) -> Void
  /// Told of every input that is about to be read, and what it is.
  public var onInput: ((FilePath, FileStatus) -> Void)?
  /// Told of bytes that standard output has taken.
  public var onProgress: ProgressObserver?

  /// Takes whom to tell.
  public init(
    onFailure: @escaping (IOFailure) -> Void, onInput: ((FilePath, FileStatus) -> Void)? = nil,
    onProgress: ProgressObserver? = nil
  ) {
    self.onFailure = onFailure
    self.onInput = onInput
    self.onProgress = onProgress
  }
}

extension TransferResult {
  fileprivate var hasMovedInKernel: Bool { bytesOffloaded + bytesReflinked > 0 }
}

/// Why nothing was concatenated.
public enum CatError: Error, Sendable {
  /// A call failed, or an option cannot be met.
  case io(IOFailure)
  /// The engine cannot run.
  case engine(EngineUnavailable)
}
