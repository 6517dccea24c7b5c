import SystemPackage
import Testing
import XIOTestSupport

/// How far `copy --progress` says it is.
@Suite struct CopyProgressTests {
  @Test(arguments: [["-r"], ["--engine=uring"], ["-r", "--engine=epoll"], ["--atomic"]])
  func isShownOnATerminal(_ options: [String]) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.makeDirectory("source")
    for number in 0..<4 { try directory.writeRandom("source/\(number)", count: 600_000) }
    let terminal = try PseudoTerminal()
    // A copy that takes a second, and then says that it does.
    let running = try startXio(
      ["copy", "--progress", "--jobs=1", "-r"] + options + [source, directory.path(of: "target")],
      errorOutput: .terminal(terminal), environment: ["TERM": "xterm"],
      strace: straceInjecting(["newfstatat:delay_exit=100000"]))
    var shown = ""
    try eventually("the terminal shows how far it is") {
      shown += (try? terminal.read(until: "B/s", within: .milliseconds(50))) ?? ""
      return shown.contains("B/s") || running.hasEnded
    }
    let result = try running.wait()
    #expect(result.ending == .status(0), "\(result)")
    #expect(shown.hasPrefix("\r\u{1b}[Kxio copy: "), "\(shown)")
    #expect(shown.contains(" of 2.29 MiB, ") && shown.contains(" of 4 files, "), "\(shown)")
  }

  /// What is copied in batches is counted once, too.
  @Test func smallFilesAreCountedOnce() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.makeDirectory("source")
    for number in 0..<64 { try directory.writeRandom("source/\(number)", count: 3000) }
    let terminal = try PseudoTerminal(columns: 120)
    let running = try startXio(
      ["copy", "--progress", "--jobs=1", "-r", source, directory.path(of: "target")],
      errorOutput: .terminal(terminal), strace: straceInjecting(["write:delay_exit=40000"]))
    var shown = ""
    try eventually("the copy has ended", within: .seconds(30)) {
      shown += (try? terminal.read(until: "B/s", within: .milliseconds(50))) ?? ""
      return running.hasEnded
    }
    let result = try running.wait()
    #expect(result.ending == .status(0), "\(result)")
    let counts = shown.matches(of: /(\d+) of 64 files/).compactMap { Int($0.1) }
    #expect(!counts.isEmpty && counts.allSatisfy { $0 <= 64 }, "\(shown)")
    #expect(shown.contains(" of 188 KiB, "), "\(shown)")
  }

  /// How much a FIFO brings nobody knows before.
  @Test func doesNotSayOfHowMuchWhenThatIsUnknown() throws {
    let directory = try TestDirectory()
    let fifo = try directory.makeFIFO("fifo")
    let terminal = try PseudoTerminal(columns: 120)
    let running = try startXio(
      ["copy", "--progress", "-r", "--copy-contents", fifo, directory.path(of: "target")],
      errorOutput: .terminal(terminal), environment: ["TERM": "xterm"])
    let writer = try openWriter(fifo)
    var shown = ""
    try eventually("the terminal shows how far it is") {
      try writer.writeAll(Array("some bytes\n".utf8))
      shown += (try? terminal.read(until: "B/s", within: .milliseconds(50))) ?? ""
      return shown.contains("B/s")
    }
    try writer.close()
    let result = try running.wait()
    #expect(result.ending == .status(0), "\(result)")
    #expect(!shown.contains(" of 0 B"), "\(shown)")
  }

  @Test func isNotShownElsewhere() throws {
    let directory = try TestDirectory()
    let source = try directory.writeRandom("source", count: 300_000)
    let result = try runXio(
      ["copy", "--progress", source, directory.path(of: "target")],
      strace: straceInjecting(["newfstatat:delay_exit=400000:when=1..4"]))
    expectQuietSuccess(result)
    #expect(result.output.isEmpty)
  }
}
