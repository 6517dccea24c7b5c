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
  private let options: TransferOptions

  /// Takes the names of the inputs; none is standard input.
  public init(_ inputs: [FilePath], _ options: TransferOptions) {
    self.inputs = inputs.isEmpty ? [Self.standardStream] : inputs
    self.options = options
  }

  /// Concatenates. An input that fails is passed over, the others still go out.
  ///
  /// - Parameters:
  ///   - measurement: Observes the job when a report is wanted.
  ///   - onFailure: Told of every failure when it happens.
  /// - Returns: Which engine ran, the report, and whether everything went well.
  /// - Throws: ``CatError`` when nothing was begun.
  public func run(
    _ measurement: Measurement?, onFailure: @escaping (IOFailure) -> Void
  ) throws(CatError) -> Output {
    let output: CatOutput
    var selection = EngineSelection.resolve(options.engine, candidates: candidates)
    let settled: (session: SessionConfiguration, queueDepth: Int)
    do throws(IOFailure) {
      output = try CatOutput(options, engine: selection.engine)
      settled = try options.session(for: &selection)
    } catch {
      throw .io(error)
    }
    defer { output.close() }
    var job = CatJob(
      inputs: inputs, output: output, options: options, session: settled.session,
      measures: measurement != nil, onFailure: onFailure)
    let done: CatJob.Output
    do throws(SessionError<Never>) {
      done = try Registry.run(&job, settled.session, onLatency: measurement?.observer)
    } catch {
      switch error {
      case .unavailable(let problem): throw .engine(problem)
      }
    }
    let report = measurement.map { measurement in
      measurement.report(
        Measurement.Facts(
          command: "cat", sources: inputs, target: Self.standardStream, selection: selection,
          session: settled.session, queueDepth: settled.queueDepth, files: done.files,
          result: done.result, metrics: done.metrics, counters: done.counters,
          succeeded: done.succeeded))
    }
    return Output(selection: selection, report: report, succeeded: done.succeeded)
  }

  /// What `auto` tries: output is in order, so a queue helps only where reads are slow.
  private var candidates: [(engine: EngineName, reason: String)] {
    let blocking = (EngineName.blocking, "plain calls run everywhere")
    guard options.cache == .direct else {
      return [(.blocking, "output is written in order, and buffered reads are read ahead anyway")]
    }
    return [(.uring, "direct reads are not read ahead, a queue of them is"), blocking]
  }
}

/// Why nothing was concatenated.
public enum CatError: Error, Sendable {
  /// A call failed, or an option cannot be met.
  case io(IOFailure)
  /// The engine cannot run.
  case engine(EngineUnavailable)
}
