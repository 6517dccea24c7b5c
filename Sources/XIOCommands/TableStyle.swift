internal import XIOCompare

/// How tables are drawn on a terminal.
struct TableStyle {
  /// Whether the best is coloured.
  var hasColour: Bool
  /// Whether there are more characters than those of ASCII.
  var hasUnicode: Bool
  /// How many characters fit into a line.
  var columns: Int

  private static let longestBar = 30, shortestBar = 6

  /// A table about settings, as several where its columns do not fit into a line. What has a ratio gets
  /// bars as far as there is room.
  ///
  /// - Parameters:
  ///   - names: Columns that every table begins with.
  ///   - columns: The others.
  ///   - rows: The settings.
  /// - Returns: Tables with an empty line between them.
  func tables(_ names: [SettingColumn], _ columns: [SettingColumn], _ rows: [Summary]) -> String {
    var tables: [String] = []
    var rest = columns[...]
    while !rest.isEmpty {
      let fixed = width(names, rows)
      var count = 1
      while count < rest.count,
        fixed + 2 + width(Array(rest.prefix(count + 1)), rows) <= self.columns
      {
        count += 1
      }
      tables.append(table(names + rest.prefix(count), rows))
      rest = rest.dropFirst(count)
    }
    return tables.joined(separator: "\n")
  }

  /// Whether a table would fit into a line.
  func fits(_ columns: [SettingColumn], _ rows: [Summary]) -> Bool {
    width(columns, rows) <= self.columns
  }

  private func widths(_ columns: [SettingColumn], _ rows: [Summary]) -> [Int] {
    columns.map { column in
      ([column.heading] + rows.map { column.text($0) ?? "-" }).map(\.count).max() ?? 0
    }
  }

  private func width(_ columns: [SettingColumn], _ rows: [Summary]) -> Int {
    widths(columns, rows).reduce(0, +) + 2 * (columns.count - 1)
  }

  private func table(_ columns: [SettingColumn], _ rows: [Summary]) -> String {
    let widths = widths(columns, rows)
    func line(_ texts: [String]) -> String {
      zip(columns.indices, texts).map { index, text in
        let gap = String(repeating: " ", count: widths[index] - text.count)
        return columns[index].isNumber ? gap + text : text + gap
      }.joined(separator: "  ")
    }
    let hasBars = columns.contains { $0.heading == "RATIO" }
    let room = min(Self.longestBar, self.columns - width(columns, rows) - 2)
    let largest = rows.map(\.barLength).filter(\.isFinite).max() ?? 0
    var lines = [trim(line(columns.map(\.heading)))]
    for row in rows {
      var text = line(columns.map { $0.text(row) ?? "-" })
      if hasBars, room >= Self.shortestBar, largest > 0 {
        text += "  " + bar(row.barLength / largest, room)
      }
      text = trim(text)
      lines.append(row.isBest && hasColour ? "\u{1b}[1;32m\(text)\u{1b}[0m" : text)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func trim(_ text: String) -> String {
    String(text.reversed().drop { $0 == " " }.reversed())
  }

  /// A bar of so much of the room.
  private func bar(_ part: Double, _ room: Int) -> String {
    guard part.isFinite else { return "" }
    let eighths = max(1, Int((min(1, part) * Double(room) * 8).rounded()))
    guard hasUnicode else { return String(repeating: "#", count: max(1, (eighths + 4) / 8)) }
    let ends = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + ends[eighths % 8]
  }

  /// Text in lines that fit; what is longer than a line stays whole.
  func wrap(_ text: String) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > columns {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + [line]
  }

  /// Text in characters that the terminal has.
  func adapt(_ text: String) -> String {
    hasUnicode ? text : text.replacing("µs", with: "us")
  }
}

extension Summary {
  /// What a bar shows: what settings are ranked by, or how many products there were.
  fileprivate var barLength: Double {
    setting.engine == "none" || runs.contains { $0.foreground != nil }
      ? 1 / value.median : value.median
  }
}
