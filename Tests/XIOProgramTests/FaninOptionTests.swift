import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Options of `fanin`, each of which changes something.
@Suite struct FaninOptionTests {
  /// How many lines of a flood are kept for a reader that stands still.
  private func kept(_ options: [String]) throws -> Int {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let (reader, output) = try closeOnExecPipe()
    // A pipe that is smaller than usual is not grown, which might or might not be possible (F_SETPIPE_SZ).
    _ = fcntl(output.rawValue, 1031, 4096)
    let gathering = try Gathering(
      ["--on-full", "drop-newest"] + options + [fifo] as [any ByteString],
      output: .descriptor(output))
    try output.close()
    let writer = try openWriter(fifo)
    let line = Array("\(String(repeating: "x", count: 99))\n".utf8)
    var rest = 60_000
    try eventually("everything was taken", within: .seconds(30)) {
      while rest > 0 {
        let count = line.withUnsafeBytes {
          Glibc.write(writer.rawValue, $0.baseAddress, $0.count)
        }
        guard count == line.count else { return false }
        rest -= 1
      }
      return readableBytes(writer) == 0
    }
    try writer.close()
    let collector = SlowReader(reader, pause: .zero)
    _ = try gathering.running.wait()
    return collector.finish().count / line.count
  }

  @Test func sourceMemoryLimitsWhatWaits() throws {
    let small = try kept(["--memory", "4M", "--source-memory", "64K"])
    let large = try kept(["--memory", "4M", "--source-memory", "2M"])
    // Each line takes up to 40 bytes more than it has, and one block or all four of 128 KiB may be full.
    #expect((10_500...24_300).contains(large - small), "\(small) and \(large) lines")
  }

  @Test(arguments: [
    ("suspend", nil), ("poll", "sched_yield"), ("signal", "rt_sigtimedwait"),
    ("thread", nil),
  ]) func notifyChoosesHowToWait(_ notification: String, _ call: String?) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let file = directory.path(of: "report")
    // The first bytes are there before it asks for them: it looks for them in turns.
    let input = try closeOnExecPipe()
    try input.writer.writeAll("x\n".utf8)
    let gathering = try Gathering(
      [
        "--engine", "posix-aio", "--notify", notification, "--report=json", "--report-to", file,
        "-",
      ] as [any ByteString], input: .descriptor(input.reader))
    try gathering.expect("x\n")
    if notification != "poll" {
      try eventually("it waits") { isBlocked(gathering.running.process) }
    }
    try input.writer.writeAll("y\n".utf8)
    try gathering.expect("y\n")
    try input.writer.close()
    _ = try gathering.running.wait()
    try input.reader.close()
    let report = try JSONReport(try directory.read("report"))
    #expect(try report.object("engine")["notify"] as? String == notification)
    let calls = try #require(try report.object("system_calls")["by_name"] as? [String: Any])
    for name in ["sched_yield", "rt_sigtimedwait"] {
      #expect((calls[name] != nil) == (name == call), "\(calls)")
    }
    // A callback writes to a descriptor that is waited for; otherwise only the input is, once.
    #expect((calls["ppoll"] as? Int ?? 0 > 1) == (notification == "thread"), "\(calls)")
  }

  /// Without inotify new lines are found by looking, as often as is asked for.
  @Test(arguments: [nil, "0.05", "60"]) func looksAtFilesInAnInterval(_ interval: String?) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = try LogWriter(directory.path(of: "log"))
    try log.write(1)
    let running = try startXio(
      ["fanin"] + (interval.map { ["--sleep-interval", $0] } ?? []) + [log.path]
        as [any ByteString],
      strace: straceInjecting(["inotify_init1:error=EMFILE"]))
    defer { try? running.signal(SIGKILL) }
    try eventually("the first line is printed") { running.outputSoFar.count == log.byteCount }
    try log.write(1)
    if interval == "60" {
      letPass(.milliseconds(1500))
      #expect(running.outputSoFar.count < log.byteCount)
    } else {
      try eventually("the second line is printed") { running.outputSoFar.count == log.byteCount }
    }
  }

  @Test(arguments: [
    ("split", 3), ("truncate", 3), ("drop", 3), ("pass", 0),
  ]) func strictTellsOfLinesThatAreTooLong(_ policy: String, _ status: CInt) throws {
    let arguments = ["--max-line", "4", "--long-line", policy, "cmd:echo aaaaaaa"]
    #expect(try runXio(["fanin", "--strict"] + arguments).ending == .status(status))
    #expect(try runXio(["fanin"] + arguments).ending == .status(0))
  }

  @Test func strictTellsOfRefusedConnections() throws {
    for (options, status) in [(["--strict"], 3), ([], 0)] as [([String], CInt)] {
      let directory = try TestDirectory(on: .tmpfs)
      let path = directory.path(of: "socket")
      let gathering = try Gathering(
        options + ["--connections", "1", "--until-idle", "500ms", "unix-listen:\(path)"])
      let first = try TestSocket.connect(path)
      try first.writeAll("x\n".utf8)
      try gathering.expect("x\n")
      let second = try TestSocket.connect(path)
      var byte: UInt8 = 0
      #expect(read(second.rawValue, &byte, 1) <= 0)
      let result = try gathering.running.wait()
      #expect(
        result.ending == .status(status)
          && result.errorText.contains("lost: 1 connection refused"), "\(result)")
      try first.close()
      try second.close()
    }
  }

  @Test func strictTellsOfRecordsThatAreTooLong() throws {
    try requireRoot(to: "have a socket hold a record of this size")
    let directory = try TestDirectory(on: .tmpfs)
    let path = directory.path(of: "socket")
    let gathering = try Gathering(
      ["--strict", "--until-idle", "500ms", "seqpacket-listen:\(path)"], output: .null)
    let client = try TestSocket.connect(path, CInt(SOCK_SEQPACKET.rawValue))
    var size: CInt = 4 << 20
    // SO_SNDBUFFORCE
    try #require(setsockopt(client.rawValue, SOL_SOCKET, 32, &size, 4) == 0)
    try client.writeAll([UInt8](repeating: UInt8(ascii: "r"), count: 300_000))
    let result = try gathering.running.wait()
    #expect(
      result.ending == .status(3)
        && result.errorText.contains("lost: \(300_000 - (256 << 10)) bytes of records"),
      "\(result)")
    try client.close()
  }

  @Test func strictTellsOfFilesThatWereCut() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = try LogWriter(directory.path(of: "log"))
    try log.write(40_000)
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      ["--strict", "--until-idle", "500ms", log.path] as [any ByteString],
      output: .descriptor(output))
    try output.close()
    // It sees how long the file is, and can print no more than the pipe takes.
    try eventually("the pipe is full") { readableBytes(reader) >= 900_000 }
    try log.truncate()
    try gathering.expect(saying: "file truncated;")
    let collector = SlowReader(reader, pause: .zero)
    let result = try gathering.running.wait()
    let printed = collector.finish().count
    #expect(
      result.ending == .status(3)
        && result.errorText.contains("lost: \(log.byteCount - printed) bytes truncated"),
      "\(printed) of \(log.byteCount): \(result)")
  }

  @Test func strictTellsOfFilesThatNobodyCouldRead() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = directory.path(of: "log")
    try makeEmpty(log)
    let gathering = try Gathering(
      ["--strict", "--until-idle", "500ms", log] as [any ByteString])
    try eventually("it waits") { isBlocked(gathering.running.process) }
    try gathering.running.signal(SIGSTOP)
    try eventually("it is stopped") { processState(gathering.running.process) == .stopped }
    try remove(log)
    try directory.write("log", "nobody sees this\n".utf8)
    try remove(log)
    try directory.write("log", "last\n".utf8)
    try gathering.running.signal(SIGCONT)
    let result = try gathering.running.wait()
    #expect(
      result.outputText == "last\n" && result.ending == .status(3)
        && result.errorText.contains("lost: 1 file gone before being read"), "\(result)")
  }

  @Test(arguments: ["0", "3"]) func endsAfterAsManyLinesAsAreAskedFor(_ lines: String) throws {
    let result = try runXio(["fanin", "--lines", lines, "cmd:printf '1\\n2\\n3\\n4\\n'"])
    expectQuietSuccess(result)
    #expect(result.outputText == (lines == "0" ? "" : "1\n2\n3\n"))
  }
}
