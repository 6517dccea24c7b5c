/// SVG that is put together: elements with attributes and text, all of it escaped.
struct Markup {
  private(set) var text = ""

  /// Adds an element without content.
  mutating func element(_ name: String, _ attributes: [(String, String)], title: String? = nil) {
    open(name, attributes)
    if let title {
      text += ">"
      add("title", [], title)
      text += "</\(name)>\n"
    } else {
      text += "/>\n"
    }
  }

  /// Adds an element that holds text.
  mutating func add(_ name: String, _ attributes: [(String, String)], _ content: String) {
    open(name, attributes)
    text += ">\(Self.escape(content))</\(name)>"
  }

  /// Adds what is markup already.
  mutating func add(raw: String) {
    text += raw
  }

  private mutating func open(_ name: String, _ attributes: [(String, String)]) {
    text += "<\(name)"
    for (name, value) in attributes { text += " \(name)=\"\(Self.escape(value))\"" }
  }

  /// Text as XML wants it; characters that XML cannot hold are left out.
  static func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\n", "\t", "\r": escaped += " "
      default:
        if scalar.value >= 32, scalar.value & 0xFFFE != 0xFFFE {
          escaped.unicodeScalars.append(scalar)
        }
      }
    }
    return escaped
  }
}

/// A number as an attribute: two decimals, and none where they are zero.
func coordinate(_ value: Double) -> String {
  let scaled = (value * 100).rounded()
  guard scaled.isFinite, abs(scaled) < 1e15 else { return "0" }
  let hundredths = Int64(scaled)
  let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
  let sign = hundredths < 0 ? "-" : ""
  if rest == 0 { return "\(sign)\(whole)" }
  let digits = rest < 10 ? "0\(rest)" : rest % 10 == 0 ? "\(rest / 10)" : "\(rest)"
  return "\(sign)\(whole).\(digits)"
}
