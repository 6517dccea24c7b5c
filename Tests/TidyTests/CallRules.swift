/// A call that is not used, where, and what is used instead.
private struct BannedCall: Sendable {
  var words: [String]
  var replacement: String
  var isBanned: @Sendable (String) -> Bool
}

private let bannedCalls =
  [
    BannedCall(
      words: ["try", "!"], replacement: "handle the error or pass it on", isBanned: { _ in true }),
    BannedCall(
      words: ["as", "!"], replacement: "use as? and handle nil", isBanned: { _ in true }),
    BannedCall(
      words: ["fatalError", "("], replacement: "throw an error", isBanned: { _ in true }),
    BannedCall(
      words: ["print", "("],
      replacement: "use a checked write: print hides errors",
      isBanned: { $0.hasPrefix("Sources/") }),
    BannedCall(
      words: ["exit", "("], replacement: "throw or return; only Program.swift ends the process",
      isBanned: {
        $0.hasPrefix("Sources/") && $0 != "Sources/XIOCommands/Program.swift"
          && $0 != "Sources/xio-docs/main.swift"
      }),
  ]
  + ["sleep", "usleep", "nanosleep", "clock_nanosleep"].map { name in
    BannedCall(
      words: [name, "("], replacement: "wait for the condition with eventually",
      isBanned: { $0.hasPrefix("Tests/") && $0 != "Tests/XIOTestSupport/Eventually.swift" })
  }
  + [
    (["deadline", ":", "nil"], "give it a limit: a lost wake-up must fail, not hang"),
    (["timeout", ":", "nil"], "give it a limit: a lost wake-up must fail, not hang"),
    (["pthread_join", "("], "use what XIOTestSupport has: a thread may never end"),
    (["wait4", "("], "start programs with TestProgram: one may never end"),
    (["FileDescriptor", ".", "pipe"], "use closeOnExecPipe: children would inherit it"),
  ].map { words, replacement in
    BannedCall(
      words: words, replacement: replacement,
      isBanned: { $0.hasPrefix("Tests/") && !$0.hasPrefix("Tests/XIOTestSupport/") })
  }

/// Calls that hide an error, end the process or guess at time have a replacement.
func checkCalls(_ file: SourceFile) -> [Violation] {
  guard file.isSwift else { return [] }
  let banned = bannedCalls.filter { $0.isBanned(file.path) }
  let tokens = Tokenizer.tokens(of: file.text)
  return tokens.indices.dropLast().flatMap { index in
    banned.filter { matches(tokens, index, $0.words) }.map { call in
      Violation(
        path: file.path, line: tokens[index].line,
        message: "\(call.words.joined()): \(call.replacement)")
    }
  }
}

private func matches(_ tokens: [Token], _ index: Int, _ words: [String]) -> Bool {
  guard index + words.count <= tokens.count, !tokens[index + 1].isDetached,
    zip(tokens[index...], words).allSatisfy({ $0.text == $1 })
  else { return false }
  guard words[1] == "(", index > 0 else { return true }
  // A declaration of that name, or a member of another type, is something else.
  let previous = tokens[index - 1].text
  if previous == "func" { return false }
  let owners: Set = ["Glibc", "Swift", "Task", "Thread"]
  return previous != "." || (index > 1 && owners.contains(tokens[index - 2].text))
}
