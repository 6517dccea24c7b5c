import Glibc
import SystemPackage
import Testing
import XIOTestSupport

@Suite struct ProgramTests {
  @Test func capturesMuchInBothDirections() throws {
    var source = RandomBytes(seed: 7)
    let bytes = source.next(20_000_000)
    var cat = TestProgram("/bin/cat")
    cat.input = .bytes(bytes)
    let result = try cat.run()
    #expect(result.status == 0)
    #expect(result.output == bytes)
    #expect(result.usage.maximumResidentKibibytes > 0)
  }

  @Test func survivesAProgramThatDoesNotReadItsInput() throws {
    var program = TestProgram("/bin/true")
    program.input = .bytes([UInt8](repeating: 65, count: 1_000_000))
    #expect(try program.run().status == 0)
  }

  @Test func keepsArgumentsThatAreNotText() throws {
    let directory = try TestDirectory()
    let name: [UInt8] = [0x61, 0xff, 0x20, 0xfe]
    let file = try directory.write(name, "odd".utf8)
    #expect(try TestProgram("/bin/cat", [file]).run().outputText == "odd")
    #expect(try directory.names().map(\.rawBytes) == [name])
  }

  @Test func reportsSignalsAndStatuses() throws {
    #expect(try TestProgram("/bin/sh", ["-c", "exit 3"]).run().ending == .status(3))
    let killed = try TestProgram("/bin/sh", ["-c", "kill -PIPE $$"]).run()
    #expect(killed.ending == .signal(SIGPIPE))
    #expect(killed.status == 141)
    #expect("\(killed)".contains("kill -PIPE"))
  }

  @Test func cleansTheEnvironmentAndSetsTheRest() throws {
    setenv("XIO_FORGOTTEN", "1", 1)
    var program = TestProgram("/bin/sh", ["-c", "env; pwd; echo \"$0\" >&2"])
    program.environment = ["ADDED": "yes", "HOME": nil]
    program.workingDirectory = "/usr"
    program.argumentZero = "other"
    let result = try program.run()
    let lines = result.outputText.split(separator: "\n")
    #expect(lines.contains("ADDED=yes"))
    #expect(lines.contains("LC_ALL=C"))
    #expect(lines.contains("COLUMNS=80"))
    #expect(lines.contains("/usr"))
    #expect(!lines.contains { $0.hasPrefix("XIO_") || $0.hasPrefix("HOME=") })
    var named = TestProgram("/bin/cat", ["/nonexistent"])
    named.argumentZero = "other"
    #expect(try named.run().errorText.hasPrefix("other: "))
  }

  @Test func closesStreams() throws {
    var program = TestProgram("/bin/ls", ["-l", "/proc/self/fd"])
    program.input = .closed
    let result = try program.run()
    #expect(!result.outputText.contains(" 0 -> pipe"))
    program = TestProgram("/bin/echo", ["text"])
    program.output = .closed
    #expect(try program.run().status == 1)
    program.output = .file("/dev/full")
    #expect(try program.run().errorText.contains("No space left"))
  }

  @Test func killsAtTheTimeLimit() throws {
    var program = TestProgram("/bin/sh", ["-c", "cat"])
    let pipe = try closeOnExecPipe()
    program.input = .descriptor(pipe.reader)
    program.timeLimit = .milliseconds(200)
    var result: ProgramResult?
    withKnownIssue { result = try program.run() }
    #expect(result?.ending == .signal(SIGKILL))
    #expect(result?.passedLimit?.contains("time limit") == true)
    try pipe.reader.close()
    try pipe.writer.close()
  }

  @Test func startsAndSignals() throws {
    let pipe = try closeOnExecPipe()
    var program = TestProgram("/bin/cat")
    program.input = .descriptor(pipe.reader)
    let running = try program.start()
    try eventually("cat reads") { isBlocked(running.process) }
    #expect(blockingSystemCall(running.process) == 0)
    _ = try pipe.writer.writeAll("abc".utf8)
    try eventually("cat writes") { running.outputSoFar == Array("abc".utf8) }
    try running.signal(SIGTERM)
    #expect(try running.wait().ending == .signal(SIGTERM))
    #expect(running.hasEnded)
    try pipe.reader.close()
    try pipe.writer.close()
  }

  @Test func givesATerminal() throws {
    let terminal = try PseudoTerminal()
    let script = "tty; stty size; read line; echo got $line; tty </dev/tty"
    var program = TestProgram("/bin/sh", ["-c", script])
    program.input = .terminal(terminal)
    program.output = .terminal(terminal)
    let running = try program.start()
    let shown = try terminal.read(until: "24 80")
    #expect(shown.contains(terminal.name.string))
    try terminal.type("word\n")
    _ = try terminal.read(until: "got word")
    #expect(try running.wait().status == 0)
  }

  @Test func runsTheProgramUnderTest() throws {
    let path = try locateXio()
    #expect(!path.isEmpty)
  }
}
