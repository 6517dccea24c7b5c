/// A file has one subject: it ends before its reader loses it.
func checkFileLength(_ file: SourceFile) -> [Violation] {
  let limit = 500
  let count = file.lines.count
  guard count > limit else { return [] }
  let message = "the file has \(count) lines, more than \(limit): split it by subject"
  return [Violation(path: file.path, line: limit + 1, message: message)]
}

/// A function fits on a screen.
func checkFunctionLength(_ file: SourceFile) -> [Violation] {
  guard file.isSwift else { return [] }
  let limit = 70
  return functionBodies(Tokenizer.tokens(of: file.text)).compactMap { function in
    let count = function.lastLine - function.firstLine + 1
    guard count > limit else { return nil }
    let message = "\(function.name) has \(count) lines, more than \(limit): split it by step"
    return Violation(path: file.path, line: function.firstLine, message: message)
  }
}

private struct FunctionBody {
  var name: String
  var firstLine: Int
  var lastLine: Int
}

private func functionBodies(_ tokens: [Token]) -> [FunctionBody] {
  let keywords: Set = ["func", "init", "deinit", "subscript"]
  return tokens.indices.compactMap { index in
    let token = tokens[index]
    let isMember = index > 0 && tokens[index - 1].text == "."
    guard keywords.contains(token.text), !isMember, index + 1 < tokens.count,
      let opening = openingBrace(tokens, after: index)
    else { return nil }
    let closing = closingBrace(tokens, from: opening)
    let name = token.text == "func" ? tokens[index + 1].text : token.text
    return FunctionBody(name: name, firstLine: token.line, lastLine: tokens[closing].line)
  }
}

/// The brace that opens the body of a declaration, or nil for a requirement of a protocol.
private func openingBrace(_ tokens: [Token], after keyword: Int) -> Int? {
  let others: Set = ["func", "var", "let", "init", "case", "static", "associatedtype", "}"]
  var depth = 0
  for index in tokens.indices.dropFirst(keyword + 1) {
    switch tokens[index].text {
    case "(", "[": depth += 1
    case ")", "]": depth -= 1
    case "{" where depth == 0: return index
    case let text where depth == 0 && others.contains(text): return nil
    default: break
    }
  }
  return nil
}

private func closingBrace(_ tokens: [Token], from opening: Int) -> Int {
  var depth = 0
  for index in tokens.indices.dropFirst(opening) {
    if tokens[index].text == "{" { depth += 1 }
    if tokens[index].text == "}" { depth -= 1 }
    if depth == 0 { return index }
  }
  return tokens.count - 1
}
