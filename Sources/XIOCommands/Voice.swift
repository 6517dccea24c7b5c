/// Whose words are spoken.
///
/// This is the one table of where they differ: whoever has something to say names its parts, and knows
/// nothing of voices.
enum Voice {
  /// This program's: what can be done follows as a hint.
  case own
  /// GNU's, whole, and nothing more: scripts compare what is said.
  case gnu

  /// That of a program of this name.
  init(of program: String) {
    self = ["cat", "cp", "tail"].contains(program) ? .gnu : .own
  }

  /// Whether also what is done is to be GNU's where this program knows better.
  var isLiteral: Bool { self == .gnu }

  /// What is said about a command line that cannot be understood, line by line.
  ///
  /// - Parameters:
  ///   - problem: What is wrong with it.
  ///   - program: What was called.
  /// - Returns: The lines.
  func lines(_ problem: UsageError, _ program: String) -> [String] {
    let first = "\(program): " + Arguments.display(problem.message)
    let quoted = problem.words.map { "'\($0)'" }
    switch self {
    case .own:
      let list = quoted.isEmpty ? "" : "; valid are \(quoted.joined(separator: ", "))"
      let advice = problem.suggestion.map { "did you mean '\($0)'?" } ?? "try '\(program) --help'"
      return [first + list] + hint(advice)
    case .gnu:
      let list = quoted.isEmpty ? [] : ["Valid arguments are:"] + quoted.map { "  - \($0)" }
      let advice = "Try '\(program) --help' for more information."
      return [first] + list + (problem.isAboutUsage ? [advice] : [])
    }
  }

  /// What is said to be wrong when standard output takes no more.
  ///
  /// - Parameter isClosed: Whether it is seen to be closed before anything is written, as by `cat`.
  /// - Returns: What comes before the reason.
  func output(isClosed: Bool = false) -> String {
    switch self {
    case .own: "error writing standard output"
    case .gnu: isClosed ? "standard output" : "write error"
    }
  }

  /// What can be done about the last message.
  func hint(_ text: String) -> [String] {
    switch self {
    case .own: ["hint: \(text)"]
    case .gnu: []
    }
  }
}
