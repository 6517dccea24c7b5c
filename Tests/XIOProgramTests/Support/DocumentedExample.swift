import SystemPackage
import Testing
import XIOTestSupport

/// A command of a document, and what is printed below it.
struct DocumentedExample {
  var command: String
  var output: [String] = []

  /// The commands of a document's `console` blocks.
  static func all(in document: String) throws -> [DocumentedExample] {
    let project = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent().removingLastComponent()
    let text = String(decoding: try readFile(project.appending(document)), as: UTF8.self)
    var examples: [DocumentedExample] = []
    for block in text.split(separator: "```console\n").dropFirst() {
      for line in block.split(separator: "\n", omittingEmptySubsequences: false) {
        if line == "```" { break }
        if line.hasPrefix("$ ") {
          examples.append(DocumentedExample(command: String(line.dropFirst(2))))
        } else if !examples.isEmpty {
          examples[examples.count - 1].output.append(String(line))
        }
      }
    }
    return examples
  }

  /// Runs a command by a shell in a directory that has a link to the program; errors go to its output.
  static func run(
    _ command: String, in directory: TestDirectory, locale: String = "C.UTF-8"
  ) throws -> ProgramResult {
    var shell = TestProgram("/bin/bash", ["-c", "exec 2>&1; \(command)"])
    shell.workingDirectory = directory.path
    shell.environment = [
      "PATH": "\(directory.path):/usr/bin:/bin", "COLUMNS": "80", "LC_ALL": locale,
    ]
    shell.timeLimit = .seconds(240)
    return try shell.run()
  }

  /// The headings of tables that compare engines. How many columns fit into one table is a matter of the
  /// numbers below them.
  static func headings(_ lines: [String]) -> Set<String> {
    Set(
      lines.filter { $0.hasPrefix("ENGINE") }.flatMap { $0.split(separator: " ").map(String.init) })
  }
}
