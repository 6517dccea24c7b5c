import Glibc
import SystemPackage
import Testing

@testable import XIOTestSupport

/// A suite that is made of a few lines of shell.
struct StandInSuite {
  var name: String
  var body: String
  /// The limit in seconds.
  var limit = 60

  /// What a suite says that has passed.
  static let passes = "echo \"✔ Test run with 1 test passed\""
}

/// A folder with a script that stands for the built tests, a table, and what a run needs to know of them.
final class RunnerStage {
  let directory: TestDirectory

  init(_ suites: [StandInSuite]) throws {
    directory = try TestDirectory()
    try directory.makeDirectory("build")
    try directory.makeDirectory("build/debug")
    let names = suites.map { "\($0.name)/test()" }.joined(separator: "\n")
    let cases = suites.map {
      "*--filter*\($0.name.split(separator: ".")[1])/*)\n\($0.body)\n;;"
    }
    let script = """
      #!/bin/bash
      case "$*" in
      *--list-tests*) echo '\(names)' ;;
      \(cases.joined(separator: "\n"))
      esac
      """
    let bundle = try directory.write("build/debug/xioPackageTests.xctest", script.utf8)
    try #require(chmod(bundle.string, 0o755) == 0)
    let table = suites.map { "\($0.name)\ttest\tany\t\($0.limit)\t-\n" }.joined()
    try directory.write("tiers.tsv", table.utf8)
  }

  /// A run of the stand-ins, by scripts/run-tests.sh.
  func program(_ tier: String = "test", pattern: String = "") -> TestProgram {
    script("run-tests.sh", ["/bin/true", directory.path(of: "build/debug"), tier, pattern])
  }

  /// A script of the checkout, told of the stand-ins.
  func script(_ name: String, _ arguments: [any ByteString]) -> TestProgram {
    var root = FilePath(#filePath)
    for _ in 0..<3 { root.removeLastComponent() }
    var program = TestProgram(root.appending("scripts").appending(name), arguments)
    program.environment = [
      "XIO_TIERS": directory.path(of: "tiers.tsv").string,
      "XIO_TEST_STATE": directory.path(of: "state").string,
      "HERE": directory.path.string, "LC_ALL": "C.UTF-8",
    ]
    program.timeLimit = .seconds(100)
    return program
  }
}

/// The command lines of all processes that name a path.
func commandsRunning(below path: String) throws -> [String] {
  var found: [String] = []
  for process in try directoryEntries("/proc").map({ String(decoding: $0, as: UTF8.self) })
  where process.allSatisfy(\.isNumber) {
    let command = (try? readFile(FilePath("/proc/\(process)/cmdline"))) ?? []
    let text = String(decoding: command.map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    if text.contains(path) { found.append(text) }
  }
  return found
}
