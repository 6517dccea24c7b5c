/// The fields of a report, from the table that describes them in `docs/report.md`.
enum FieldTable {
  /// The table as a list of mdoc(7).
  ///
  /// - Throws: `DocsError` when the text has no such table.
  static func list(from text: String) throws -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let header = lines.firstIndex(where: { $0.hasPrefix("| field |") }) else {
      throw DocsError("docs/report.md has no table of fields")
    }
    let rows = lines[(header + 2)...].prefix { $0.hasPrefix("|") }
    return ".Bl -tag -width Ds\n" + rows.map(item).joined() + ".El\n"
  }

  private static func item(_ row: Substring) -> String {
    let cells = row.split(separator: "|").map { cell in
      String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    let names = (cells.first ?? "").replacing("`", with: "").split(separator: ", ")
    var text = cells.count > 1 ? prose(cells[1]) : ""
    if cells.count > 2, !cells[2].isEmpty { text += text.isEmpty ? cells[2] : ". From \(cells[2])" }
    text = text.prefix(1).uppercased() + text.dropFirst() + "."
    return ".It " + names.map { "Va \($0)" }.joined(separator: " , ") + "\n"
      + text.replacing(". ", with: ".\n") + "\n"
  }

  /// Markdown's words of code become bold.
  private static func prose(_ text: String) -> String {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
      index % 2 == 0 ? String(part) : "\\fB\(part.replacing("-", with: "\\-"))\\fP"
    }.joined()
  }
}
