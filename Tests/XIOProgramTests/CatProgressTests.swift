import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// How far `cat --progress` says it is.
@Suite struct CatProgressTests {
  /// Feeds a program until its terminal shows a text, and ends its input, or it by a signal.
  ///
  /// - Parameters:
  ///   - options: options and files.
  ///   - expected: the text.
  ///   - kind: the terminal's kind.
  ///   - last: what the terminal shows after that.
  ///   - signal: what ends the program; nil for the end of its input.
  /// - Returns: what was shown, and how the program ended.
  /// - Throws: `SupportFailure` when the terminal does not show it.
  private func feed(
    _ options: [String], until expected: String, on kind: String? = "xterm", last: String? = nil,
    by signal: CInt? = nil
  ) throws -> (shown: String, result: ProgramResult) {
    let terminal = try PseudoTerminal()
    let input = try closeOnExecPipe()
    let running = try startXio(
      ["cat", "--progress"] + options, input: .descriptor(input.reader), output: .null,
      errorOutput: .terminal(terminal), environment: ["TERM": kind])
    try input.reader.close()
    var shown = ""
    try eventually("the terminal shows \(expected)") {
      // It is drawn when bytes arrive, and not before it has taken long.
      try input.writer.writeAll(Array("some bytes\n".utf8))
      shown += (try? terminal.read(until: expected, within: .milliseconds(50))) ?? ""
      return shown.contains(expected)
    }
    if let signal { try running.signal(signal) } else { try input.writer.close() }
    if let last { shown += try terminal.read(until: last) }
    let result = try running.wait()
    if signal != nil { try input.writer.close() }
    return (shown, result)
  }

  @Test(arguments: [[], ["-n"], ["--engine", "epoll"]])
  func isShownOnATerminal(_ options: [String]) throws {
    let (shown, result) = try feed(options, until: "B/s")
    #expect(shown.hasPrefix("\r\u{1b}[Kxio cat: "), "\(shown)")
    #expect(result.ending == .status(0), "\(result)")
  }

  /// A terminal that understands no escape sequences gets none: what stood there is blotted out.
  @Test(arguments: ["dumb", nil]) func isPlainWhereNothingElseIsUnderstood(_ kind: String?) throws {
    let (shown, result) = try feed(
      ["-", "/nonexistent"], until: "B/s, -", on: kind, last: "No such file")
    #expect(shown.hasPrefix("\rxio cat: ") && !shown.contains("\u{1b}"), "\(shown)")
    let lines = shown.split(separator: "\r")
    let blot = try #require(lines.firstIndex { $0.allSatisfy { $0 == " " } })
    #expect(blot > 0 && lines[blot].count <= lines[blot - 1].count, "\(shown)")
    #expect(result.ending == .status(1), "\(result)")
  }

  @Test(arguments: [[], ["-n"], ["--engine", "uring"]])
  func isTakenAwayAtAnInterruption(_ options: [String]) throws {
    let erasure = "\r\u{1b}[K"
    let (shown, result) = try feed(options, until: "B/s", last: erasure, by: SIGINT)
    #expect(shown.hasSuffix(erasure), "\(shown)")
    #expect(result.ending == .signal(SIGINT) && result.errorOutput.isEmpty, "\(result)")
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
