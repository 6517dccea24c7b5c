import Foundation
import FoundationXML
import Testing

/// A picture as a viewer reads it.
final class Picture: NSObject, XMLParserDelegate {
  /// A rectangle in pixels.
  struct Box {
    var left: Double, top: Double, right: Double, bottom: Double
    var text = ""

    func meets(_ other: Box) -> Bool {
      left < other.right && other.left < right && top < other.bottom && other.top < bottom
    }
  }

  private(set) var width = 0.0
  private(set) var height = 0.0
  /// Text, as wide as it may be.
  private(set) var texts: [Box] = []
  /// Shapes that stand for numbers.
  private(set) var shapes: [(kind: String, value: Double, title: String)] = []
  /// Bars among them.
  private(set) var bars: [(kind: String, value: Double, box: Box)] = []
  /// Corners of everything that is drawn.
  private(set) var corners: [(x: Double, y: Double)] = []
  private(set) var style = ""
  /// Everything that is drawn, from top to bottom: its class, what it stands for, and its corners.
  private(set) var drawn: [(kind: String, value: Double?, corners: [(x: Double, y: Double)])] = []
  private var open: [(name: String, attributes: [String: String])] = []
  private var content = ""

  init(_ svg: String) throws {
    super.init()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = self
    let isWellFormed = parser.parse()
    try #require(isWellFormed, "\(String(describing: parser.parserError)) in \(svg)")
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    func number(_ name: String) -> Double { attributes[name].flatMap(Double.init) ?? .nan }
    open.append((name, attributes))
    content = ""
    let before = corners.count
    defer {
      if corners.count > before {
        drawn.append(
          (
            attributes["class"] ?? "", attributes["data-value"].flatMap(Double.init),
            Array(corners[before...])
          ))
      }
    }
    switch name {
    case "svg":
      let box = (attributes["viewBox"] ?? "").split(separator: " ").compactMap { Double($0) }
      if box.count == 4 { (width, height) = (box[2], box[3]) }
    case "rect":
      let box = Box(
        left: number("x"), top: number("y"), right: number("x") + number("width"),
        bottom: number("y") + number("height"))
      corners += [(box.left, box.top), (box.right, box.bottom)]
      if attributes["data-value"] != nil {
        bars.append((attributes["class"] ?? "", number("data-value"), box))
      }
    case "line":
      corners += [(number("x1"), number("y1")), (number("x2"), number("y2"))]
    case "polyline", "polygon":
      for point in (attributes["points"] ?? "").split(separator: " ") {
        let pair = point.split(separator: ",").compactMap { Double($0) }
        corners.append(pair.count == 2 ? (pair[0], pair[1]) : (.nan, .nan))
      }
    default: break
    }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    content += string
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    let (_, attributes) = open.removeLast()
    func number(_ name: String) -> Double { attributes[name].flatMap(Double.init) ?? .nan }
    switch name {
    case "text":
      texts.append(
        box(of: content, attributes["class"] ?? "", number("x"), number("y"), attributes))
    case "title":
      guard let owner = open.last, let value = owner.attributes["data-value"] else { break }
      shapes.append((owner.attributes["class"] ?? "", Double(value) ?? .nan, content))
    case "style": style = content
    default: break
    }
    content = ""
  }

  private func box(
    of text: String, _ kind: String, _ x: Double, _ y: Double, _ attributes: [String: String]
  ) -> Box {
    let size = kind == "title" ? 18.0 : kind == "small" ? 12 : 13
    let width = Double(text.count) * size * (kind == "title" ? 0.56 : 0.52)
    let start =
      switch attributes["text-anchor"] {
      case "middle": x - width / 2
      case "end": x - width
      default: x
      }
    return Box(
      left: start, top: y - size * 0.8, right: start + width, bottom: y + size * 0.2, text: text)
  }

  /// Expects that everything lies inside and that no text lies over other text.
  func expectOrder() {
    #expect(width == 800 && height > 100)
    for corner in corners {
      #expect((0...width).contains(corner.x) && (0...height).contains(corner.y), "\(corner)")
    }
    for (index, text) in texts.enumerated() {
      #expect(
        text.left >= 0 && text.right <= width && text.top >= 0 && text.bottom <= height, "\(text)")
      for other in texts[(index + 1)...] {
        #expect(!text.meets(other), "\(text.text) and \(other.text)")
      }
    }
    #expect(style.contains("prefers-color-scheme: dark"))
  }
}
