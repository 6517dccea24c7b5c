/// The modules, lowest first; those of one row do not know each other.
private let layers: [[String]] = [
  ["CXIO"], ["XIOSystem"], ["XIOEngines"], ["XIOReport"], ["XIOFollow", "XIOCharts"],
  ["XIOCopy", "XIOCat", "XIOTail", "XIOFanin", "XIOCache"], ["XIOCompare"], ["XIOCommands"],
  ["xio", "XIODocs"], ["xio-docs"],
]

/// Modules of others that only some of ours use.
private let reserved: [(module: String, users: Set<String>)] = [
  ("ArgumentParser", ["XIOCommands"]),
  ("FoundationEssentials", ["XIOReport", "XIOCompare", "XIOCommands", "XIODocs"]),
  ("Foundation", []),
]

/// Imports go one way, and Foundation stays off the data path.
func checkImports(_ file: SourceFile) -> [Violation] {
  guard file.isSwift, file.path.hasPrefix("Sources/") else { return [] }
  return imports(of: file).compactMap { module, line in
    problem(importing: module, in: file.module).map {
      Violation(path: file.path, line: line, message: $0)
    }
  }
}

private func problem(importing module: String, in importer: String) -> String? {
  if let rule = reserved.first(where: { $0.module == module }), !rule.users.contains(importer) {
    let users = rule.users.sorted().joined(separator: " and ")
    return users.isEmpty
      ? "import \(module): use the standard library, Glibc or FoundationEssentials"
      : "import \(module) in \(importer): only \(users) may"
  }
  guard let target = layer(of: module) else { return nil }
  guard let own = layer(of: importer) else {
    return "\(importer) has no place in the order of modules: give it one in this test"
  }
  guard target >= own else { return nil }
  return "\(importer) imports \(module), which is not below it: move what both need down"
}

private func layer(of module: String) -> Int? {
  layers.firstIndex { $0.contains(module) }
}

private func imports(of file: SourceFile) -> [(module: String, line: Int)] {
  let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
  let tokens = Tokenizer.tokens(of: file.text)
  return tokens.indices.compactMap { index in
    guard tokens[index].text == "import" else { return nil }
    let names = tokens.dropFirst(index + 1).prefix { $0.line == tokens[index].line }
    return names.first { !kinds.contains($0.text) }.map { ($0.text, tokens[index].line) }
  }
}
