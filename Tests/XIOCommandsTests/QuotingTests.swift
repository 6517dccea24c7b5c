import SystemPackage
import Testing
import XIOTestSupport

@testable import XIOCommands

/// Names in messages look as GNU's tools write them.
@Suite struct QuotingTests {
  /// Names that no file has, and that hold no slash.
  private static let names: [[UInt8]] = {
    var names: [[UInt8]] = ["a", "a b", "it's", "it's \"so\"", "$HOME's", "\u{E9}", "\u{4E2D}'"]
      .map { Array($0.utf8) }
    for byte in UInt8(1)...255 where byte != UInt8(ascii: "/") {
      names += [[byte, 0x71], [0x71, byte, 0x72], [0x27, byte], [byte, 0x27, byte, byte]]
    }
    var random = RandomBytes(seed: 11)
    let alphabet =
      Array("aZ0'\"\\$`~#=: \t\n\u{7}\u{E9}\u{4E2D}*?[]{}()<>|&;!^%@+,-._".utf8) + [0xFF]
    for length in 2...200 {
      names.append([0x71] + random.next(length % 12 + 1).map { alphabet[Int($0) % alphabet.count] })
    }
    return names
  }()

  /// Names that GNU's tools quote right: with both a quote and something to be escaped they forget
  /// that they must begin an escape.
  private static let comparable = names.filter { name in
    !name.contains(0x27)
      || name.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        && String(validating: name, as: UTF8.self) != nil
  }

  /// What a tool says of each name, between `before` and the error.
  private func names(in tool: FilePath, _ options: [String], before: String) throws -> [String] {
    let directory = try TestDirectory()
    var program = TestProgram(tool, options + ["--"] + Self.comparable)
    program.environment = ["LC_ALL": "C.UTF-8"]
    program.workingDirectory = directory.path
    let result = try program.run()
    let end = ": No such file or directory"
    return result.errorText.split(separator: "\n").map { line in
      #expect(line.hasPrefix(before) && line.hasSuffix(end), "\(line)")
      return String(line.dropFirst(before.count).dropLast(end.count))
    }
  }

  @Test func quotesAlwaysAsLsDoes() throws {
    let expected = try names(
      in: try findTool("ls"), ["-d", "-U"], before: "\(try findTool("ls")): cannot access ")
    #expect(expected.count == Self.comparable.count)
    for (name, text) in zip(Self.comparable, expected) {
      #expect(Quoting.always(FilePath(rawBytes: name)) == text, "\(name)")
    }
  }

  @Test func quotesWhereNeededAsCatDoes() throws {
    let expected = try names(in: try findTool("cat"), [], before: "\(try findTool("cat")): ")
    #expect(expected.count == Self.comparable.count)
    for (name, text) in zip(Self.comparable, expected) {
      #expect(Quoting.whereNeeded(FilePath(rawBytes: name)) == text, "\(name)")
    }
  }

  @Test(arguments: ["\u{202E}", "\u{200B}", "\u{85}", "\u{E000}", "\u{2028}"])
  func charactersThatCouldDeceiveAreEscaped(_ name: String) {
    for text in [Quoting.always(FilePath(name)), Quoting.whereNeeded(FilePath(name))] {
      #expect(text.hasPrefix("''$'\\"))
      #expect(text.utf8.allSatisfy { $0 < 0x7F && $0 >= 0x20 })
    }
  }

  @Test func aShellReadsTheNameBack() throws {
    let words = Self.names.flatMap { name in
      [Quoting.always(FilePath(rawBytes: name)), Quoting.whereNeeded(FilePath(rawBytes: name))]
    }
    var shell = TestProgram(try findTool("bash"))
    shell.input = .bytes(Array(words.map { "printf '%s\\0' \($0)\n" }.joined().utf8))
    let result = try shell.run()
    let expected: [UInt8] = Self.names.flatMap { $0 + [0] + $0 + [0] }
    #expect(result.output == expected)
  }

  @Test func nothingIsQuoted() {
    #expect(Quoting.always(FilePath()) == "''")
    #expect(Quoting.whereNeeded(FilePath()) == "''")
  }

  /// Names in messages, of a command line on which they look like this.
  @Test(
    arguments: [
      (["a//b"], "a/b", "a//b"), (["d//"], "d", "d//"), (["d//"], "d/e/f", "d/e/f"),
      (["x", "d//e"], "d/e/f", "d//e/f"), (["d///e/"], "d/e/f", "d///e/f"),
      (["--target-directory=d//"], "d", "d//"), (["a//b"], "a/c", "a/c"), (["//"], "/a", "/a"),
      (["a//b", "a///b"], "a/b", "a/b"), (["a//b", "a/b"], "a/b", "a/b"), ([], "a", "a"),
      (["./a"], "./a", "./a"), (["/a//b"], "/a/b/c", "/a//b/c"),
    ])
  func namesAreShownAsTheyWereTyped(_ words: [String], _ path: String, _ shown: String) {
    let names = TypedNames(words.map { Array($0.utf8) })
    #expect(names.bytes(of: FilePath(path)) == Array(shown.utf8))
  }
}
