import Glibc
import SystemPackage
import Testing

@testable import XIOTestSupport

/// What scripts/run-tests.sh makes of suites that go wrong, with a script that stands for the built tests.
@Suite struct RunnerTests {
  /// A suite that is made of a few lines of shell.
  private struct StandIn {
    var name: String
    var body: String
    /// The limit in seconds.
    var limit = 60
  }

  private static let passes = "echo \"✔ Test run with 1 test passed\""

  /// A folder with built tests, a table, and what a run needs to know of them.
  private final class Stage {
    let directory: TestDirectory
    private let suites: [StandIn]

    init(_ suites: [StandIn]) throws {
      directory = try TestDirectory()
      self.suites = suites
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

    func program(_ tier: String = "test", pattern: String = "") -> TestProgram {
      var root = FilePath(#filePath)
      for _ in 0..<3 { root.removeLastComponent() }
      var program = TestProgram(
        FilePath("/bin/bash"),
        [
          root.appending("scripts/run-tests.sh"), "/bin/true",
          directory.path(of: "build/debug"), tier, pattern,
        ])
      program.environment = [
        "XIO_TIERS": directory.path(of: "tiers.tsv").string,
        "XIO_TEST_STATE": directory.path(of: "state").string,
        "HERE": directory.path.string, "LC_ALL": "C.UTF-8",
      ]
      program.timeLimit = .seconds(100)
      return program
    }

    func log(of suite: String) throws -> String {
      String(decoding: try directory.read("build/logs-test/\(suite).log"), as: UTF8.self)
    }
  }

  /// The verdict of each suite, from what the runner prints.
  private func verdicts(_ result: ProgramResult) -> [String: String] {
    var verdicts: [String: String] = [:]
    for line in result.outputText.split(separator: "\n") where line.hasPrefix("Made.") {
      let fields = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
      if fields.count == 4 && fields[2] == "s" {
        verdicts[String(fields[0])] = fields[3].drop { $0 == " " }.description
      }
    }
    return verdicts
  }

  @Test func everySuiteGetsItsVerdict() throws {
    let stage = try Stage([
      // One that waits for ever, and a child that holds its output and is hard to end.
      StandIn(
        name: "Made.Blocks",
        body: "(trap '' TERM INT HUP; cat \"$HERE/fifo\") & cat \"$HERE/fifo\"",
        limit: 2),
      StandIn(name: "Made.Floods", body: "yes; \(Self.passes)"),
      StandIn(
        name: "Made.LeavesDaemon",
        body: "setsid sleep 1000 </dev/null >/dev/null 2>&1 &\n\(Self.passes)"),
      StandIn(name: "Made.StopsChild", body: "sleep 1000 & kill -STOP $!\n\(Self.passes)"),
      StandIn(name: "Made.Crashes", body: "kill -SEGV $$"),
      StandIn(name: "Made.Fails", body: "echo '✘ Test a() recorded an issue: it is so'; exit 1"),
      StandIn(name: "Made.RunsNothing", body: "echo '✔ Test run with 0 tests passed'"),
      StandIn(name: "Made.Passes", body: "[ ! -t 0 ] && ! read -r line && \(Self.passes)"),
      StandIn(
        name: "Made.LeavesFiles", body: "echo >\"$XIO_TEST_DIRECTORY/file\" && \(Self.passes)"),
      StandIn(
        name: "Made.Mounts",
        body: "mount -t tmpfs none \"$XIO_TEST_DIRECTORY\" || (( UID )) && \(Self.passes)"),
    ])
    try #require(mkfifo(stage.directory.path(of: "fifo").string, 0o600) == 0)
    let result = try stage.program().run()
    #expect(result.status == 1, "\(result)")
    #expect(
      verdicts(result) == [
        "Made.Blocks": "TIMEOUT (2 s)", "Made.Floods": "FAILED (printed more than 64 MiB)",
        "Made.LeavesDaemon": "FAILED (status 1)", "Made.StopsChild": "FAILED (status 1)",
        "Made.Crashes": "FAILED (status 139)", "Made.Fails": "FAILED (status 1)",
        "Made.RunsNothing": "FAILED (ran no test)", "Made.Passes": "ok", "Made.LeavesFiles": "ok",
        "Made.Mounts": "ok",
      ], "\(result)")
    #expect(result.outputText.hasSuffix("\n3 passed, 7 failed\n"), "\(result)")
    for text in [
      "not done after 2 s", "cat ", "waits in", "it is so", "sleep 1000", "T (stopped)",
    ] {
      #expect(result.outputText.contains(text), "'\(text)' in \(result)")
    }
    #expect(try commandsRunning(below: stage.directory.path.string).isEmpty)
  }

  @Test func aRunThatIsKilledTakesItsSuitesWithIt() throws {
    let body = """
      if [ -e "$HERE/again" ]; then \(Self.passes); exit; fi
      mount -t tmpfs none "$XIO_TEST_DIRECTORY"
      echo "$XIO_TEST_DIRECTORY" >>"$HERE/directories"
      cat "$HERE/fifo"
      """
    let stage = try Stage([
      StandIn(name: "Made.One", body: body), StandIn(name: "Made.Other", body: body),
    ])
    try #require(mkfifo(stage.directory.path(of: "fifo").string, 0o600) == 0)
    let running = try stage.program().start()
    try eventually("both run") {
      try commandsRunning(below: "cat " + stage.directory.path(of: "fifo").string).count == 2
    }
    try running.signal(SIGKILL)
    try running.wait()
    try eventually("all have gone") {
      try commandsRunning(below: stage.directory.path.string).isEmpty
    }
    // What it had no time to remove is removed by the next.
    let left = String(decoding: try stage.directory.read("directories"), as: UTF8.self)
      .split(separator: "\n")
    #expect(left.count == 2 && left.allSatisfy { access(String($0), F_OK) == 0 })
    let mounts = String(decoding: try readFile("/proc/mounts"), as: UTF8.self)
    #expect(!left.contains { mounts.contains($0) })
    try stage.directory.write("again", [UInt8]())
    let result = try stage.program().run()
    #expect(result.status == 0 && left.allSatisfy { access(String($0), F_OK) < 0 }, "\(result)")
  }

  @Test func aTableThatIsNotThatOfTheTestsIsRefused() throws {
    let stage = try Stage([StandIn(name: "Made.Passes", body: Self.passes)])
    let none = try stage.program(pattern: "Nothing").run()
    #expect(none.status == 1 && none.errorText.contains("no suite of the tier test"), "\(none)")
    for table in [
      "", "Made.Passes\ttest\tany\t9\t-\nMade.Gone\ttest\tany\t9\t-\n",
      "Made.Passes\tnever\tany\t9\t-\n", "Made.Passes\ttest\tany\t181\t-\n",
      "Made.Passes\tstress\tany\t-\t-\n",
    ] {
      try stage.directory.write("tiers.tsv", table.utf8)
      let result = try stage.program().run()
      #expect(result.status == 1 && result.errorText.contains("Tests/tiers.tsv"), "\(result)")
    }
  }

  /// The command lines of all processes that name a path.
  private func commandsRunning(below path: String) throws -> [String] {
    var found: [String] = []
    for process in try directoryEntries("/proc").map({ String(decoding: $0, as: UTF8.self) })
    where process.allSatisfy(\.isNumber) {
      let command = (try? readFile(FilePath("/proc/\(process)/cmdline"))) ?? []
      let text = String(decoding: command.map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
      if text.contains(path) { found.append(text) }
    }
    return found
  }
}
