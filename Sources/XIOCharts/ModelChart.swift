/// The two phases of an I/O under each model, and what the process does meanwhile: the figure that is
/// usually drawn by hand, from times that were measured.
public struct ModelChart: Chart {
  /// What a process does in a phase.
  public enum Meanwhile: String, Sendable {
    /// It stands still inside a call.
    case blocked
    /// It asks again and again.
    case polling
    /// It does something else.
    case free
  }

  /// A model, and what was measured of it; times are nanoseconds.
  public struct Model: Sendable {
    /// What it is called, and the engine.
    public var name: String, engine: String
    /// Waiting and copying; nil where they cannot be told apart.
    public var wait: Double?, copy: Double?
    /// Preparing, which is read-ahead and handing requests over.
    public var prepare: Double
    /// Both together, where they cannot be told apart.
    public var merged: Double?
    /// What the process does while data is waited for, and while it is copied.
    public var whileWaiting: Meanwhile, whileCopying: Meanwhile

    /// Takes what was measured.
    public init(
      name: String, engine: String, wait: Double?, copy: Double?, prepare: Double = 0,
      merged: Double? = nil, whileWaiting: Meanwhile, whileCopying: Meanwhile
    ) {
      self.name = name
      self.engine = engine
      self.wait = wait
      self.copy = copy
      self.prepare = prepare
      self.merged = merged
      self.whileWaiting = whileWaiting
      self.whileCopying = whileCopying
    }

    /// Whoever polls prepares by asking; all others make a call of their own.
    var whilePreparing: Meanwhile { whileWaiting == .polling ? .polling : .blocked }

    /// Everything together.
    var total: Double { prepare + (wait ?? 0) + (copy ?? 0) + (merged ?? 0) }
  }

  private static let left = 190.0
  private static let right = Canvas.width - 30
  private static let row = 74.0

  /// What it shows, how it was measured, and what stands at the axis.
  public var title: String, subtitle: String, axis: String
  /// The models from top to bottom.
  public var models: [Model]

  /// Takes everything.
  public init(
    title: String, subtitle: String, axis: String = "time since the request", models: [Model]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.axis = axis
    self.models = models
  }

  /// Draws it below what is there.
  public func draw(on figure: inout Figure) {
    draw(on: &figure.canvas)
  }

  private func draw(on canvas: inout Canvas) {
    var y = canvas.heading(title, subtitle)
    for (title, entries) in [("data", dataLegend), ("process", processLegend)]
    where !entries.isEmpty {
      canvas.write(title, .strong, x: 20, y: y + 13)
      y = Legend.draw(entries, on: &canvas, left: 90, top: y)
    }
    y += 12
    let scale = Scale(
      linearTo: models.map(\.total).max() ?? 1, .time, places: (Self.left, Self.right))
    let bottom = y + Double(models.count) * Self.row
    canvas.verticalGrid(scale, from: y, to: bottom)
    for (index, model) in models.enumerated() {
      draw(model, scale, y + Double(index) * Self.row, on: &canvas)
    }
    canvas.horizontalLabels(
      scale, y: bottom, title: "\(axis); no phase is drawn narrower than 3 pixels")
    canvas.height = bottom + 52
  }

  private var dataLegend: [(sign: Legend.Sign, text: String)] {
    var entries: [(sign: Legend.Sign, text: String)] = []
    func add(_ kind: String, _ text: String, _ isUsed: Bool) {
      if isUsed { entries.append((.box(kind), text)) }
    }
    add("prepare", "preparing", models.contains { $0.prepare > 0 })
    add("wait", "waiting for data", models.contains { $0.wait != nil })
    add("copy", "copying data", models.contains { $0.copy != nil })
    add("both", "both, not to be told apart", models.contains { $0.merged != nil })
    return entries
  }

  private var processLegend: [(sign: Legend.Sign, text: String)] {
    let doings = models.flatMap { [$0.whileWaiting, $0.whileCopying] }
    let all: [(doing: Meanwhile, text: String)] = [
      (.blocked, "stands still in a call"), (.polling, "asks again and again"),
      (.free, "does something else"),
    ]
    return all.filter { doings.contains($0.doing) }.map { (.box($0.doing.rawValue), $0.text) }
  }

  private func draw(_ model: Model, _ scale: Scale, _ top: Double, on canvas: inout Canvas) {
    let room = Self.left - 32
    canvas.write(Canvas.fit(model.name, .strong, in: room), .strong, x: 20, y: top + 20)
    canvas.write(Canvas.fit(model.engine, .small, in: room), .small, x: 20, y: top + 37)
    let parts: [(kind: String, words: String, value: Double?, doing: Meanwhile)] = [
      ("prepare", "preparing", model.prepare > 0 ? model.prepare : nil, model.whilePreparing),
      ("wait", "waiting", model.wait, model.whileWaiting),
      ("copy", "copying", model.copy, model.whileCopying),
      ("both", "waiting and copying", model.merged, model.whileWaiting),
    ]
    var start = 0.0
    // What is too short to be seen pushes the rest to the right by as much.
    var edge = scale.place(0)
    var words: [String] = []
    for part in parts {
      guard let value = part.value else { continue }
      let text = "\(part.words) \(Quantity.time.format(value))"
      let width = max(value > 0 ? 3 : 0, scale.place(start + value) - scale.place(start))
      canvas.bar(
        part.kind, x: edge, y: top + 8, width: width, height: 20, value: value,
        title: "\(model.name): \(text)")
      canvas.bar(
        part.doing.rawValue, x: edge, y: top + 30, width: width, height: 9, value: value,
        title: "\(model.name): \(part.doing.rawValue) while \(part.words)")
      words.append(text)
      start += value
      edge += width
    }
    let line = words.isEmpty ? "not measured" : words.joined(separator: ", ")
    canvas.write(
      Canvas.fit(line, .small, in: Self.right - Self.left), .small, x: Self.left, y: top + 54)
  }
}
