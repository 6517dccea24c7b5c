import SystemPackage
import Testing
import XIOTestSupport

/// Every example of the manual and of `-h` does what it is there for.
@Suite(.serialized) struct ExampleTests {
  private static let project = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent()

  /// The examples of a page's prose: lines that begin with the shell's `$`.
  private static func examples(inPage name: String) throws -> [String] {
    let text = try runTool("cat", "\(project)/man/src/\(name).in")
    return text.split(separator: "\n").filter { $0.hasPrefix(".Dl $ ") }
      .map { String($0.dropFirst(6)) }
  }

  /// The examples of a command's `-h`.
  private static func examples(inHelpOf command: String) throws -> [String] {
    let text = try runXio((command.isEmpty ? [] : [command]) + ["-h"]).outputText
    let start = try #require(text.firstRange(of: "Examples:\n"))
    return text[start.upperBound...].split(separator: "\n")
      .filter { $0.hasPrefix("  xio ") }.map { String($0.dropFirst(2)) }
  }

  /// A directory in which the names of the examples stand for something.
  private static func directory() throws -> TestDirectory {
    let directory = try TestDirectory(on: .ext4)
    try directory.writeRandom("data.bin", count: 3 << 20)
    for name in ["a.txt", "b.txt", "c.txt"] { try directory.write(name, "\(name)\n".utf8) }
    let lines = (0..<50).map { "2026-01-01T00:00:\($0 + 10)Z line \($0)\n" }.joined()
    for name in ["app.log", "host1.log", "host2.log"] { try directory.write(name, lines.utf8) }
    try directory.makeDirectory("tree")
    try directory.write("tree/file", lines.utf8)
    _ = try directory.makeLink("xio", to: try locateXio())
    return directory
  }

  /// Runs an example; one that has no end is ended when it has printed something.
  private static func run(_ example: String) throws {
    let directory = try directory()
    var shell = TestProgram("/bin/bash", ["-c", "set -o pipefail; exec 2>&1; \(example)"])
    shell.workingDirectory = directory.path
    shell.environment = ["PATH": "\(directory.path):/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
    let isEndless = example.contains(" -F ") || example.contains("-listen:")
    if isEndless { shell.arguments[1] = "exec \(example)" }
    let running = try shell.start()
    if isEndless {
      try eventually("\(example) prints") {
        running.hasEnded || running.outputSoFar.contains(UInt8(ascii: "\n"))
      }
      if !running.hasEnded { try running.signal(15) }
    }
    let result = try running.wait()
    let expected: ProgramResult.Ending = isEndless ? .signal(15) : .status(0)
    #expect(result.ending == expected, "\(example): \(result)")
    #expect(!result.outputText.contains("hint:"), "\(example): \(result)")
    if example.contains("--report") && !example.contains("--report=json") && !isEndless {
      #expect(result.outputText.contains("phases "), "\(example): \(result)")
    }
  }

  @Test(
    arguments: [
      "xio.1", "xio-cat.1", "xio-copy.1", "xio-tail.1", "xio-fanin.1", "xio-compare.1",
      "xio-engines.1", "xio-cache.1",
      "xio-engines.7", "xio-report.5",
    ])
  func manualPagesDo(_ page: String) throws {
    let examples = try Self.examples(inPage: page)
    #expect(examples.count >= 2)
    for example in examples { try Self.run(example) }
  }

  /// The program itself, and all of its commands.
  private static let commands = [
    "", "cat", "copy", "tail", "fanin", "compare", "engines", "cache",
  ]

  @Test(arguments: commands)
  func briefHelpDoes(_ command: String) throws {
    let examples = try Self.examples(inHelpOf: command)
    #expect(examples.count >= 2)
    for example in examples { try Self.run(example) }
  }

  /// As `docs/help` has it.
  @Test(arguments: commands)
  func helpIsAsItWasLookedAt(_ command: String) throws {
    let name = command.isEmpty ? "xio" : "xio-\(command)"
    for option in ["--help", "-h"] {
      let file = "\(Self.project)/docs/help/\(name)\(option == "-h" ? option : "").txt"
      let result = try runXio(
        (command.isEmpty ? [] : [command]) + [option], environment: ["COLUMNS": "80"])
      let isSame = try runTool("cat", file) == result.outputText
      #expect(isSame && result.status == 0, "\(file): \(result)")
    }
  }

  /// On one screen, and with nothing that the command does not know.
  @Test(arguments: commands)
  func briefHelpIsBrief(_ command: String) throws {
    let name = command.isEmpty ? [] : [command]
    let brief = try runXio(name + ["-h"])
    #expect(brief.status == 0 && brief.errorText.isEmpty, "\(brief)")
    let lines = brief.outputText.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 24 && lines.allSatisfy { $0.count <= 79 }, "\(brief.outputText)")
    var whole = try runXio(name + ["--help"]).outputText
    let isShort = ["", "engines"].contains(command)
    let least = isShort ? lines.count { !$0.isEmpty } : 24
    #expect(whole.split(separator: "\n").count > least)
    // Examples of the program are those of its commands.
    if command.isEmpty { whole += try runXio(["copy", "--help"]).outputText }
    if command.isEmpty { whole += try runXio(["tail", "--help"]).outputText }
    for word in brief.outputText.split(whereSeparator: { " ,.[\n=".contains($0) })
    where word.hasPrefix("--") && word.count > 2 || word.hasPrefix("-") && word.count == 2 {
      #expect(whole.contains(word), "\(word)")
    }
  }
}
