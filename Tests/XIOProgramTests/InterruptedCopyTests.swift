import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// A copy that is asked to end in its middle stops there and leaves nothing behind.
@Suite struct InterruptedCopyTests {
  private static let engines = [
    "blocking", "nonblocking", "select", "poll", "epoll", "sigio", "posix-aio", "libaio", "uring",
    "kernel",
  ]

  @Test(arguments: engines, [SIGTERM, SIGINT])
  func stops(_ engine: String, _ signal: CInt) throws {
    let directory = try TestDirectory(on: .ext4)
    // What is not in the page cache keeps an engine waiting that asks for it again and again.
    let source = try directory.writeSparse("source", count: 3 << 30)
    let target = directory.path(of: "target")
    var endings: [ProgramResult.Ending] = []
    repeat {
      if exists(target) { try remove(target) }
      let running = try startXio(
        ["copy", "--sparse=never", "--engine", engine, "--block-size", "64K", source, target])
      try eventually("the copy has begun") {
        try (try? fileSize(target)) ?? 0 > 1 << 20 || running.hasEnded
      }
      try running.signal(signal)
      let result = try running.wait()
      #expect(result.errorText.isEmpty, "\(result)")
      endings.append(result.ending)
      // One that had ended before it could be asked to says nothing.
    } while endings.last == .status(0) && endings.count < 5
    #expect(endings.last == .signal(signal), "\(endings)")
    #expect(try directory.names() == ["source"])
  }

  /// Several threads are in the middle of files then.
  @Test(arguments: [[], ["--atomic"], ["--engine=blocking"]], [SIGTERM, SIGINT, SIGHUP])
  func leavesWholeFilesInATree(_ options: [String], _ signal: CInt) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.makeDirectory("source")
    for number in 0..<24 {
      try directory.writeRandom("source/\(number)", count: 1_000_000 + number)
    }
    let log = directory.path(of: "log")
    let call = options == ["--engine=blocking"] ? "pwrite64" : "copy_file_range"
    let running = try startXio(
      ["copy", "-r", "--jobs=4"] + options + [source, directory.path(of: "target")],
      strace: straceInjecting(["\(call):delay_exit=100000"], log: log))
    try eventually("some files are being copied") {
      let calls = String(decoding: (try? directory.read("log")) ?? [], as: UTF8.self)
      return calls.split(separator: "\n").count { $0.contains(call) } > 8
    }
    try running.signal(signal)
    let result = try running.wait()
    #expect(result.ending == .signal(signal) && result.errorOutput.isEmpty, "\(result)")
    let names = try runTool("ls", "-A", directory.path(of: "target")).split(separator: "\n")
    #expect(names.count < 24)
    for name in names {
      try expectIdentical(
        directory.path(of: "source/\(name)"), directory.path(of: "target/\(name)"))
    }
  }

  /// The alarm that ends a wait which begins after the signal is not needed here, and does not come.
  @Test(arguments: engines) func endsAWaitForInput(_ engine: String) throws {
    let directory = try TestDirectory()
    let pipe = try closeOnExecPipe()
    defer { for end in [pipe.reader, pipe.writer] { try? end.close() } }
    let running = try startXio(
      ["copy", "--engine", engine, "/dev/stdin", directory.path(of: "target")],
      input: .descriptor(pipe.reader), strace: straceInjecting(["alarm:retval=0"]),
      timeLimit: .seconds(20))
    try eventually("the copy waits for its input") {
      try directory.has("target") && processState(running.process) == .sleeping
    }
    try running.signal(SIGINT)
    let result = try running.wait()
    #expect(result.ending == .signal(SIGINT), "\(result)")
    #expect(try directory.names().isEmpty)
  }

  /// The C library puts the error of an announcement in the place of the result.
  @Test(arguments: ["signal", "thread"])
  func anAnnouncementThatFailsLosesNoBytes(_ notify: String) throws {
    let directory = try TestDirectory()
    let source = try directory.writeRandom("source", count: 3_000_000)
    let result = try runXio(
      [
        "copy", "--engine", "posix-aio", "--notify", notify, source, directory.path(of: "target"),
      ], launcher: ["--rlimit", "sigpending=0"])
    if result.status == 0 {
      try expectIdentical(source, directory.path(of: "target"))
    } else {
      #expect(result.errorText.contains("'\(source)': No buffer space available"), "\(result)")
      #expect(try directory.names() == ["source"])
    }
  }
}
