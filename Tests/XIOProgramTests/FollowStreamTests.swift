import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// FIFOs that are followed: writers come and go.
@Suite struct FollowStreamTests {
  private static let engines = [
    "epoll", "uring", "sigio", "nonblocking", "posix-aio", "libaio", "poll", "select", "blocking",
  ]

  @Test(arguments: engines, ["-f", "-F"])
  func readsOneWriterAfterTheOther(_ engine: String, _ option: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    // Only an engine that asks again and again needs the looks.
    let interval = engine == "nonblocking" ? 0.05 : 1000
    let follower = try Follower(
      [option, "-n", "+1", "--engine", engine, "-s", "\(interval)", fifo])
    for round in 1...3 {
      let writer = try openWriter(fifo)
      _ = try writer.closeAfter { try writer.writeAll("\(round)\n".utf8) }
      try follower.expect(2 * round)
      guard engine != "nonblocking" else { continue }
      try eventually("it waits") { isBlocked(follower.running.process) }
      try expectSleep(of: follower.running, interval: interval)
    }
    let result = try follower.finish()
    #expect(result.outputText == "1\n2\n3\n" && result.errorOutput.isEmpty, "\(result)")
    #expect(result.ending == .signal(SIGTERM), "\(result)")
  }

  @Test(arguments: engines) func endsWithTheLastWriterIfAsked(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let follower = try Follower(
      ["-f", "-n", "+1", "--fifo-eof", "close", "--engine", engine, fifo])
    let writer = try openWriter(fifo)
    _ = try writer.closeAfter { try writer.writeAll("a\nb".utf8) }
    try eventually("it ends") { follower.running.hasEnded }
    let result = try follower.running.wait()
    #expect(result.outputText == "a\nb", "\(result)")
  }

  /// What comes while earlier bytes wait for the reader of standard output is not read over them.
  @Test(arguments: engines) func keepsWhatWaitsForItsReader(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let (reader, output) = try closeOnExecPipe()
    let follower = try startXio(
      ["tail", "-f", "-n", "+1", "-s", "0.02", "--engine", engine, fifo] as [any ByteString],
      output: .descriptor(output))
    try output.close()
    let writer = try openWriter(fifo)
    // The pipe has room for the first part and a half.
    let parts = "abc".utf8.map { [UInt8](repeating: $0, count: 43_999) + [10] }
    _ = try writer.writeAll(parts[0])
    try eventually("the first part is in the pipe") { readableBytes(reader) == 44_000 }
    _ = try writer.writeAll(parts[1])
    try eventually("the second part waits for room") { readableBytes(writer) == 0 }
    _ = try writer.writeAll(parts[2])
    // Several looks are due in this time, which take the last part where they should not.
    letPass(.milliseconds(200))
    #expect(readableBytes(writer) == 44_000)
    let collector = SlowReader(reader, pause: .zero)
    try eventually("everything has left the FIFO") { readableBytes(writer) == 0 }
    try eventually("everything is printed") { collector.count == 132_000 }
    try writer.close()
    try follower.signal(SIGTERM)
    #expect(try follower.wait().ending == .signal(SIGTERM))
    #expect(collector.finish() == Array(parts.joined()))
  }

  @Test(arguments: engines) func readsFIFOsBesidesFiles(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifos = try (0..<3).map { try directory.makeFIFO("fifo\($0)") }
    let log = try LogWriter(directory.path(of: "log"))
    try log.write(1)
    let follower = try Follower(
      ["-q", "-n", "+1", "-F", "--engine", engine] + fifos + [log.path] as [any ByteString])
    let letters = Array("abc".utf8)
    let writers = try zip(fifos, letters).map { fifo, letter in
      LogWriter(to: try openWriter(fifo), letter: letter)
    }
    for _ in 0..<200 {
      for writer in writers + [log] { try writer.write(1) }
    }
    try follower.expect((writers + [log]).reduce(0) { $0 + $1.byteCount })
    let result = try follower.finish()
    var counts = [log.letter: log.count]
    for writer in writers { counts[writer.letter] = writer.count }
    let check = LineCheck(result.output, counts: counts)
    #expect(check.isPerfect, "\(check)\n\(result.errorText)")
  }
}
