/// A picture of fixed width that is drawn from top to bottom, in light and dark.
struct Canvas {
  /// The width in pixels: what fits on a page without scrolling.
  static let width = 800.0

  /// Where a text's point lies in it.
  enum Anchor: String {
    case start, middle, end
  }

  /// What text is.
  enum Style: String {
    case title, subtitle, label, small, strong

    /// The size of its letters in pixels.
    var size: Double {
      switch self {
      case .title: 18
      case .subtitle: 13
      case .label, .strong: 13
      case .small: 12
      }
    }
  }

  private var markup = Markup()
  /// The height in pixels.
  var height: Double
  private let title: String
  private let description: String

  /// Begins a picture.
  ///
  /// - Parameters:
  ///   - title: What it shows.
  ///   - description: What it says, for those who cannot see it.
  init(_ title: String, description: String) {
    self.title = title
    self.description = description
    height = 0
  }

  /// The width of text in pixels, as it is at most in the usual fonts.
  static func width(of text: String, _ style: Style) -> Double {
    let scale = style == .title || style == .strong ? 0.61 : 0.56
    return text.unicodeScalars.reduce(0) { width, scalar in
      let factor: Double =
        scalar.value >= 0x1100 ? 1.8 : "iIl.,:;|'! ".unicodeScalars.contains(scalar) ? 0.6 : 1
      return width + factor * scale * style.size
    }
  }

  /// Text cut to a width, with a mark where something is missing.
  static func fit(_ text: String, _ style: Style, in limit: Double) -> String {
    guard width(of: text, style) > limit else { return text }
    var cut = text
    while !cut.isEmpty, width(of: cut + "…", style) > limit { cut.removeLast() }
    return cut + "…"
  }

  /// Text broken into lines at spaces.
  static func lines(_ text: String, _ style: Style, in limit: Double) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      let longer = line.isEmpty ? String(word) : "\(line) \(word)"
      if !line.isEmpty, width(of: longer, style) > limit {
        lines.append(line)
        line = String(word)
      } else {
        line = longer
      }
    }
    return (line.isEmpty ? lines : lines + [line]).map { fit($0, style, in: limit) }
  }

  /// Writes text with its baseline at `y`.
  mutating func write(
    _ text: String, _ style: Style, x: Double, y: Double, anchor: Anchor = .start
  ) {
    markup.add(
      "text",
      [
        ("class", style.rawValue), ("x", coordinate(x)), ("y", coordinate(y)),
        ("text-anchor", anchor.rawValue),
      ], text)
    markup.add(raw: "\n")
  }

  /// Draws a bar.
  ///
  /// - Parameters:
  ///   - kind: The class that gives it its colour.
  ///   - x: Its left side.
  ///   - y: Its upper side.
  ///   - width: Its width; so little that it could not be seen is drawn as a line.
  ///   - height: Its height.
  ///   - value: The number it stands for, for programs.
  ///   - title: The same in words, for those who point at it.
  mutating func bar(
    _ kind: String, x: Double, y: Double, width: Double, height: Double, value: Double,
    title: String
  ) {
    markup.element(
      "rect",
      [
        ("class", kind), ("x", coordinate(x)), ("y", coordinate(y)),
        ("width", coordinate(max(0.5, width))), ("height", coordinate(max(0.5, height))),
        ("data-value", Self.number(value)),
      ], title: title)
  }

  /// Draws a rectangle that stands for no number.
  mutating func shape(_ kind: String, x: Double, y: Double, width: Double, height: Double) {
    markup.element(
      "rect",
      [
        ("class", kind), ("x", coordinate(x)), ("y", coordinate(y)),
        ("width", coordinate(width)), ("height", coordinate(height)),
      ])
  }

  /// Draws a line.
  mutating func line(_ kind: String, _ from: (x: Double, y: Double), _ to: (x: Double, y: Double)) {
    markup.element(
      "line",
      [
        ("class", kind), ("x1", coordinate(from.x)), ("y1", coordinate(from.y)),
        ("x2", coordinate(to.x)), ("y2", coordinate(to.y)),
      ])
  }

  /// Draws a line through points.
  mutating func path(_ kind: String, _ points: [(x: Double, y: Double)]) {
    let text = points.map { "\(coordinate($0.x)),\(coordinate($0.y))" }.joined(separator: " ")
    markup.element("polyline", [("class", kind), ("points", text)])
  }

  /// Draws the mark of a series at a point: its shape tells series apart without colour.
  mutating func mark(
    _ series: Int, x: Double, y: Double, value: Double? = nil, title: String? = nil
  ) {
    let size = 4.5
    let points: [(Double, Double)] =
      switch (series + series / Palette.series) % 4 {
      case 1: [(-size, -size), (size, -size), (size, size), (-size, size)]
      case 2: [(0, -size * 1.3), (size * 1.2, size), (-size * 1.2, size)]
      case 3: [(0, -size * 1.4), (size * 1.4, 0), (0, size * 1.4), (-size * 1.4, 0)]
      default:
        [
          (size, 0), (size * 0.7, size * 0.7), (0, size), (-size * 0.7, size * 0.7), (-size, 0),
          (-size * 0.7, -size * 0.7), (0, -size), (size * 0.7, -size * 0.7),
        ]
      }
    let text = points.map { "\(coordinate(x + $0.0)),\(coordinate(y + $0.1))" }
      .joined(separator: " ")
    let attributes = [("class", "series\(series % Palette.series) mark"), ("points", text)]
    markup.element(
      "polygon", attributes + (value.map { [("data-value", Self.number($0))] } ?? []), title: title)
  }

  /// A number for programs: as it is, without a needless point.
  static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
  }

  /// The whole picture.
  var svg: String {
    let size = "\(coordinate(Self.width)) \(coordinate(height))"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(coordinate(Self.width))" \
      height="\(coordinate(height))" role="img" font-family="system-ui, 'DejaVu Sans', sans-serif">
      <title>\(Markup.escape(title))</title>
      <desc>\(Markup.escape(description))</desc>
      <style>
      \(Palette.style)
      </style>
      <rect class="paper" x="0" y="0" width="\(coordinate(Self.width))" height="\(coordinate(height))"/>
      \(markup.text)</svg>

      """
  }
}

/// Colours that those who see few of them can tell apart (Okabe and Ito), in light and dark.
enum Palette {
  /// How many series have a colour of their own.
  static let series = 8

  private static let light = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a7a7a", "#b8a800",
  ]
  private static let dark = [
    "#4aa8e0", "#f0b030", "#2fc79b", "#e39cc4", "#8fd0f7", "#f07f35", "#a9a9a9", "#f0e442",
  ]

  /// The rules of a picture, for viewers that know no dark and for those that do.
  static var style: String {
    """
    \(rules(paper: "#ffffff", ink: "#1a1a1a", faint: "#5c5c5c", grid: "#dcdcdc", still: "#bdbdbd", light))
    .title { font-size: 18px; font-weight: 600 } .subtitle, .label, .strong { font-size: 13px }
    .strong { font-weight: 600 } .small { font-size: 12px }
    line, polyline { fill: none; stroke-width: 1 } .path { stroke-width: 2 }
    .whisker { stroke-width: 1.5 } text { paint-order: stroke; stroke-width: 3px } .dashed { stroke-dasharray: 6 4 }
    @media (prefers-color-scheme: dark) {
    \(rules(paper: "#16181c", ink: "#f0f0f0", faint: "#b4b4b4", grid: "#3a3d44", still: "#63676f", dark))
    }
    """
  }

  private static func rules(
    paper: String, ink: String, faint: String, grid: String, still: String,
    _ colours: [String]
  ) -> String {
    let series = colours.enumerated().map { index, colour in
      ".series\(index) { fill: \(colour) } .path.series\(index) { fill: none; stroke: \(colour) }"
    }
    return """
      .paper { fill: \(paper) } text { fill: \(ink); stroke: \(paper) } .subtitle, .small { fill: \(faint) }
      .grid { stroke: \(grid) } .axis, .whisker { stroke: \(ink) } .mark { stroke: \(paper) }
      .wait { fill: \(colours[4]) } .copy { fill: \(colours[5]) } .both { fill: \(colours[3]) }
      .prepare { fill: \(colours[6]) } .free { fill: \(colours[2]) } .polling { fill: \(colours[1]) }
      .blocked { fill: \(still) }
      \(series.joined(separator: "\n"))
      """
  }
}
