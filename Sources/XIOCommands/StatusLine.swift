internal import SystemPackage
internal import XIOSystem

/// One line on the terminal of standard error that is drawn again and again, and taken away for messages and in
/// the end.
///
/// It is never wider than the terminal, and is not drawn below a shell's prompt.
struct StatusLine {
  /// How many columns are taken by what is shown, at most; 0 when nothing is.
  private var width = 0
  private let canErase: Bool

  /// Prepares a line; nil where standard error is no terminal.
  init?() {
    guard System.isTerminal(.standardError) else { return nil }
    canErase = !Terminal.isDumb
  }

  /// Puts a text in the place of the last.
  mutating func draw(_ text: String) {
    // Below a shell's prompt it has no place.
    guard System.isInForeground(ofTerminal: .standardError) else { return width = 0 }
    let room = (System.columns(ofTerminal: .standardError) ?? Terminal.columns) - 1
    var taken = 0
    let fitted = text.prefix { character in
      let next = taken + Self.columns(of: character)
      if next <= room { taken = next }
      return next <= room
    }
    write(erasure + fitted)
    width = taken
  }

  /// Takes the line away.
  mutating func clear() {
    guard width > 0, System.isInForeground(ofTerminal: .standardError) else { return }
    write(erasure)
    width = 0
  }

  /// What is no ASCII may be two columns wide.
  private static func columns(of character: Character) -> Int { character.isASCII ? 1 : 2 }

  private var erasure: String {
    if canErase { return "\r\u{1b}[K" }
    return width > 0 ? "\r" + String(repeating: " ", count: width) + "\r" : "\r"
  }

  private func write(_ text: String) {
    // When standard error cannot be written to, there is nobody to look at it.
    try? StandardStreams.write(Array(text.utf8), to: .standardError)
  }
}
