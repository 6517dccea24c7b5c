import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Many writers at once: no line is torn, lost or doubled.
@Suite(.serialized) struct FaninSwarmTests {
  /// select has room for 1024 descriptors, and the test gives it what is left to it.
  @Test(arguments: [
    ("epoll", 1000), ("poll", 1000), ("uring", 1000), ("sigio", 1000), ("libaio", 1000),
    ("nonblocking", 1000), ("blocking", 1000), ("posix-aio", 1000), ("select", 900),
  ]) func gathersFIFOs(_ engine: String, _ count: Int) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let swarm = LineSwarm(writers: count, lines: 20)
    let fifos = try (0..<count).map { try directory.makeFIFO("\($0)") }
    let gathering = try Gathering(["--engine", engine] + fifos as [any ByteString])
    let writers = try fifos.map { fifo in
      let writer = try openWriter(fifo)
      // F_SETPIPE_SZ.
      _ = fcntl(writer.rawValue, 1031, 4096)
      return writer
    }
    try swarm.write(to: writers)
    let memory = (try? peakMemory(of: gathering.running.process)) ?? 0
    #expect(memory < 64 << 20, "\(memory)")
    let result = try gathering.running.wait()
    let verdict = swarm.check(result.output)
    #expect(verdict.isPerfect, "\(verdict)\n\(result.errorText.prefix(500))")
    #expect(result.ending == .status(0), "\(result.ending) \(result.errorText.prefix(500))")
  }

  /// More sources than there are buffers for them, lines that no buffer holds, and a reader that is slow.
  @Test(arguments: [
    "epoll", "poll", "select", "uring", "sigio", "libaio", "nonblocking", "blocking",
  ]) func sharesBuffersAmongMany(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let path = directory.path(of: "socket")
    let (count, rounds) = (40, 3)
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      ["--engine", engine, "--label", "{n} ", "unix-listen:\(path)"], output: .descriptor(output))
    try output.close()
    let sockets = try (0..<count).map { _ in try TestSocket.connect(path) }
    let collector = SlowReader(reader, pause: .microseconds(200))
    func line(_ index: Int, _ round: Int) -> [UInt8] {
      let length = index % 4 == 0 ? 150_000 + index : 100 * index + round
      return [UInt8](repeating: UInt8(97 + index % 26), count: length) + [10]
    }
    for round in 1...rounds {
      // Halves of lines lie about while others come.
      for part in 0...1 {
        for (index, socket) in sockets.enumerated() {
          let bytes = line(index, round)
          let half = bytes.count / 2
          try socket.writeAll(part == 0 ? bytes[..<half] : bytes[half...])
        }
      }
    }
    for socket in sockets { try socket.close() }
    let expected = (0..<count).reduce(0) { sum, index in
      sum + (1...rounds).reduce(0) { $0 + line(index, $1).count }
    }
    try eventually("everything has come", within: .seconds(30)) {
      collector.count >= expected || gathering.running.hasEnded
    }
    let result = try gathering.finish()
    let lines = collector.finish().split(separator: 10).map { line in
      line.drop { $0 != UInt8(ascii: " ") }.dropFirst()
    }
    let wanted = (0..<count).flatMap { index in (1...rounds).map { line(index, $0).dropLast() } }
    let sorted = [lines.map { Array($0) }, wanted.map { Array($0) }].map { lines in
      lines.sorted { ($0.count, $0.first ?? 0) < ($1.count, $1.first ?? 0) }
    }
    #expect(sorted[0] == sorted[1], "\(lines.count) of \(wanted.count) lines\n\(result)")
  }

  @Test func refusesMoreDescriptorsThanSelectHas() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifos = try (0..<1030).map { try directory.makeFIFO("\($0)") }
    let result = try runXio(["fanin", "--engine", "select"] + fifos as [any ByteString])
    expectMessage(result, "FD_SETSIZE (1024)")
    #expect(result.output.isEmpty)
  }

  @Test func saysThatThreadsAreFewerThanSources() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifos = try (0..<21).map { try directory.makeFIFO("\($0)") }
    let gathering = try Gathering(["--engine", "posix-aio"] + fifos as [any ByteString])
    try gathering.expect(saying: "21 sources are more than the 20 threads of posix-aio")
    // The last source is served although twenty others have nothing to say.
    let last = try openWriter(fifos[20])
    _ = try last.closeAfter { try last.writeAll("served\n".utf8) }
    try gathering.expect("served\n")
    try gathering.finish()
  }

  /// What has threads for a few sources only, or polls, has its turn in full size.
  private static let engines =
    ["epoll", "uring", "blocking", "poll", "sigio"]
    + (runsFullSize ? ["select", "nonblocking", "libaio", "posix-aio"] : [])

  @Test(arguments: engines)
  func gathersConnectionsThatComeAndGo(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let path = directory.path(of: "socket")
    let gathering = try Gathering(
      ["--engine", engine, "--connections", "400", "unix-listen:\(path)", "tcp-listen:0"])
    let port = try gathering.port()
    let swarm = LineSwarm(writers: 800, lines: 20)
    for batch in stride(from: 0, to: 800, by: 200) {
      let isTCP = batch % 400 == 0
      let sockets = try (0..<200).map { _ in
        try isTCP ? TestSocket.connect(port: port) : TestSocket.connect(path)
      }
      try swarm.write(to: sockets, first: batch)
      // The limit counts those that have not been seen to leave: it admits two batches at once.
      try eventually("all of their lines have come", within: .seconds(30)) {
        gathering.running.hasEnded
          || gathering.running.outputSoFar.count { $0 == 10 } >= (batch + 200) * 20
      }
    }
    let result = try gathering.finish()
    let verdict = swarm.check(result.output)
    #expect(verdict.isPerfect, "\(verdict)\n\(result.errorText)")
    #expect(
      result.ending == .signal(SIGTERM) && !result.errorText.contains("refused"),
      "\(result.errorText)")
    #expect(!exists(path))
  }

  @Test func aFirehoseDoesNotStarveAWhisper() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("whisper")
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      ["cmd:yes firehose", fifo] as [any ByteString], output: .descriptor(output))
    try output.close()
    let writer = try openWriter(fifo)
    _ = try writer.closeAfter { try writer.writeAll("whisper\n".utf8) }
    // What waits in pipes and blocks comes first, and no more than that.
    var block = [UInt8](repeating: 0, count: 1 << 16)
    var (passed, isHeard) = (0, false)
    while !isHeard, passed < 64 << 20 {
      let count = read(reader.rawValue, &block, block.count)
      try #require(count > 0)
      passed += count
      isHeard = block[..<count].contains(UInt8(ascii: "p"))
    }
    #expect(isHeard, "\(passed) bytes came before it")
    try gathering.finish(by: SIGKILL)
    try reader.close()
  }
}
