import SystemPackage
import Testing
import XIOTestSupport

/// What `tail` does to hold the end of a stream.
@Suite(.serialized) struct TailPipeTests {
  /// Runs a script in which `$XIO` is the program; its lines are counted, and its memory.
  private func peak(_ script: String, in directory: TestDirectory) throws -> (Int, ProgramResult) {
    var shell = TestProgram("/bin/bash", ["-c", "set -o pipefail; \(script)"])
    let launcher = try testBundleDirectory().appending("xio-launcher")
    shell.environment = [
      "XIO": "\(launcher) --peak-memory \(directory.path(of: "peak")) -- \(try locateXio()) tail",
      "TMPDIR": directory.path.string,
    ]
    shell.workingDirectory = directory.path
    let result = try shell.run()
    let text = String(decoding: try directory.read("peak"), as: UTF8.self)
    return (try #require(Int(text.filter(\.isNumber)), "\(text)") << 10, result)
  }

  /// Numbered lines, and how many of them are held: several times the memory that may be used.
  private static let count = runsFullSize ? 35_000_000 : 10_000_000
  private static let heldCount = runsFullSize ? 20_000_000 : 8_000_000
  private static let lines = "seq \(count)"

  @Test func staysInItsMemory() throws {
    let directory = try TestDirectory()
    let (bytes, result) = try peak(
      "\(Self.lines) | $XIO -n \(Self.heldCount) --memory 8M | sha1sum", in: directory)
    #expect(bytes <= 24 << 20, "\(bytes)")
    let expected = try TestProgram(
      "/bin/bash", ["-c", "\(Self.lines) | /usr/bin/tail -n \(Self.heldCount) | sha1sum"]
    ).run()
    #expect(result.ending == .status(0) && result.outputText == expected.outputText, "\(result)")
    #expect(try directory.names() == ["peak"])
  }

  @Test func passesTheRestOnInLittleMemory() throws {
    let directory = try TestDirectory()
    let (bytes, result) = try peak("\(Self.lines) | $XIO -n +1000 | wc -l", in: directory)
    #expect(bytes <= 16 << 20, "\(bytes)")
    #expect(result.outputText == "\(Self.count - 999)\n", "\(result)")
  }

  @Test(arguments: ["4K", "100K", "1M", "64M"])
  func printsTheSameWhateverTheMemory(_ memory: String) throws {
    let comparison = try GNUComparison("tail")
    let bytes = TailFile.lines(5_000_001, ends: false).bytes
    for start in [["-n", "1"], ["-n", "30000"], ["-c", "3000000"], ["-n", "9999999"]] {
      try comparison.expectSame(start, ["--memory", memory], input: .bytes(bytes))
    }
  }

  /// What is only looked through is read by the engine that was asked for, too.
  @Test(
    arguments: [
      ("uring", "requests", "uring_read"), ("libaio", "requests", "libaio_poll"),
      ("epoll", "by_name", "epoll_wait"), ("poll", "by_name", "ppoll"),
      ("select", "by_name", "pselect6"), ("posix-aio", "requests", "aio_read"),
    ], [["-n", "2"], ["-n", "+1999"]])
  func readsThroughTheEngine(
    _ expected: (engine: String, list: String, call: String), _ start: [String]
  ) throws {
    let lines = TailFile.lines(400_000, ends: true).bytes
    let report = try runReporting(
      ["tail", "--engine", expected.engine] + start, input: .bytes(lines))
    let list =
      expected.list == "requests"
      ? try report.object("requests") : try report.object("system_calls")["by_name"]
    let calls = try #require(list as? [String: Int], "\(report.fields)")
    #expect(calls[expected.call] ?? 0 > 1, "\(calls)")
  }

  @Test func saysThatItCannotSpill() throws {
    var program = try xioProgram(["tail", "-n", "9999999", "--memory", "64K"])
    program.environment = ["TMPDIR": "/nowhere"]
    program.input = .bytes(TailFile.lines(1 << 20, ends: true).bytes)
    let result = try program.run()
    expectMessage(result, "/nowhere", "No such file or directory")
    #expect(result.output.isEmpty)
  }

  @Test func passesOnWhatComes() throws {
    let input = try closeOnExecPipe()
    let running = try startXio(["tail", "-n", "+2"], input: .descriptor(input.reader))
    try input.reader.close()
    try input.writer.writeAll(Array("one\ntwo\n".utf8))
    try eventually("the second line") { running.outputSoFar == Array("two\n".utf8) }
    try input.writer.writeAll(Array("three".utf8))
    try eventually("the third line") { running.outputSoFar == Array("two\nthree".utf8) }
    try input.writer.close()
    expectQuietSuccess(try running.wait())
  }
}
