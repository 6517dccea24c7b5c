/// Lines on logarithmic axes: how cost grows with the number of sources, the depth or the size of blocks.
public struct LineChart: Chart {
  /// A point.
  public struct Point: Sendable {
    /// Where it lies, above 0.
    public var x: Double, y: Double

    /// Takes both.
    public init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// A line.
  public struct Line: Sendable {
    /// What it is called.
    public var name: String
    /// Its points from left to right.
    public var points: [Point]

    /// Takes everything.
    public init(name: String, points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  private static let left = 90.0
  private static let right = Canvas.width - 40
  private static let plotHeight = 340.0

  /// What it shows, and how it was measured.
  public var title: String, subtitle: String
  /// What stands at the axes.
  public var horizontal: String, vertical: String
  /// What values on the vertical axis are.
  public var quantity: Quantity
  /// What stands at a place of the horizontal axis; without it the number itself does.
  public var labels: [Double: String]
  /// The lines.
  public var lines: [Line]

  /// Takes everything.
  public init(
    title: String, subtitle: String, horizontal: String, vertical: String, quantity: Quantity,
    labels: [Double: String] = [:], lines: [Line]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.horizontal = horizontal
    self.vertical = vertical
    self.quantity = quantity
    self.labels = labels
    self.lines = lines
  }

  /// Draws it below what is there.
  public func draw(on figure: inout Figure) {
    draw(on: &figure.canvas)
  }

  private func draw(on canvas: inout Canvas) {
    var y = canvas.heading(title, subtitle)
    let entries = lines.enumerated().map { (sign: Legend.Sign.series($0), text: $1.name) }
    y = Legend.draw(entries, on: &canvas, left: 20, top: y) + 10
    canvas.write(vertical, .small, x: 20, y: y + 10)
    let (top, bottom) = (y + 24, y + 24 + Self.plotHeight)
    let points = lines.flatMap(\.points).filter { $0.x > 0 && $0.y > 0 }
    let vertical = Scale(
      logarithmicOver: points.map(\.y), quantity, places: (bottom, top))
    let places = Set(points.map(\.x)).sorted()
    let across = Scale(
      of: places, labels: places.map { labels[$0] ?? Quantity.count.format($0) },
      places: (Self.left + 20, Self.right - 20))
    for tick in vertical.ticks {
      let y = vertical.place(tick.value)
      canvas.line("grid", (Self.left, y), (Self.right, y))
      let label = Canvas.fit(tick.label, .small, in: Self.left - 12)
      canvas.write(label, .small, x: Self.left - 8, y: y + 4, anchor: .end)
    }
    canvas.verticalGrid(across, from: top, to: bottom)
    canvas.horizontalLabels(across, y: bottom, title: horizontal)
    for (index, line) in lines.enumerated() {
      draw(line, index, across, vertical, on: &canvas)
    }
    canvas.height = bottom + 52
  }

  private func draw(
    _ line: Line, _ index: Int, _ across: Scale, _ vertical: Scale, on canvas: inout Canvas
  ) {
    let points = line.points.filter { $0.x > 0 && $0.y > 0 }
    canvas.path(
      Series.kind(index), points.map { (across.place($0.x), vertical.place($0.y)) })
    for point in points {
      let place = labels[point.x] ?? Quantity.count.format(point.x)
      canvas.mark(
        index, x: across.place(point.x), y: vertical.place(point.y), value: point.y,
        title: "\(line.name), \(place): \(quantity.format(point.y))")
    }
  }
}
