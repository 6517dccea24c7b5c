/// Parts that charts have in common.
extension Canvas {
  /// Writes what a picture shows and how it was measured.
  ///
  /// - Returns: The lower side.
  mutating func heading(_ title: String, _ subtitle: String) -> Double {
    var y = height + 14
    for line in Canvas.lines(title, .title, in: Canvas.width - 40) {
      write(line, .title, x: 20, y: y + 18)
      y += 24
    }
    y += 4
    for line in Canvas.lines(subtitle, .subtitle, in: Canvas.width - 40) {
      write(line, .subtitle, x: 20, y: y + 13)
      y += 19
    }
    return y + 8
  }

  /// Draws a line up from every number of a horizontal axis.
  mutating func verticalGrid(_ scale: Scale, from top: Double, to bottom: Double) {
    for tick in scale.ticks {
      let x = scale.place(tick.value)
      line("grid", (x, top), (x, bottom))
    }
  }

  /// Writes the numbers and the title of a horizontal axis below `y`.
  ///
  /// - Parameters:
  ///   - scale: The scale.
  ///   - y: Where the axis lies.
  ///   - title: What it shows.
  mutating func horizontalLabels(
    _ scale: Scale, y: Double, title: String
  ) {
    guard let first = scale.ticks.first, let last = scale.ticks.last else { return }
    line("axis", (scale.place(first.value), y), (scale.place(last.value), y))
    var edge = -Double.infinity
    for tick in scale.ticks {
      let x = scale.place(tick.value)
      let half = Canvas.width(of: tick.label, .small) / 2
      // Numbers that would touch the one before are left out; the line is there.
      guard x - half > max(0, edge + 4), x + half < Canvas.width else { continue }
      edge = x + half
      write(tick.label, .small, x: x, y: y + 17, anchor: .middle)
    }
    let middle = (scale.place(first.value) + scale.place(last.value)) / 2
    write(
      Canvas.fit(title, .small, in: 2 * min(middle, Canvas.width - middle) - 20), .small,
      x: middle, y: y + 37, anchor: .middle)
  }

  /// Draws the square of a legend.
  mutating func swatch(_ kind: String, x: Double, y: Double, size: Double) {
    shape(kind, x: x, y: y, width: size, height: size)
  }
}
