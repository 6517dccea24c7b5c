import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Lines of several sources, as a user meets them.
@Suite struct FaninTests {
  private static let engines = [
    "blocking", "nonblocking", "select", "poll", "epoll", "sigio", "posix-aio", "libaio", "uring",
  ]

  @Test(arguments: engines) func sameLinesPerSourceThroughEveryEngine(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifos = try ["a", "b"].map { try directory.makeFIFO($0) }
    let file = try directory.write("file", "f1\nf2".utf8)
    let gathering = try Gathering(
      ["--engine", engine, "--label", "{n} ", "--no-follow", file] + fifos
        + ["cmd:printf 'c1\\nc2\\n'", "-"] as [any ByteString],
      input: .bytes(Array("s1\ns2\n".utf8)))
    for (letter, fifo) in zip(["a", "b"], fifos) {
      let writer = try openWriter(fifo)
      _ = try writer.closeAfter { try writer.writeAll("\(letter)1\n\(letter)2\nend".utf8) }
    }
    let result = try gathering.running.wait()
    expectQuietSuccess(result)
    let lines = result.outputText.split(separator: "\n").map(String.init)
    for (number, expected) in [
      (1, ["f1", "f2"]), (2, ["a1", "a2", "end"]), (3, ["b1", "b2", "end"]), (4, ["c1", "c2"]),
      (5, ["s1", "s2"]),
    ] {
      #expect(
        lines.filter { $0.hasPrefix("\(number) ") } == expected.map { "\(number) \($0)" },
        "\(result)")
    }
    #expect(lines.count == 12)
  }

  @Test func aFIFOWithoutWriterHasNotEnded() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let gathering = try Gathering([fifo])
    try eventually("it waits") { isBlocked(gathering.running.process) }
    let writer = try openWriter(fifo)
    _ = try writer.closeAfter { try writer.writeAll("x\n".utf8) }
    #expect(try gathering.running.wait().outputText == "x\n")
  }

  @Test func labelsAreFilledInAndEscaped() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let file = try directory.write([UInt8]("a\n\u{1B}[31m".utf8) + [0xFF], "x\n".utf8)
    let result = try runXio(
      [
        "fanin", "--no-follow", "--label", "{n:>3}|{name:20}|{{{path}}} ", file,
      ] as [any ByteString])
    let name = "a\\n\\033[31m\\377"
    #expect(
      result.outputText
        == "  1|\(name)\(String(repeating: " ", count: 20 - name.count))|{\(directory.path)/\(name)} x\n",
      "\(result)")
  }

  @Test func labelsHaveTimesAndProcesses() throws {
    let result = try runXio([
      "fanin", "--label", "{pid} {time} ", "cmd:echo 2026-11-25T09:56:30.5+01:00 x; echo y",
    ])
    let lines = result.outputText.split(separator: "\n")
    #expect(
      lines.count == 2 && lines.allSatisfy { $0.contains(" 2026-11-25T08:56:30.500Z ") },
      "\(result)")
    #expect(Int(lines[0].split(separator: " ")[0]) ?? 0 > 1, "\(result)")
    let arrival = try runXio([
      "fanin", "--time", "arrival", "--label", "{time} ", "cmd:echo 2001-11-25T09:56:30Z x",
    ])
    #expect(
      !arrival.outputText.hasPrefix("2001") && arrival.outputText.hasPrefix("20"), "\(arrival)")
  }

  @Test func coloursLabelsOnlyWhereTheyAreWanted() throws {
    let plain = ["fanin", "--label", "{n} ", "cmd:echo x"]
    #expect(try runXio(plain).outputText == "1 x\n")
    #expect(try runXio(plain + ["--color", "always"]).outputText == "\u{1B}[36m1 \u{1B}[0mx\n")
    let terminal = try PseudoTerminal()
    for (environment, isColoured) in [
      (["TERM": "xterm", "NO_COLOR": ""], true), (["TERM": "xterm", "NO_COLOR": "1"], false),
    ] {
      try runXio(plain, output: .terminal(terminal), environment: environment)
      let shown = try terminal.read(until: "x\r\n")
      #expect(shown.contains("\u{1B}[36m") == isColoured, "\(shown.debugDescription)")
    }
  }

  @Test func writesJSON() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let file = try directory.write("file", [UInt8]("a\"\\\u{1}\t\n".utf8) + [0xFF, 0xFE, 10])
    let result = try runXio(["fanin", "--no-follow", "--format", "json", file] as [any ByteString])
    let lines = result.outputText.split(separator: "\n").map { Array($0.utf8) }
    let first = try JSONReport(try #require(lines.first))
    #expect(first.fields["line"] as? String == "a\"\\\u{1}\t", "\(result)")
    #expect(first.fields["source"] as? String == file.string && first.fields["n"] as? Int == 1)
    let second = try JSONReport(try #require(lines.last)).object("line")
    #expect(second["bytes"] as? String == "//4=", "\(result)")
  }

  @Test func writesHeadersAsTailDoes() throws {
    let result = try runXio(["fanin", "--format", "tail", "cmd:echo a", "cmd:sleep 0.3; echo b"])
    #expect(result.outputText == "==> cmd:echo a <==\na\n\n==> cmd:sleep 0.3; echo b <==\nb\n")
  }

  @Test(arguments: [
    ("split", "aaaa\naa\nc\n"), ("truncate", "aaaa\nc\n"), ("drop", "c\n"), ("pass", "aaaaaa\nc\n"),
  ]) func treatsLongLines(_ policy: String, _ expected: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let file = try directory.write("f", "aaaaaa\nc\n".utf8)
    let result = try runXio(
      ["fanin", "--no-follow", "--max-line", "4", "--long-line", policy, file] as [any ByteString])
    #expect(result.outputText == expected, "\(result)")
  }

  /// Lines that are longer than any buffer, and a source that interrupts.
  @Test(arguments: ["split", "truncate", "drop", "pass"]) func treatsVeryLongLines(_ policy: String)
    throws
  {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let gathering = try Gathering([
      "--max-line", "300K", "--long-line", policy, fifo,
      "cmd:for i in 1 2 3 4 5 6 7 8; do echo whole; sleep 0.02; done",
    ])
    let writer = try openWriter(fifo)
    _ = fcntl(writer.rawValue, F_SETFL, 0)
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000)
    _ = try writer.closeAfter {
      try writer.writeAll(long)
      try writer.writeAll("\nafter\n".utf8)
    }
    let result = try gathering.running.wait()
    var lengths = result.outputText.split(separator: "\n").filter { $0 != "whole" }.map(\.count)
    #expect(lengths.popLast() == 5)
    let limit = 300 << 10
    let expected: [Int] =
      switch policy {
      case "split": [limit, limit, limit, 1_000_000 - 3 * limit]
      case "truncate": [limit]
      case "drop": []
      default: [1_000_000]
      }
    #expect(lengths == expected, "\(lengths)")
    #expect(result.outputText.ranges(of: "whole").count == 8)
    #expect(
      result.errorText.contains("1 line was too long") == ["truncate", "drop"].contains(policy),
      "\(result.errorText)")
  }

  @Test func partialLinesComeAfterTheirTime() throws {
    let (reader, writer) = try closeOnExecPipe()
    let gathering = try Gathering(["--partial-flush", "100ms", "-"], input: .descriptor(reader))
    try reader.close()
    try writer.writeAll("begin".utf8)
    try gathering.expect("begin\n")
    try writer.writeAll("ning\nend".utf8)
    try gathering.expect("begin\nning\nend\n")
    try writer.close()
    #expect(try gathering.running.wait().outputText == "begin\nning\nend\n")
  }

  @Test func withoutPartialFlushAnUnfinishedLineWaits() throws {
    let (reader, writer) = try closeOnExecPipe()
    let gathering = try Gathering(["-", "cmd:sleep 0.3; echo other"], input: .descriptor(reader))
    try reader.close()
    try writer.writeAll("begin".utf8)
    try gathering.expect("other\n")
    #expect(gathering.printed == "other\n")
    try writer.close()
    #expect(try gathering.running.wait().outputText == "other\nbegin\n")
  }

  @Test func linesEndWithWhatIsAskedFor() throws {
    let (reader, writer) = try closeOnExecPipe()
    let gathering = try Gathering(
      ["--delimiter", "\\r\\n", "--label", ">", "-"], input: .descriptor(reader))
    try reader.close()
    // The end of the first line comes in two parts.
    try writer.writeAll("a\nb\r".utf8)
    try eventually("it was read") {
      readableBytes(writer) == 0 && isBlocked(gathering.running.process)
    }
    try writer.writeAll("\nc\rd\r\nrest".utf8)
    try writer.close()
    #expect(try gathering.running.wait().outputText == ">a\nb\r\n>c\rd\r\n>rest\r\n")
    let zero = try runXio(["fanin", "-z", "--label", ">", "cmd:printf 'a\\nb\\0c'"])
    #expect(zero.outputText == ">a\nb\0>c\0")
  }

  @Test func readsDescriptorsAndLists() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let inner = try directory.write("inner", "# comment\n\ncmd:echo b\n".utf8)
    let list = try directory.write("list", "cmd:echo a\r\n@\(inner)\nfd:0".utf8)
    let file = try directory.write("in", "skipped\nc\n".utf8)
    let result = try runXio(["fanin", "--label", "{n}", "@\(list)"], input: .file(file))
    #expect(
      Set(result.outputText.split(separator: "\n")) == ["1a", "2b", "3skipped", "3c"], "\(result)")
    try directory.write("loop", "@\(directory.path(of: "loop"))\n".utf8)
    expectMessage(try runXio(["fanin", "@\(directory.path(of: "loop"))"]), "Too many levels")
  }

  @Test func endsAfterSoManyLines() throws {
    let result = try runXio(["fanin", "--lines", "100001", "cmd:yes", "cmd:yes"])
    expectQuietSuccess(result)
    #expect(result.output.count == 200_002)
  }

  @Test func saysHowCommandsHaveFailed() throws {
    let result = try runXio(["fanin", "cmd:echo x; exit 3", "cmd:kill -9 $$"])
    #expect(result.outputText == "x\n" && result.ending == .status(1), "\(result)")
    #expect(result.errorText.contains("'cmd:echo x; exit 3': ended with status 3"), "\(result)")
    #expect(result.errorText.contains("was ended by signal 9"), "\(result)")
  }

  @Test func endsCommandsWithItself() throws {
    let gathering = try Gathering(["cmd:echo $$; exec sleep 100"])
    try eventually("the command runs") { gathering.printed.hasSuffix("\n") }
    let process = try #require(Int32(gathering.printed.dropLast()))
    try gathering.finish(by: SIGINT)
    try eventually("the command has ended") { processState(process).map { $0 == .zombie } ?? true }
  }

  @Test func saysWhatCannotBeOpened() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let missing = directory.path(of: "missing")
    let result = try runXio(["fanin", "--no-follow", missing, "cmd:echo x"] as [any ByteString])
    #expect(result.outputText == "x\n" && result.ending == .status(1), "\(result)")
    #expect(
      result.errorText.contains("cannot open '\(missing)' for reading: No such file"), "\(result)")
    let near = try runXio(["fanin", "--no-follow", "unx-listen:/a:b"])
    #expect(near.errorText.hasSuffix("hint: did you mean 'unix-listen:/a:b'?\n"), "\(near)")
    #expect(!result.errorText.contains("hint"), "\(result)")
    // What comes later would not be read.
    let pattern = directory.path(of: "*.log")
    let unmatched = try runXio(["fanin", "--no-follow", pattern, "cmd:echo x"] as [any ByteString])
    #expect(unmatched.outputText == "x\n" && unmatched.ending == .status(1), "\(unmatched)")
    #expect(unmatched.errorText.contains("'\(pattern)'"), "\(unmatched)")
    #expect(unmatched.errorText.contains("no file matches"), "\(unmatched)")
    expectMessage(try runXio(["fanin", "fd:77"]), "'fd:77'", "Bad file descriptor")
    let socket = try TestSocket.bind(directory.path(of: "socket"))
    defer { try? socket.close() }
    let refused = try runXio(["fanin", directory.path(of: "socket")] as [any ByteString])
    #expect(
      refused.errorText.contains("it is a socket") && refused.errorText.contains("hint: say unix:"))
    let folder = try runXio(["fanin", directory.path] as [any ByteString])
    #expect(folder.errorText.contains("Is a directory") && folder.ending == .status(1), "\(folder)")
  }

  @Test(arguments: [
    (["--label", "{"], "has no partner"), (["--label", "{x}"], "has no field 'x'"),
    (["--label", "{n:999}"], "no width"), (["--delimiter", ""], "between 1 and 256"),
    (["--delimiter", "\\q"], "are understood"), (["-z", "--delimiter", "x"], "exclude each other"),
    (["--max-line", "0"], "longest line"), (["--window", "1s"], "--order window"),
    (["--order", "merge", "tcp-listen:0"], "has no end"), (["--memory", "10"], "at least 1M"),
    (["--source-memory", "1K"], "at least 64K"), (["--connections", "0"], "between 1 and 4096"),
    (["--long-line", "pass", "--format", "json"], "--long-line pass"),
    (["--engine", "kernel"], "ends of lines"), (["--queue-depth", "4"], "no --queue-depth"),
    (["--cache", "direct"], "no --cache"),
    (["--on-full", "spill", "--order", "window"], "--order arrival"),
    (["--no-follow", "--checkpoint", "c"], "are followed"),
    (["tcp:host"], "needs a host and a port"),
    (["tcp:::1:80"], "brackets"), (["fd:x"], "no number"), (["cmd:"], "no command"),
    (["--time", "arrival", "--time-format", "%s"], "--time detect"),
    (["--pid", "x"], "invalid PID"),
    (["--stats-every", "0"], "must not be 0"),
  ]) func refusesWhatMakesNoSense(_ arguments: [String], _ part: String) throws {
    expectMessage(try runXio(["fanin"] + arguments), part)
  }

  @Test func failsWhereOutputFails() throws {
    let result = try runXio(["fanin", "cmd:echo x"], output: .file("/dev/full"))
    expectMessage(result, "error writing standard output: No space left on device")
  }

  @Test(arguments: engines) func endsWithItsReader(_ engine: String) throws {
    let (reader, writer) = try closeOnExecPipe()
    let gathering = try Gathering(
      ["--engine", engine, "cmd:yes"], output: .descriptor(writer))
    try writer.close()
    var byte = [UInt8](repeating: 0, count: 1)
    try #require(read(reader.rawValue, &byte, 1) == 1)
    try reader.close()
    let result = try gathering.running.wait()
    #expect(result.ending == .signal(SIGPIPE), "\(result)")
  }
}
