/// A command line that cannot be understood, in GNU's words.
struct UsageError: Error, Equatable {
  var message: String
  /// What was perhaps meant.
  var suggestion: String?
  /// The words that would have been understood.
  var words: [String] = []
  /// Whether help on the options would help; GNU's tools offer none where a value makes no sense.
  var isAboutUsage = true

  init(_ message: String, suggestion: String? = nil, isAboutUsage: Bool = true) {
    self.message = message
    self.suggestion = suggestion
    self.isAboutUsage = isAboutUsage
  }

  /// A word that is none of those an option can have.
  init(
    _ value: String, for option: String, isNoneOf words: [String], is problem: String = "invalid"
  ) {
    self.words = words
    message = "\(problem) argument \(Quoting.value(value)) for '\(option)'"
    suggestion = Suggestion.nearest(to: value, among: words)
  }

  /// Takes a message of the parser, and says it in GNU's words where they differ.
  init(parser message: String) {
    // Unknown option 'X'. Did you mean 'Y'?
    if message.hasPrefix("Unknown option '") {
      let quoted = message.split(separator: "'", omittingEmptySubsequences: false)
      self.init(
        "unrecognized option '\(quoted[1])'", suggestion: quoted.count > 3 ? String(quoted[3]) : nil
      )
      return
    }
    // The value 'X' is invalid for '--NAME <VALUE>', or '<NAME>'. Please provide one of …
    let isOperand = message.contains("' is invalid for '<")
    let parts = message.split(
      separator: isOperand ? "' is invalid for '<" : "' is invalid for '--", maxSplits: 1)
    guard parts.count == 2, parts[0].hasPrefix("The value '") else {
      self.init(message)
      return
    }
    let name = parts[1].prefix { $0.isLetter || $0 == "-" }
    // The words are in quotes, or stand on a line each after a colon.
    let rest = parts[1].dropFirst(name.count)
    let list = rest.split(separator: ":", maxSplits: 1).dropFirst().first
    let words =
      list.map { $0.split { ",\n ".contains($0) }.filter { $0 != "-" }.map(String.init) }
      ?? rest.split(separator: "'", omittingEmptySubsequences: false).dropFirst(1).enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    self.init(
      String(parts[0].dropFirst(11)), for: isOperand ? String(name) : "--\(name)", isNoneOf: words)
  }
}
