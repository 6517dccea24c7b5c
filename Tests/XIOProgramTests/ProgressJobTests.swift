import SystemPackage
import Testing
import XIOTestSupport

/// A progress line beside a shell that stops its jobs and has them go on, and in narrow terminals.
@Suite struct ProgressJobTests {
  private static let line = "\r\u{1b}[K"

  /// A shell with job control, whose job is fed by the test.
  private final class Shell {
    let terminal: PseudoTerminal
    private let directory = try? TestDirectory()
    private let running: RunningProgram
    private let feed: FileDescriptor

    init(columns: UInt16 = 80) throws {
      let directory = try #require(directory)
      terminal = try PseudoTerminal(columns: columns)
      var program = TestProgram(try findTool("bash"), ["--norc", "--noprofile", "-i"])
      program.input = .terminal(terminal)
      program.output = .terminal(terminal)
      program.errorOutput = .terminal(terminal)
      program.workingDirectory = directory.path
      program.environment = ["TERM": "dumb", "COLUMNS": nil, "XIO": "\(try locateXio())"]
      running = try program.start()
      try terminal.type("PS1=; mkfifo fed; echo READ''Y\n")
      _ = try terminal.read(until: "READY")
      feed = try FileDescriptor.open(
        directory.path(of: "fed"), .readWrite, options: [.closeOnExec])
    }

    /// Feeds the job until the terminal has shown a text.
    @discardableResult
    func shows(_ expected: String) throws -> String {
      var shown = ""
      try eventually("the terminal shows \(expected.debugDescription)") {
        _ = try feed.writeAll(Array("some bytes\n".utf8))
        shown += (try? terminal.read(until: expected, within: .milliseconds(50))) ?? ""
        return shown.contains(expected)
      }
      return shown
    }

    func end() throws {
      try terminal.type("exit\n")
      try running.signal(9)
      _ = try running.wait()
      try feed.close()
    }
  }

  @Test func isDrawnInTheForegroundAlone() throws {
    let shell = try Shell()
    try shell.terminal.type("TERM=xterm \"$XIO\" cat --progress fed > /dev/null\n")
    try shell.shows("B/s")
    try shell.terminal.type("\u{1a}")
    _ = try shell.terminal.read(until: "Stopped")
    try shell.terminal.type("bg; echo BEHI''ND\n")
    _ = try shell.terminal.read(until: "BEHIND")
    // What the job would draw meanwhile comes before the answer of the shell.
    let began = ContinuousClock.now
    while ContinuousClock.now - began < .milliseconds(700) {
      try shell.terminal.type("echo ALI''VE\n")
      #expect(try !shell.shows("ALIVE").contains(Self.line))
    }
    try shell.terminal.type("fg\n")
    try shell.shows(Self.line)
    try shell.terminal.type("\u{3}")
    try shell.terminal.type("echo status $?\n")
    _ = try shell.terminal.read(until: "status 130")
    try shell.end()
  }

  /// A line that is wider than the terminal could not be taken back.
  @Test(arguments: [40, 20] as [UInt16]) func fitsIntoTheTerminal(_ columns: UInt16) throws {
    let shell = try Shell(columns: columns)
    try shell.terminal.type("ln -s fed ä漢字ä漢字ä漢字ä漢字ä漢字; export LC_ALL=C.UTF-8\n")
    try shell.terminal.type("TERM=xterm \"$XIO\" cat --progress ä* > /dev/null\n")
    let shown = try shell.shows(Self.line) + shell.shows(Self.line)
    let lines = shown.split(separator: Self.line, omittingEmptySubsequences: false).dropFirst()
      .dropLast()
    #expect(!lines.isEmpty)
    for line in lines {
      #expect(line.reduce(0) { $0 + ($1.isASCII ? 1 : 2) } < Int(columns), "\(line)")
    }
    try shell.end()
  }
}
