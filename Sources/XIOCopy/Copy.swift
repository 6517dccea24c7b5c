public import SystemPackage
public import XIOEngines
public import XIOReport
public import XIOSystem

/// Copies files and trees.
public struct Copy {
  /// What came out of a copy.
  public struct Output: Sendable {
    /// The engine that ran, and why.
    public var selection: EngineSelection
    /// The report, if one was asked for.
    public var report: Report?
    /// Whether everything was copied as it should be.
    public var succeeded: Bool
  }

  private let operands: CopyOperands
  private let options: CopyOptions

  /// Takes what is to be copied, and how.
  public init(_ operands: CopyOperands, _ options: CopyOptions) {
    self.operands = operands
    self.options = options
  }

  /// Copies. A source that fails is told of, and the others are copied all the same; a target that this
  /// call made is removed again when it cannot be completed.
  ///
  /// - Parameters:
  ///   - measurement: Observes the copy when a report is wanted.
  ///   - onNotice: Told of what happens, by one thread at a time.
  ///   - onQuestion: Asked whether a file may be overwritten; with its permissions when they forbid it.
  ///   - onProgress: Told how far the copy is, by one thread at a time; nil costs nothing.
  /// - Returns: Which engine ran, the report, and whether all went well.
  /// - Throws: ``CopyProblem`` when nothing was begun.
  public func run(
    _ measurement: Measurement?, onNotice: @escaping (CopyNotice) -> Void,
    onQuestion: @escaping (FilePath, UInt32?) -> Bool,
    onProgress: ((CopyProgress) -> Void)? = nil
  ) throws(CopyProblem) -> Output {
    let only = operands.onlySource(options)
    var selection = EngineSelection.resolve(
      options.transfer.engine, candidates: candidates(only))
    let session: SessionConfiguration
    let depth: Int
    do throws(IOFailure) {
      (session, depth) = try options.transfer.session(for: &selection, sourceSize: only?.size)
    } catch {
      throw .io(error)
    }
    // What is to be told of each operation has to be an operation.
    let shared = CopyRun(
      options, session, measures: measurement != nil || session.timeline != nil,
      onNotice: onNotice, onQuestion: onQuestion, onProgress: onProgress)
    Termination.catchSignals()
    var job = CopyJob(run: shared, operands: operands, observer: measurement?.observer)
    do throws(SessionError<CopyProblem>) {
      try Registry.run(&job, session, onLatency: job.observer, onProgress: shared.arrivals)
    } catch {
      switch error {
      case .unavailable(let problem): throw .engine(problem)
      case .job(let problem): throw problem
      }
    }
    selection.reasons += job.reasons
    let totals = shared.counted
    let report = measurement.map { measurement in
      var facts = Measurement.Facts(
        command: "copy", sources: operands.sources.map(\.path), target: job.target,
        selection: selection, session: session, queueDepth: depth, files: totals.files,
        result: totals.result, metrics: totals.metrics, counters: totals.counters,
        succeeded: shared.succeeded)
      facts.durability = options.durability.rawValue
      facts.verification = options.verification?.rawValue ?? "none"
      facts.verifiedBytes = totals.bytesVerified
      if options.isRecursive { facts.fileCount = totals.regularFiles }
      return measurement.report(facts)
    }
    return Output(selection: selection, report: report, succeeded: shared.succeeded)
  }

  /// What `auto` tries: overlapping reads with writes pays once there are several blocks of a file.
  private func candidates(_ only: EntryStatus?) -> [(engine: EngineName, reason: String)] {
    let blocking = (EngineName.blocking, "plain calls run everywhere")
    guard let only else {
      return [
        (.blocking, "many files: threads overlap, and the kernel copies large ones by itself")
      ]
    }
    let block = Int64(options.transfer.blockSize ?? TransferOptions.defaultBlockSize)
    guard only.kind == .regular, only.size > 4 * block else {
      return [(.blocking, "a stream or a small file gains nothing from a queue")]
    }
    if targetIsInMemory {
      return [(.blocking, "there is no device to wait for: the kernel copies by itself")]
    }
    return [(.uring, "a large file gains from overlapping reads and writes"), blocking]
  }

  /// Whether the target's file system has no device below it; when in doubt it has one.
  private var targetIsInMemory: Bool {
    let target = operands.target.path
    let places = [target, target.removingLastComponent()].map { $0.isEmpty ? "." : $0 }
    for place in places {
      do throws(Errno) {
        let directory = try System.openDirectory(place)
        let isInMemory = try? System.isInMemory(directory)
        try System.close(directory)
        return isInMemory ?? false
      } catch {
        continue
      }
    }
    return false
  }
}
