internal import SystemPackage
internal import XIOCache
internal import XIOReport
internal import XIOSystem

/// Pages of files as a table, with a bar for the extent of each.
struct CacheListing {
  /// How many characters a bar has; a small file has as many as it has pages.
  static let barWidth = 16

  private let action: CacheOptions.Action
  private let isUnicode: Bool
  private let hasColour: Bool

  /// Takes how it is to look.
  init(_ action: CacheOptions.Action, isUnicode: Bool, hasColour: Bool) {
    self.action = action
    self.isUnicode = isUnicode
    self.hasColour = hasColour
  }

  private static let columns = ["RESIDENT", "SIZE", "%", "DIRTY", "WRITING", "EVICTED", "RECENT"]
  private static let widths = [8, 8, 4, 8, 8, 8, 8]

  /// The headings, with a newline.
  var heading: String {
    let before = action == .show ? "" : Self.right("BEFORE", 8) + " "
    return before + Self.row(Self.columns) + "  " + Self.left("EXTENT", Self.barWidth) + "  FILE\n"
  }

  /// The line of a file, with a newline.
  func line(_ entry: CacheEntry) -> String {
    let now = entry.now
    let counts = now.probe.counts
    let before =
      action == .show ? "" : Self.right(Self.size(entry.before?.probe.counts?.resident), 8) + " "
    let share = counts.map { Self.share($0.resident, of: now.pages) } ?? "?"
    let numbers = Self.row([
      Self.size(counts?.resident), Units.size(now.size), share, Self.size(counts?.dirty),
      Self.size(counts?.writeback), Self.size(counts?.evicted), Self.size(counts?.recentlyEvicted),
    ])
    return "\(before)\(numbers)  \(bar(now))  \(Quoting.whereNeeded(entry.path))\n"
  }

  /// The lines of the sums, each with a newline.
  func summary(_ totals: CacheTotals) -> String {
    let files = totals.files == 1 ? "1 file" : "\(totals.files) files"
    let before = action == .show ? "" : Self.right(Self.size(totals.before.resident), 8) + " "
    let share = totals.now.resident.map { Self.share($0, of: totals.pages) } ?? "?"
    let numbers = Self.row([
      Self.size(totals.now.resident), Units.size(totals.size), share, Self.size(totals.now.dirty),
      Self.size(totals.now.writeback), Self.size(totals.now.evicted),
      Self.size(totals.now.recentlyEvicted),
    ])
    let blank = String(repeating: " ", count: Self.barWidth)
    var text = "\(before)\(numbers)  \(blank)  total of \(files)\n"
    switch action {
    case .show: break
    case .warm: text += "read \(Units.size(totals.bytesRead)) of \(files)\n"
    case .evict: text += Self.evicted(totals)
    }
    return text
  }

  private static func evicted(_ totals: CacheTotals) -> String {
    let whom = "for every process of the machine, after what was changed was written to the device"
    guard let before = totals.before.resident, let now = totals.now.resident else {
      return "evicted, as far as can be known, \(whom)\n"
    }
    return "evicted \(Self.size(before - min(before, now))) \(whom)\n"
  }

  private static func row(_ cells: [String]) -> String {
    zip(cells, widths).map(right).joined(separator: " ")
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func size(_ pages: UInt64?) -> String {
    pages.map { $0 == 0 ? "0" : Units.size($0 * UInt64(System.pageSize)) } ?? "?"
  }

  /// A percentage that is 0 only where there is nothing, and 100 only where nothing is missing.
  private static func share(_ resident: UInt64, of pages: Int64) -> String {
    guard pages > 0 else { return "-" }
    if resident >= UInt64(pages) { return "100" }
    if resident == 0 { return "0" }
    return "\(min(99, max(1, Int((Double(resident) / Double(pages) * 100).rounded()))))"
  }

  /// The extent of a file from its beginning on.
  private func bar(_ now: FileResidency) -> String {
    guard let cells = now.cells else { return Self.left("?", Self.barWidth) }
    // Parts of the file are put together for a character, which has whole ones of them.
    let number = min(Self.barWidth, cells.count)
    var bar = ""
    var colour = ""
    for index in 0..<number {
      let part = cells[cells.count * index / number..<cells.count * (index + 1) / number]
      if hasColour {
        let wanted = Self.colour(part)
        if wanted != colour { bar += wanted }
        colour = wanted
      }
      bar.append(
        mark(part.reduce(0) { $0 + $1.resident }, of: part.reduce(0) { $0 + UInt64($1.pages) }))
    }
    if hasColour, number > 0 { bar += "\u{1b}[0m" }
    return bar + String(repeating: " ", count: Self.barWidth - number)
  }

  /// A mark that is empty only where there is nothing, and full only where nothing is missing.
  private func mark(_ resident: UInt64, of pages: UInt64) -> Character {
    let marks = Array(isUnicode ? "·▁▂▃▄▅▆▇█" : ".-+=#")
    if resident == 0 { return marks[0] }
    if resident >= pages { return marks[marks.count - 1] }
    let steps = marks.count - 2
    return marks[1 + min(steps - 1, Int(Double(resident) / Double(pages) * Double(steps)))]
  }

  /// Yellow for what is not on the device, magenta for what is on its way there, else cyan.
  private static func colour(_ part: ArraySlice<FileResidency.Cell>) -> String {
    if part.contains(where: \.isInWriteback) { return "\u{1b}[35m" }
    return part.contains(where: \.isDirty) ? "\u{1b}[33m" : "\u{1b}[36m"
  }
}
