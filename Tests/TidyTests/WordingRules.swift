/// What is not finished is not put off in a comment.
func checkMarkers(_ file: SourceFile) -> [Violation] {
  // Put together here, or this file would break its own rule.
  let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
  return file.lines.enumerated().flatMap { number, line in
    markers.filter { containsWord(line, $0) }.map { marker in
      Violation(
        path: file.path, line: number + 1,
        message: "\(marker) in the text: do it now, or open an issue")
    }
  }
}

private func containsWord(_ line: Substring, _ word: String) -> Bool {
  line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { $0 == word }
}

/// Swift files hold no tab and no space at the end of a line.
func checkWhitespace(_ file: SourceFile) -> [Violation] {
  guard file.isSwift else { return [] }
  return file.lines.enumerated().flatMap { number, line in
    var violations: [Violation] = []
    if line.contains("\t") {
      violations.append(
        Violation(path: file.path, line: number + 1, message: "a tab: indent with spaces"))
    }
    if line.last == " " || line.last == "\r" {
      violations.append(
        Violation(path: file.path, line: number + 1, message: "white space at the end of the line"))
    }
    return violations
  }
}
