/// What colours and marks mean.
struct Legend {
  /// How an entry looks.
  enum Sign {
    /// A square of a class.
    case box(String)
    /// A line with the mark of a series.
    case series(Int)
  }

  private static let sign = 14.0
  private static let gap = 6.0
  private static let space = 22.0
  private static let row = 20.0

  /// Draws entries in as many rows as it takes.
  ///
  /// - Parameters:
  ///   - entries: Signs and what they mean.
  ///   - canvas: Where to draw.
  ///   - left: The left side.
  ///   - top: The upper side.
  /// - Returns: The lower side.
  static func draw(
    _ entries: [(sign: Sign, text: String)], on canvas: inout Canvas, left: Double, top: Double
  ) -> Double {
    var (x, y) = (left, top)
    for entry in entries {
      var wide = sign
      if case .series = entry.sign { wide = sign + 12 }
      let limit = Canvas.width - left - 20 - wide - gap
      let text = Canvas.fit(entry.text, .label, in: limit)
      let width = wide + gap + Canvas.width(of: text, .label)
      if x > left, x + width > Canvas.width - 20 {
        x = left
        y += row
      }
      switch entry.sign {
      case .box(let kind):
        canvas.swatch(kind, x: x, y: y + 2, size: sign)
      case .series(let index):
        canvas.path(Series.kind(index), [(x, y + 9), (x + wide, y + 9)])
        canvas.mark(index, x: x + wide / 2, y: y + 9)
      }
      canvas.write(text, .label, x: x + wide + gap, y: y + 13)
      x += width + space
    }
    return entries.isEmpty ? top : y + row
  }
}

/// How the lines of a chart are told apart.
enum Series {
  /// The classes of a line.
  static func kind(_ index: Int) -> String {
    "path series\(index % Palette.series)" + (index >= Palette.series ? " dashed" : "")
  }
}
