/// Help as the parser prints it, made to say what the normaliser makes true.
enum HelpText {
  /// The column in which descriptions begin.
  private static let column = 26

  /// Shows values that may be left out as such: `--report[=<form>]`.
  static func polish(_ help: String, _ table: OptionTable?) -> String {
    guard let table else { return help }
    let lines = help.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard line.hasPrefix("  -"), let option = line.firstRange(of: "--") else {
        return String(line)
      }
      let rest = line[option.upperBound...]
      let name = rest.prefix { $0.isLetter || $0 == "-" }
      guard case .optional = table.long[String(name)], rest.dropFirst(name.count).hasPrefix(" <"),
        let end = rest.firstIndex(of: ">")
      else { return String(line) }
      let value = rest[rest.index(name.endIndex, offsetBy: 1)...end]
      let label = "\(line[..<name.endIndex])[=\(value)]"
      let text = rest[rest.index(after: end)...].drop { $0 == " " }
      guard !text.isEmpty else { return label }
      let gap = column - label.count
      return label + (gap > 1 ? String(repeating: " ", count: gap) : "  ") + text
    }
    return lines.joined(separator: "\n")
  }
}
