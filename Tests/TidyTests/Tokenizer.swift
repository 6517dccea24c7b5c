/// Splits Swift code into words and signs, as far as the rules need it.
///
/// Comments and the text of string literals are left out, so that a rule about a call does not
/// find its own message. Code inside an interpolation counts as code.
struct Tokenizer {
  private let bytes: [UInt8]
  private var index = 0
  private var line = 1
  private var isDetached = true
  private var tokens: [Token] = []

  private init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// Returns the tokens of a text.
  static func tokens(of text: String) -> [Token] {
    var tokenizer = Tokenizer(text)
    tokenizer.scanCode(untilClosingParenthesis: false)
    return tokenizer.tokens
  }

  private func byte(_ distance: Int = 0) -> UInt8 {
    index + distance < bytes.count ? bytes[index + distance] : 0
  }

  private func starts(_ text: StaticString) -> Bool {
    (0..<text.utf8CodeUnitCount).allSatisfy { byte($0) == text.utf8Start[$0] }
  }

  private mutating func advance(_ count: Int = 1) {
    for _ in 0..<count where index < bytes.count {
      if bytes[index] == UInt8(ascii: "\n") { line += 1 }
      index += 1
    }
  }

  private mutating func scanCode(untilClosingParenthesis: Bool) {
    var depth = 0
    while index < bytes.count {
      if starts("//") {
        while index < bytes.count && byte() != UInt8(ascii: "\n") { advance() }
      } else if starts("/*") {
        scanBlockComment()
      } else if let hashes = literalHashes() {
        scanLiteral(hashes: hashes)
      } else if isWordByte(byte()) {
        scanWord()
      } else if byte() <= UInt8(ascii: " ") {
        advance()
        isDetached = true
      } else {
        if byte() == UInt8(ascii: "(") { depth += 1 }
        if byte() == UInt8(ascii: ")") { depth -= 1 }
        if untilClosingParenthesis && depth < 0 { return }
        append(String(decoding: [byte()], as: UTF8.self))
        advance()
      }
    }
  }

  private mutating func append(_ text: String) {
    tokens.append(Token(text: text, line: line, isDetached: isDetached))
    isDetached = false
  }

  private mutating func scanWord() {
    let start = index
    while isWordByte(byte()) { index += 1 }
    append(String(decoding: bytes[start..<index], as: UTF8.self))
  }

  private mutating func scanBlockComment() {
    var depth = 0
    repeat {
      if starts("/*") {
        depth += 1
        advance(2)
      } else if starts("*/") {
        depth -= 1
        advance(2)
      } else {
        advance()
      }
    } while depth > 0 && index < bytes.count
    isDetached = true
  }

  /// The number of hash signs before the quote of a string literal that begins here.
  private func literalHashes() -> Int? {
    var count = 0
    while byte(count) == UInt8(ascii: "#") { count += 1 }
    return byte(count) == UInt8(ascii: "\"") ? count : nil
  }

  private mutating func scanLiteral(hashes: Int) {
    advance(hashes)
    let quotes = starts("\"\"\"") ? 3 : 1
    advance(quotes)
    while index < bytes.count {
      if byte() == UInt8(ascii: "\\") && isFollowed(by: hashes, from: 1) {
        advance(1 + hashes)
        if byte() == UInt8(ascii: "(") {
          advance()
          scanCode(untilClosingParenthesis: true)
        }
        advance()
      } else if endsLiteral(quotes: quotes, hashes: hashes) {
        advance(quotes + hashes)
        return
      } else {
        advance()
      }
    }
  }

  private func isFollowed(by hashes: Int, from distance: Int) -> Bool {
    (0..<hashes).allSatisfy { byte(distance + $0) == UInt8(ascii: "#") }
  }

  private func endsLiteral(quotes: Int, hashes: Int) -> Bool {
    (0..<quotes).allSatisfy { byte($0) == UInt8(ascii: "\"") }
      && isFollowed(by: hashes, from: quotes)
  }
}

private func isWordByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
    true
  default:
    false
  }
}
