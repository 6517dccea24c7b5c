import Glibc
import SystemPackage
import Testing

@testable import XIOTestSupport

/// What scripts/run-tests.sh makes of suites that go wrong, with a script that stands for the built tests.
@Suite struct RunnerTests {
  /// The verdict of each suite, from what the runner prints.
  private func verdicts(_ result: ProgramResult) -> [String: String] {
    var verdicts: [String: String] = [:]
    for line in result.outputText.split(separator: "\n") where line.hasPrefix("Made.") {
      let fields = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
      if fields.count == 4 && fields[2] == "s" {
        verdicts[String(fields[0])] = fields[3].drop { $0 == " " }.description
      }
    }
    // Those that pass at once stand together, without a line of their own.
    let quick = result.outputText.split(separator: "passed in less than a second").dropFirst()
    for match in (quick.first ?? "").matches(of: /(Made\.\w+) 0\.[0-9]+/) {
      verdicts[String(match.output.1)] = "ok"
    }
    return verdicts
  }

  @Test func everySuiteGetsItsVerdict() throws {
    let stage = try RunnerStage([
      // One that waits for ever, and a child that holds its output and is hard to end.
      StandInSuite(
        name: "Made.Blocks",
        body: "(trap '' TERM INT HUP; cat \"$HERE/fifo\") & cat \"$HERE/fifo\"",
        limit: 2),
      StandInSuite(name: "Made.Floods", body: "yes; \(StandInSuite.passes)"),
      StandInSuite(
        name: "Made.LeavesDaemon",
        body: "setsid sleep 1000 </dev/null >/dev/null 2>&1 &\n\(StandInSuite.passes)"),
      StandInSuite(
        name: "Made.StopsChild", body: "sleep 1000 & kill -STOP $!\n\(StandInSuite.passes)"),
      StandInSuite(name: "Made.Crashes", body: "kill -SEGV $$"),
      StandInSuite(
        name: "Made.Fails", body: "echo '✘ Test a() recorded an issue: it is so'; exit 1"),
      StandInSuite(name: "Made.RunsNothing", body: "echo '✔ Test run with 0 tests passed'"),
      StandInSuite(
        name: "Made.Passes", body: "[ ! -t 0 ] && ! read -r line && \(StandInSuite.passes)"),
      StandInSuite(
        name: "Made.LeavesFiles",
        body: "echo >\"$XIO_TEST_DIRECTORY/file\" && \(StandInSuite.passes)"),
      StandInSuite(
        name: "Made.Mounts",
        body: "mount -t tmpfs none \"$XIO_TEST_DIRECTORY\" || (( UID )) && \(StandInSuite.passes)"),
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
      if [ -e "$HERE/again" ]; then \(StandInSuite.passes); exit; fi
      image=/dev/shm/${XIO_TEST_DIRECTORY##*/}-ext4.img
      echo >"$image"
      echo "$XIO_TEST_DIRECTORY $image" >>"$HERE/left"
      mount -t tmpfs none "$XIO_TEST_DIRECTORY"
      cat "$HERE/fifo"
      """
    let stage = try RunnerStage([
      StandInSuite(name: "Made.One", body: body), StandInSuite(name: "Made.Other", body: body),
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
    let left = String(decoding: try stage.directory.read("left"), as: UTF8.self)
      .split { $0 == " " || $0 == "\n" }.map(String.init)
    #expect(left.count == 4 && left.allSatisfy { access($0, F_OK) == 0 })
    let mounts = String(decoding: try readFile("/proc/mounts"), as: UTF8.self)
    #expect(!left.contains { mounts.contains($0) })
    // What it had no time to remove or to restore is left to the next, though a third goes on.
    let third = try FileDescriptor.open(
      stage.directory.path(of: "state/lock"), .readOnly, options: .closeOnExec)
    defer { try? third.close() }
    try #require(flock(third.rawValue, LOCK_SH) == 0)
    let setting = "fs/inotify/max_user_watches"
    let value = try readFile(FilePath("/proc/sys/\(setting)"))
    try stage.directory.write("state/settings", Array("\(setting) ".utf8) + value)
    try stage.directory.write("again", [UInt8]())
    let result = try stage.program().run()
    #expect(result.status == 0 && left.allSatisfy { access($0, F_OK) < 0 }, "\(result)")
    let settings = stage.directory.path(of: "state/settings").string
    #expect(access(settings, F_OK) < 0, "\(result)")
  }

  @Test func aTableThatIsNotThatOfTheTestsIsRefused() throws {
    let stage = try RunnerStage([StandInSuite(name: "Made.Passes", body: StandInSuite.passes)])
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
}
