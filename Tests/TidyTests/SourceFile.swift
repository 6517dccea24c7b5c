/// One file of the repository, as the rules see it.
struct SourceFile {
  /// Its path from the root of the repository.
  var path: String

  /// All of its text.
  var text: String

  /// Makes a file.
  init(_ path: String, _ text: String) {
    self.path = path
    self.text = text
  }

  /// Whether it is written in Swift.
  var isSwift: Bool { path.hasSuffix(".swift") }

  /// The module it belongs to: the directory below Sources or Tests.
  var module: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }

  /// Its lines, without their ends.
  var lines: [Substring] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}

/// A place where a rule is broken.
struct Violation: Equatable, CustomStringConvertible {
  var path: String
  var line: Int
  var message: String

  var description: String { "\(path):\(line): \(message)" }
}

/// A word or a sign of Swift code; comments and the text of literals have none.
struct Token: Equatable {
  var text: String
  var line: Int
  /// Whether white space or the start of the file comes before it.
  var isDetached: Bool
}
