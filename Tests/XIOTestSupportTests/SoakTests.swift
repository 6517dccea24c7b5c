import Glibc
import SystemPackage
import Testing

@testable import XIOTestSupport

/// What scripts/soak.sh repeats, and what it makes of suites that fail now and then.
@Suite struct SoakTests {
  private func soak(_ stage: RunnerStage, rounds: Int, weather: String) -> TestProgram {
    var program = stage.script(
      "soak.sh", ["/bin/true", stage.directory.path(of: "build/debug"), "\(rounds)"])
    program.environment["ONLY"] = "^Made[.]"
    program.environment["WEATHER"] = weather
    return program
  }

  @Test func everySuiteRunsInEveryRoundAndFailuresAreTold() throws {
    let stage = try RunnerStage([
      StandInSuite(
        name: "Made.Passes", body: "nproc >>\"$HERE/processors\"; \(StandInSuite.passes)"),
      // The second of four times.
      StandInSuite(
        name: "Made.FailsOnce",
        body: "echo >>\"$HERE/n\"; (( $(wc -l <\"$HERE/n\") != 2 )) && \(StandInSuite.passes)"),
    ])
    let result = try soak(stage, rounds: 2, weather: "idle one-core").run()
    let folder = stage.directory.path(of: "build/soak/idle-2")
    #expect(result.status == 1, "\(result)")
    #expect(
      result.outputText == """
        idle: 2 rounds of 2 suites
        idle 2: Made.FailsOnce: \(try seconds(folder)) FAILED (status 1); see \(folder)
        one-core: 2 rounds of 2 suites
        7 passed, 1 failed

        """, "\(result)")
    let processors = String(decoding: try stage.directory.read("processors"), as: UTF8.self)
      .split(separator: "\n")
    #expect(processors.count == 4 && processors.suffix(2) == ["1", "1"], "\(processors)")
    // Only what failed is kept.
    #expect(try directoryEntries(stage.directory.path(of: "build/soak")) == [Array("idle-2".utf8)])
  }

  /// What the runner wrote of the time that the suite took.
  private func seconds(_ folder: FilePath) throws -> Substring {
    let verdict = try readFile(folder.appending("logs-test/Made.FailsOnce.verdict"))
    return String(decoding: verdict, as: UTF8.self).prefix { $0 != " " }
  }

  @Test func whatCannotBeChosenIsRefused() throws {
    let stage = try RunnerStage([StandInSuite(name: "Made.Passes", body: StandInSuite.passes)])
    var program = soak(stage, rounds: 1, weather: "idle")
    program.environment["ONLY"] = "Nothing"
    #expect(try program.run().errorText.contains("no suite is chosen"))
    let noRound = try soak(stage, rounds: 0, weather: "idle").run()
    #expect(noRound.status == 1 && noRound.errorText.contains("number of rounds"), "\(noRound)")
    let rain = try soak(stage, rounds: 1, weather: "rain").run()
    #expect(rain.status == 1 && rain.errorText.contains("no weather 'rain'"), "\(rain)")
  }

  @Test func oneThatIsKilledTakesEverythingWithIt() throws {
    let stage = try RunnerStage([
      StandInSuite(name: "Made.Blocks", body: "cat \"$HERE/fifo\"")
    ])
    try #require(mkfifo(stage.directory.path(of: "fifo").string, 0o600) == 0)
    let running = try soak(stage, rounds: 1, weather: "idle").start()
    try eventually("the suite runs") {
      try !commandsRunning(below: "cat " + stage.directory.path(of: "fifo").string).isEmpty
    }
    try running.signal(SIGKILL)
    try running.wait()
    try eventually("all have gone") {
      try commandsRunning(below: stage.directory.path.string).isEmpty
    }
  }

  /// A package of a program, a library below it, and tests of both.
  private static let package = """
    {"targets": [
      {"name": "Low", "path": "Sources/Low"},
      {"name": "High", "path": "Sources/High", "target_dependencies": ["Low"]},
      {"name": "Help", "path": "Tests/Help"},
      {"name": "LowTests", "path": "Tests/LowTests", "target_dependencies": ["Low", "Help"]},
      {"name": "HighTests", "path": "Tests/HighTests", "target_dependencies": ["High"]}
    ]}
    """

  @Test(
    arguments: [
      ("Sources/Low/Call.swift", "HighTests.End LowTests.Call LowTests.Other"),
      ("Sources/High/main.swift", "HighTests.End"),
      ("Tests/Help/Wait.swift", "LowTests.Call LowTests.Other"),
      ("Tests/LowTests/CallTests.swift", "LowTests.Call"),
      ("Tests/LowTests/Harness.swift", "LowTests.Call LowTests.Other"),
      ("Tests/LowTests/Removed.swift", "LowTests.Call LowTests.Other"),
      ("scripts/run.sh", "HighTests.End"), ("LICENSE", ""),
    ])
  func aChangeTouches(_ file: String, _ suites: String) throws {
    let stage = try RunnerStage([
      StandInSuite(name: "LowTests.Call", body: ""),
      StandInSuite(name: "LowTests.Other", body: ""),
      StandInSuite(name: "HighTests.End", body: ""),
    ])
    for name in ["Tests", "Tests/LowTests", "Tests/HighTests"] {
      try stage.directory.makeDirectory(name)
    }
    try stage.directory.write("package.json", Self.package.utf8)
    try stage.directory.write("Tests/LowTests/CallTests.swift", "@Suite struct Call {}".utf8)
    try stage.directory.write("Tests/LowTests/Harness.swift", "struct Callable {}".utf8)
    try stage.directory.write(
      "Tests/HighTests/EndTests.swift", "extension End { let script = \"scripts/run.sh\" }".utf8)
    var program = stage.script(
      "touched-suites.pl", ["package.json", stage.directory.path(of: "tiers.tsv")])
    program.workingDirectory = stage.directory.path
    program.input = .bytes(Array("\(file)\n".utf8))
    let result = try program.run()
    #expect(result.status == 0 && result.errorText.isEmpty, "\(result)")
    #expect(result.outputText.split(separator: "\n").joined(separator: " ") == suites)
  }
}
