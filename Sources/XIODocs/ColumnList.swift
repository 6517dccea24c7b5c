/// A table in a page of the manual.
///
/// See mdoc(7), `.Bl -column`.
enum ColumnList {
  /// Makes a table.
  ///
  /// - Parameter rows: the first has the headings.
  /// - Returns: Its text.
  static func list(_ rows: [[String]]) -> String {
    let count = rows.first?.count ?? 0
    let widest = (0..<count).map { column in
      rows.map { $0[column] }.max { $0.count < $1.count } ?? ""
    }
    let widths = widest.map { "\"\($0)\"" }.joined(separator: " ")
    return ".Bl -column \(widths)\n" + rows.map(item).joined() + ".El\n"
  }

  private static func item(_ row: [String]) -> String {
    ".It " + row.map { "\"\(escape($0))\"" }.joined(separator: " Ta ") + "\n"
  }

  /// Dashes would become hyphens, and not every font has an ellipsis.
  private static func escape(_ cell: String) -> String {
    cell.replacing("-", with: "\\-").replacing("…", with: "...")
  }
}
