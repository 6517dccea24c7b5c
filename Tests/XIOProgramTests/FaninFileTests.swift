import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Files that are followed beside other sources.
@Suite struct FaninFileTests {
  /// Rotations of all kinds below a reader that is slow, beside a FIFO and a socket.
  @Test(arguments: [
    ("epoll", FileSystemKind.ext4), ("uring", .xfs), ("blocking", .tmpfs), ("poll", .overlayfs),
  ])
  func losesNothingInRotations(_ engine: String, _ kind: FileSystemKind) throws {
    let directory = try TestDirectory(on: kind)
    let streams = try TestDirectory(on: .tmpfs)
    let fifo = try streams.makeFIFO("fifo")
    let socket = streams.path(of: "socket")
    let log = try LogWriter(directory.path(of: "a.log"), letter: UInt8(ascii: "a"))
    try log.write(5)
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      ["--engine", engine, log.path, fifo, "unix-listen:\(socket)"] as [any ByteString],
      output: .descriptor(output))
    try output.close()
    let collector = SlowReader(reader)
    _ = try openWriter(fifo)
    let pipe = try LogWriter(fifo, letter: UInt8(ascii: "p"))
    let client = try TestSocket.connect(socket)
    var sent = 0
    for round in 1...5 {
      try log.write(200)
      try move(log.path, to: directory.path(of: "a.log.\(round)"))
      try log.writeInTwoParts()
      try log.write(300)
      if round % 2 == 0 { try makeEmpty(log.path) }
      try log.write(100)
      try log.reopen()
      try pipe.write(100)
      for _ in 0..<100 {
        sent += 1
        try client.writeAll(LogWriter.line(sent, letter: UInt8(ascii: "s")))
      }
      letPass(.milliseconds(20))
    }
    try client.close()
    let expected =
      log.byteCount + pipe.byteCount
      + (1...sent).reduce(0) { $0 + LogWriter.line($1, letter: 115).count }
    try eventually("everything has come", within: .seconds(30)) {
      collector.count >= expected || gathering.running.hasEnded
    }
    let result = try gathering.finish()
    let check = LineCheck(
      collector.finish(),
      counts: [log.letter: log.count, pipe.letter: pipe.count, UInt8(ascii: "s"): sent])
    #expect(check.isPerfect, "\(check)\n\(result.errorText)")
  }

  @Test func findsNewFilesOfPatterns() throws {
    let directory = try TestDirectory(on: .tmpfs)
    try directory.write("old.log", "old\n".utf8)
    try directory.write("old.gz", "archive\n".utf8)
    let gathering = try Gathering([
      "--label", "{name} ", "--sleep-interval", "60", "--exclude", "*.tmp.log",
      "\(directory.path)/**/*.log",
    ])
    try gathering.expect("old.log old\n")
    try directory.write("new.log", "new\n".utf8)
    try gathering.expect("new.log new\n")
    let deeper = try directory.makeDirectory("deeper")
    let inner = try TestDirectory(root: deeper)
    _ = inner
    let file = deeper.appending("inner.log")
    let log = try LogWriter(file)
    try log.write(1)
    try gathering.expect("inner.log 00000001")
    try directory.write("not.tmp.log", "excluded\n".utf8)
    try directory.write("last.log", "last\n".utf8)
    try gathering.expect("last.log last\n")
    #expect(!gathering.printed.contains("excluded") && !gathering.printed.contains("archive"))
    try gathering.finish()
  }

  @Test func goesOnFromItsCheckpoint() throws {
    let directory = try TestDirectory(on: .ext4)
    let state = directory.path(of: "state")
    let log = try LogWriter(directory.path(of: "a.log"))
    try log.write(1000)
    let arguments = ["--checkpoint", state, log.path] as [any ByteString]
    let first = try Gathering(arguments)
    try eventually("all is printed") { first.running.outputSoFar.count >= log.byteCount }
    try eventually("it is noted") { exists(state) }
    let clean = try first.finish()
    try log.write(500)
    try move(log.path, to: directory.path(of: "a.log.1"))
    try log.reopen()
    try log.write(500)
    let second = try Gathering(arguments)
    try eventually("the rest is printed") {
      second.running.hasEnded
        || clean.output.count + second.running.outputSoFar.count >= log.byteCount
    }
    // Killed without a word: at most what was on its way comes twice.
    letPass(.milliseconds(1100))
    try second.running.signal(SIGKILL)
    let killed = try second.running.wait()
    try log.write(10)
    let third = try Gathering(arguments + ["--until-idle", "300ms"] as [any ByteString])
    let last = try third.running.wait()
    let check = LineCheck(clean.output + killed.output + last.output, of: log)
    #expect(check.isPerfect, "\(check) \(last.errorText)")
  }

  /// Killed in the middle of a block, in a regular file: alone with files it is written once more.
  @Test(arguments: [
    "blocking", "nonblocking", "select", "poll", "epoll", "sigio", "posix-aio", "libaio", "uring",
  ])
  func printsEveryLineOnceInAFile(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let printed = directory.path(of: "printed")
    let output = try directory.openToWrite("printed")
    defer { try? output.close() }
    let logs = try ["a", "b"].map { name in
      try LogWriter(directory.path(of: "\(name).log"), letter: Array(name.utf8)[0])
    }
    let arguments =
      ["fanin", "--engine", engine, "--checkpoint", directory.path(of: "state")]
      + logs.map(\.path) as [any ByteString]
    for limit in [20_010, 70_030] {
      for log in logs { try log.write(500) }
      let killed = try runXio(
        arguments, output: .descriptor(output), launcher: ["--rlimit", "fsize=\(limit)"])
      #expect(try killed.ending != .status(0) && fileSize(printed) == limit, "\(killed)")
    }
    let last = try runXio(
      arguments + ["--until-idle", "300ms"] as [any ByteString], output: .descriptor(output))
    let check = LineCheck(
      try readFile(printed),
      counts: Dictionary(uniqueKeysWithValues: logs.map { ($0.letter, $0.count) }))
    #expect(check.isPerfect, "\(check) \(last.errorText)")
  }

  /// What a FIFO has sent is not cut off, as nobody can read it again.
  @Test func keepsLinesOfStreamsInAFile() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let printed = directory.path(of: "printed")
    let output = try directory.openToWrite("printed")
    defer { try? output.close() }
    let log = try LogWriter(directory.path(of: "a.log"))
    try log.write(500)
    let arguments =
      ["fanin", "--checkpoint", directory.path(of: "state"), "--until-idle", "300ms", log.path]
      as [any ByteString]
    let killed = try runXio(
      arguments + ["cmd:true"], output: .descriptor(output),
      launcher: ["--rlimit", "fsize=20010"])
    let before = try readFile(printed)
    #expect(before.count == 20_010, "\(killed)")
    let last = try runXio(arguments, output: .descriptor(output))
    let after = try readFile(printed)
    #expect(after.starts(with: before + [UInt8(ascii: "\n")]), "\(last.errorText)")
    #expect(LineCheck(after, of: log).lost.isEmpty)
  }

  @Test func beginsWhereItIsAskedTo() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = try LogWriter(directory.path(of: "a.log"))
    try log.write(5)
    let gathering = try Gathering(["--from", "end", log.path] as [any ByteString])
    try eventually("it waits") { isBlocked(gathering.running.process) }
    try log.write(1)
    try gathering.expect("00000006")
    #expect(!gathering.printed.contains("00000005"))
    try gathering.finish()
  }

  @Test func waitsForAFileThatIsNotThereYet() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let path = directory.path(of: "later")
    let gathering = try Gathering([path])
    try gathering.expect(saying: "cannot open '\(path)' for reading: No such file or directory")
    try directory.write("later", "x\n".utf8)
    try gathering.expect("x\n")
    try gathering.finish()
  }

  @Test func endsWhenNothingComes() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let file = try directory.write("f", "x\nunfinished".utf8)
    let result = try runXio(["fanin", "--until-idle", "200ms", file] as [any ByteString])
    expectQuietSuccess(result)
    #expect(result.outputText == "x\nunfinished\n")
  }

  @Test func endsWithAProcess() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let file = try directory.write("f", "x\n".utf8)
    let other = try TestProgram(try findTool("sleep"), ["100"]).start()
    let gathering = try Gathering(["--pid", "\(other.process)", file] as [any ByteString])
    try gathering.expect("x\n")
    let log = try FileDescriptor.open(file, .writeOnly, options: [.append])
    _ = try log.closeAfter { try log.writeAll("last words".utf8) }
    try other.signal(SIGKILL)
    _ = try other.wait()
    let result = try gathering.running.wait()
    expectQuietSuccess(result)
    #expect(result.outputText == "x\nlast words\n", "\(result)")
  }

  /// SIGTERM lets out what is there, and ends by the signal all the same.
  @Test(arguments: ["epoll", "uring", "blocking", "posix-aio", "libaio", "sigio", "nonblocking"])
  func takesWhatIsThereBeforeItEnds(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      ["--engine", engine, fifo] as [any ByteString], output: .descriptor(output))
    try output.close()
    let writer = try openWriter(fifo)
    _ = fcntl(writer.rawValue, F_SETFL, O_NONBLOCK)
    let line = Array("\(String(repeating: "x", count: 99))\n".utf8)
    // More than the pipes hold, so that some of it is in every place where it can be.
    var count = 0
    try? eventually("the FIFO is full", within: .seconds(2)) {
      while line.withUnsafeBytes({ Glibc.write(writer.rawValue, $0.baseAddress, $0.count) })
        == line.count
      { count += 1 }
      return false
    }
    try gathering.running.signal(SIGTERM)
    let collector = SlowReader(reader, pause: .zero)
    let result = try gathering.running.wait()
    let collected = collector.finish()
    #expect(result.ending == .signal(SIGTERM), "\(result)")
    #expect(collected.count >= count * line.count, "\(collected.count) of \(count * line.count)")
    #expect(collected.count % line.count == 0)
    try writer.close()
  }

  @Test func drainingHasATimeLimit() throws {
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      ["--drain-timeout", "200ms", "cmd:yes"], output: .descriptor(output))
    try output.close()
    try eventually("the pipe is full") { readableBytes(reader) >= 1 << 20 }
    try gathering.running.signal(SIGTERM)
    let result = try gathering.running.wait()
    #expect(
      result.ending == .signal(SIGTERM) && result.errorText.contains("not all of it went out"),
      "\(result)")
    try reader.close()
  }
}
