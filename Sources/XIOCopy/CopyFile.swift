public import SystemPackage
public import XIOEngines
public import XIOReport
public import XIOSystem

/// Copies one file's bytes.
public struct CopyFile {
  /// What came out of a copy.
  public struct Output: Sendable {
    /// The engine that ran, and why.
    public var selection: EngineSelection
    /// The report, if one was asked for.
    public var report: Report?
    /// Why the copy failed, if it did after it had begun.
    public var failure: IOFailure?
  }

  private let sourcePath: FilePath
  private let targetPath: FilePath
  private let options: TransferOptions
  private let targetIsDirectory: Bool

  /// Takes the names of both files.
  ///
  /// - Parameters:
  ///   - source: The file that is read.
  ///   - target: The file that is written, or a directory to write it into.
  ///   - targetIsDirectory: Whether the target was named so that only a directory will do.
  ///   - options: How to copy.
  public init(
    from source: FilePath, to target: FilePath, targetIsDirectory: Bool = false,
    _ options: TransferOptions
  ) {
    sourcePath = source
    targetPath = target
    self.targetIsDirectory = targetIsDirectory
    self.options = options
  }

  /// Copies.
  ///
  /// A target that this call created is removed again when the copy fails or is interrupted.
  ///
  /// - Parameter measurement: Observes the copy when a report is wanted.
  /// - Returns: Which engine ran, the report, and the failure if there was one.
  /// - Throws: ``CopyError`` when nothing was begun.
  public func run(_ measurement: Measurement?) throws(CopyError) -> Output {
    let source = try CopySource(sourcePath)
    defer { source.close() }
    let target = try CopyTarget(targetPath, isDirectory: targetIsDirectory, for: source)
    var selection = EngineSelection.resolve(
      options.engine, candidates: Self.candidates(source, target, options))
    let session: SessionConfiguration
    let depth: Int
    let plan: CopyPlan
    do throws(IOFailure) {
      (session, depth) = try options.session(
        for: &selection, sourceSize: source.status.kind == .regular ? source.size : nil)
      try session.checkNumber(of: source.descriptor, sourcePath)
      plan = try CopyPlan(source, target, options, session)
    } catch {
      throw .io(error)
    }
    selection.reasons += plan.reasons
    let before = measurement.map { _ in source.probe() }
    var job = CopyJob(source: source, target: target, plan: plan, measures: measurement != nil)
    var outcome: CopyJob.Output
    do throws(SessionError<IOFailure>) {
      outcome = try Registry.run(&job, session, onLatency: measurement?.observer)
    } catch {
      switch error {
      case .unavailable(let problem): throw .engine(problem)
      case .job(let failure): throw .io(failure)
      }
    }
    guard let measurement, let before else {
      return Output(selection: selection, report: nil, failure: outcome.failure)
    }
    outcome.files.insert(
      ObservedFile(
        path: sourcePath, role: .source, asked: options.cache.rawValue,
        mode: plan.source.mode.rawValue, alignment: plan.source.shownAlignment,
        size: source.size, before: before, after: source.probe()), at: 0)
    let report = measurement.report(
      Measurement.Facts(
        command: "copy", sources: [sourcePath], target: target.path, selection: selection,
        session: session, queueDepth: depth, files: outcome.files, result: outcome.result,
        metrics: outcome.metrics, counters: outcome.counters,
        succeeded: outcome.failure == nil))
    return Output(selection: selection, report: report, failure: outcome.failure)
  }

  /// What `auto` tries: overlapping reads with writes pays once there are several blocks of a file.
  static func candidates(
    _ source: CopySource, _ target: CopyTarget, _ options: TransferOptions
  ) -> [(engine: EngineName, reason: String)] {
    let blocking = (EngineName.blocking, "plain calls run everywhere")
    let block = Int64(options.blockSize ?? TransferOptions.defaultBlockSize)
    guard source.status.kind == .regular, target.isRegular, source.size > 4 * block else {
      return [(.blocking, "a stream or a small file gains nothing from a queue")]
    }
    return [(.uring, "a large file gains from overlapping reads and writes"), blocking]
  }
}

/// Why a copy did not begin.
public enum CopyError: Error, Sendable {
  /// A call failed, or an option cannot be met.
  case io(IOFailure)
  /// The engine cannot run.
  case engine(EngineUnavailable)
  /// The source is a directory.
  case isDirectory(FilePath)
  /// Both names stand for one file.
  case sameFile(FilePath, FilePath)
  /// The target is a symbolic link to nothing.
  case danglingLink(FilePath)
}

/// How both files meet the page cache.
struct CopyPlan {
  /// The mode asked for.
  let asked: String
  var source: CacheTreatment
  var target: CacheTreatment

  /// What `keep` came down to.
  var reasons: [String] {
    guard asked == CacheMode.keep.rawValue else { return [] }
    return [
      "keep: the source is read \(source.mode.rawValue), the target written \(target.mode.rawValue)"
    ]
  }

  init(
    _ source: CopySource, _ target: CopyTarget, _ options: TransferOptions,
    _ session: SessionConfiguration
  ) throws(IOFailure) {
    asked = options.cache.rawValue
    self.source = try CachePlan.resolve(
      options.cache, of: source.path, kind: source.status.kind, engine: session.engine,
      probe: source.descriptor)
    self.target = .page
    if options.cache != .page, target.isRegular {
      let probe = try target.openProbe()
      defer { try? System.close(probe) }
      self.target = try CachePlan.resolve(
        options.cache, of: target.path, kind: .regular, engine: session.engine, probe: probe)
    }
    try options.checkAlignment(self.source, session, source.path)
    try options.checkAlignment(self.target, session, target.path)
  }
}
