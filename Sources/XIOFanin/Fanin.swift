public import SystemPackage
public import XIOEngines
public import XIOReport
public import XIOSystem

/// Gathers lines of many live sources into one stream.
public struct Fanin {
  /// What came out.
  public struct Output: Sendable {
    /// The engine that ran, and why.
    public var selection: EngineSelection
    /// The report, if one was asked for.
    public var report: Report?
    /// Whether everything went well, but for losses.
    public var succeeded: Bool
    /// Whether lines were lost, cut, or late.
    public var hasLosses: Bool
    /// Whether nobody reads standard output any more.
    public var readerLeft: Bool
  }

  /// Something to tell on standard error.
  public enum Notice: Sendable {
    /// A call failed.
    case failure(IOFailure)
    /// Something about a source.
    case about(FilePath, String)
    case message(String)
    /// What can be done about the last message.
    case hint(String)
    /// What came of all sources so far.
    case account(Report.Fanin)
  }

  private let operands: [[UInt8]]
  private let options: FaninOptions

  /// Takes the sources as they are named on the command line; none is standard input.
  public init(_ operands: [[UInt8]], _ options: FaninOptions) {
    self.operands = operands.isEmpty ? [[UInt8(ascii: "-")]] : operands
    self.options = options
  }

  /// Passes lines on until all sources have ended.
  ///
  /// - Parameters:
  ///   - measurement: Observes the job when a report is wanted.
  ///   - onNotice: Told of everything that is to be said when it happens.
  ///   - onReport: Takes reports that are wanted before the end.
  /// - Returns: Which engine ran, the report, and what became of the lines.
  /// - Throws: ``FaninError`` when nothing was begun.
  public func run(
    _ measurement: Measurement?, onNotice: @escaping (Notice) -> Void,
    onReport: @escaping (Report) -> Void
  ) throws(FaninError) -> Output {
    try FaninRun(
      operands: operands, options: options, onNotice: onNotice, onReport: onReport
    ).run(measurement)
  }
}

/// Why nothing was begun.
public enum FaninError: Error, Sendable {
  /// A call failed, or an option cannot be met.
  case io(IOFailure)
  /// The engine cannot run.
  case engine(EngineUnavailable)
  /// The command line makes no sense.
  case usage(String)
}

/// What the job has to tell.
enum FaninNotice {
  case failure(IOFailure.Action, FeedTitle, Errno)
  case io(IOFailure)
  case message(String)
  /// Something about a source, and that which makes the job one that has failed.
  case about(FeedTitle, String), failed(FeedTitle, String)
}
