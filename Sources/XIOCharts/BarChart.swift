/// Groups of bars with whiskers: throughput by engine and cache mode.
public struct BarChart: Chart {
  /// A bar.
  public struct Bar: Sendable {
    /// Which series it belongs to, by its index.
    public var series: Int
    /// What it shows, and how far values spread.
    public var value: Double, spread: ClosedRange<Double>?

    /// Takes everything.
    public init(series: Int, value: Double, spread: ClosedRange<Double>? = nil) {
      self.series = series
      self.value = value
      self.spread = spread
    }
  }

  /// Bars that belong together.
  public struct Group: Sendable {
    /// What they have in common.
    public var name: String
    /// The bars from top to bottom.
    public var bars: [Bar]

    /// Takes everything.
    public init(name: String, bars: [Bar]) {
      self.name = name
      self.bars = bars
    }
  }

  private static let left = 170.0
  private static let right = Canvas.width - 110
  private static let thickness = 15.0

  /// What it shows, how it was measured, and what stands at the axis.
  public var title: String, subtitle: String, axis: String
  /// What values are.
  public var quantity: Quantity
  /// What the colours mean.
  public var series: [String]
  /// The groups from top to bottom.
  public var groups: [Group]

  /// Takes everything.
  public init(
    title: String, subtitle: String, axis: String, quantity: Quantity, series: [String],
    groups: [Group]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.axis = axis
    self.quantity = quantity
    self.series = series
    self.groups = groups
  }

  /// Draws it below what is there.
  public func draw(on figure: inout Figure) {
    draw(on: &figure.canvas)
  }

  private func draw(on canvas: inout Canvas) {
    var y = canvas.heading(title, subtitle)
    let entries = series.enumerated().map { index, name in
      (sign: Legend.Sign.box("series\(index % Palette.series)"), text: name)
    }
    y = Legend.draw(series.count > 1 ? entries : [], on: &canvas, left: 20, top: y) + 10
    let values = groups.flatMap(\.bars).map { max($0.value, $0.spread?.upperBound ?? 0) }
    let scale = Scale(
      linearTo: values.max() ?? 1, quantity, places: (Self.left, Self.right))
    let bottom = groups.reduce(y) { $0 + Self.height(of: $1) }
    canvas.verticalGrid(scale, from: y, to: bottom)
    for group in groups {
      draw(group, scale, y, on: &canvas)
      y += Self.height(of: group)
    }
    canvas.horizontalLabels(scale, y: bottom, title: axis)
    canvas.height = bottom + 52
  }

  private static func height(of group: Group) -> Double {
    Double(max(1, group.bars.count)) * (thickness + 3) + 12
  }

  private func draw(_ group: Group, _ scale: Scale, _ top: Double, on canvas: inout Canvas) {
    let middle = top + Self.height(of: group) / 2
    canvas.write(
      Canvas.fit(group.name, .label, in: Self.left - 32), .label, x: Self.left - 10, y: middle + 4,
      anchor: .end)
    var y = top + 6
    for bar in group.bars {
      let end = scale.place(bar.value)
      let name = series.indices.contains(bar.series) ? series[bar.series] : ""
      var words = "\(group.name), \(name): \(quantity.format(bar.value))"
      if let spread = bar.spread {
        words += ", \(quantity.format(spread.lowerBound)) to \(quantity.format(spread.upperBound))"
      }
      canvas.bar(
        "series\(bar.series % Palette.series)", x: Self.left, y: y, width: end - Self.left,
        height: Self.thickness, value: bar.value, title: words)
      var edge = end
      if let spread = bar.spread {
        let (from, to) = (scale.place(spread.lowerBound), scale.place(spread.upperBound))
        let centre = y + Self.thickness / 2
        canvas.line("whisker", (from, centre), (to, centre))
        for x in [from, to] { canvas.line("whisker", (x, centre - 4), (x, centre + 4)) }
        edge = max(edge, to)
      }
      canvas.write(
        quantity.format(bar.value), .small, x: edge + 7, y: y + Self.thickness - 3)
      y += Self.thickness + 3
    }
  }
}
