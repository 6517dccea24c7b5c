public import SystemPackage
public import XIOEngines
public import XIOReport
public import XIOSystem

/// Prints the last part of files, and what is appended to them.
public struct Tail {
  /// What came out.
  public struct Output: Sendable {
    /// The engine that ran, and why.
    public var selection: EngineSelection
    /// The report, if one was asked for.
    public var report: Report?
    /// Whether everything that could be printed was.
    public var succeeded: Bool
    /// Whether lines or bytes were lost.
    public var hasLosses = false
  }

  /// Something to tell on standard error.
  public enum Notice: Sendable {
    /// A call failed.
    case failure(IOFailure)
    /// A state that GNU's tail tells about, complete but for the program's name.
    case message(String)
    /// What can be done about the last message.
    case hint(String)
    /// The reader of standard output has left.
    case readerLeft
  }

  /// The name of standard input among the operands, and of standard output in reports.
  public static let standardStream = FilePath("-")

  private let inputs: [FilePath]
  private let options: TailOptions

  /// Takes the names of the inputs; none is standard input.
  public init(_ inputs: [FilePath], _ options: TailOptions) {
    self.inputs = inputs.isEmpty ? [Self.standardStream] : inputs
    self.options = options
  }

  /// Prints, and follows if that is asked for.
  ///
  /// - Parameters:
  ///   - measurement: Observes the job when a report is wanted.
  ///   - names: How names are shown.
  ///   - onNotice: Told of everything that is to be said when it happens.
  ///   - onReport: Takes reports that are wanted before the end.
  /// - Returns: Which engine ran, the report, and whether everything went well.
  /// - Throws: ``TailError`` when nothing was begun.
  public func run(
    _ measurement: Measurement?, _ names: ShownNames,
    onNotice: @escaping (Notice) -> Void, onReport: @escaping (Report) -> Void = { _ in }
  ) throws(TailError) -> Output {
    guard options.follow != .none, !hasPipeAlone else {
      let run = LastPartRun(
        inputs: inputs, options: options, names: names, onNotice: onNotice)
      return try run.run(measurement)
    }
    let run = FollowRun(
      inputs: inputs, options: options, names: names, onNotice: onNotice,
      onReport: onReport)
    return try run.run(measurement)
  }

  /// Whether the one input is a pipe on standard input, which has an end and nothing after it.
  private var hasPipeAlone: Bool {
    guard inputs == [Self.standardStream],
      let kind = try? System.status(.standardInput).kind
    else { return false }
    return kind == .pipe || kind == .socket
  }
}

/// Why nothing was printed.
public enum TailError: Error, Sendable {
  /// A call failed, or an option cannot be met.
  case io(IOFailure)
  /// The engine cannot run.
  case engine(EngineUnavailable)
}
