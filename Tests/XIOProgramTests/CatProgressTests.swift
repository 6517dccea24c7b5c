import SystemPackage
import Testing
import XIOTestSupport

/// How far `cat --progress` says it is.
@Suite struct CatProgressTests {
  /// Feeds a program until its terminal shows a text.
  private func feed(
    _ options: [String], until expected: String
  ) throws -> (shown: String, result: ProgramResult) {
    let terminal = try PseudoTerminal()
    let input = try closeOnExecPipe()
    let running = try startXio(
      ["cat", "--progress"] + options, input: .descriptor(input.reader), output: .null,
      errorOutput: .terminal(terminal))
    try input.reader.close()
    var shown = ""
    try eventually("the terminal shows \(expected)") {
      // It is drawn when bytes arrive, and not before it has taken long.
      try input.writer.writeAll(Array("some bytes\n".utf8))
      shown += (try? terminal.read(until: expected, within: .milliseconds(50))) ?? ""
      return shown.contains(expected)
    }
    try input.writer.close()
    let result = try running.wait()
    return (shown, result)
  }

  @Test(arguments: [[], ["-n"], ["--engine", "epoll"]])
  func isShownOnATerminal(_ options: [String]) throws {
    let (shown, result) = try feed(options, until: "B/s")
    #expect(shown.hasPrefix("\r\u{1b}[Kxio cat: "), "\(shown)")
    #expect(result.ending == .status(0), "\(result)")
  }

  @Test func makesWayForMessages() throws {
    let (shown, result) = try feed(["-", "/nonexistent"], until: "B/s")
    #expect(shown.contains(", -"), "\(shown)")
    #expect(result.ending == .status(1), "\(result)")
  }

  @Test func isNotShownElsewhere() throws {
    let directory = try TestDirectory()
    let file = try directory.writeRandom("file", count: 1 << 20)
    let result = try runXio(["cat", "--progress", file])
    expectQuietSuccess(result)
    #expect(try result.output == directory.read("file"))
  }
}
