/// Which engine runs, and why.
public struct EngineSelection: Sendable {
  /// What was asked for; nil for `auto`.
  public var asked: EngineName?
  /// The engine that runs.
  public var engine: EngineName
  /// Why it is this one, one sentence each.
  public var reasons: [String]

  /// Takes an engine that was asked for by name, or the first candidate that can run.
  ///
  /// - Parameters:
  ///   - asked: The engine asked for; nil for `auto`.
  ///   - candidates: What `auto` tries, best first, each with its reason; the last must always run.
  /// - Returns: The engine, and why it is this one.
  public static func resolve(
    _ asked: EngineName?, candidates: [(engine: EngineName, reason: String)]
  ) -> EngineSelection {
    if let asked {
      // The session that follows tries the engine anyway, and making a libaio context costs much.
      return EngineSelection(asked: asked, engine: asked, reasons: ["asked for by name"])
    }
    var reasons: [String] = []
    for candidate in candidates {
      switch Registry.description(of: candidate.engine).availability() {
      case .available:
        reasons.append("\(candidate.engine.rawValue): \(candidate.reason)")
        return EngineSelection(asked: nil, engine: candidate.engine, reasons: reasons)
      case .unavailable(let problem):
        reasons.append("not \(problem.engine.rawValue): \(problem.cause)")
      }
    }
    return EngineSelection(asked: nil, engine: .blocking, reasons: reasons)
  }
}
