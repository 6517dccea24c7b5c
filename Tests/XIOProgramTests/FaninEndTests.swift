import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What is left when `fanin` ends, and what the next run finds.
@Suite struct FaninEndTests {
  /// Whoever interrupts it gets whole lines, as long as somebody reads.
  @Test(arguments: ["epoll", "uring", "blocking", "posix-aio", "libaio", "sigio"])
  func anInterruptionTearsNoLine(_ engine: String) throws {
    let line = String(repeating: "x", count: 98)
    for signal in [SIGINT, SIGHUP] {
      let (reader, output) = try closeOnExecPipe()
      let gathering = try Gathering(
        ["--engine", engine, "--label", "{n}", "cmd:yes \(line)"], output: .descriptor(output))
      try output.close()
      let collector = SlowReader(reader, pause: .microseconds(500))
      try eventually("lines come") { collector.count > 1 << 20 }
      let result = try gathering.finish(by: signal)
      let collected = collector.finish()
      #expect(result.ending == .signal(signal), "\(result)")
      #expect(collected.count % 100 == 0 && collected.last == 10, "\(collected.count)")
    }
  }

  /// A line that takes many writes goes out whole, too.
  @Test func anInterruptionTearsNoLongLine() throws {
    let gathering = try Follower(
      "fanin", ["--max-line", "1M", "cmd:head -c 700000 /dev/zero; echo; sleep 100"],
      reading: .slowly(1 << 16))
    try gathering.expect(1)
    try gathering.running.signal(SIGINT)
    while !gathering.running.hasEnded {
      if gathering.printed.count > 700_001 { break }
      letPass(.microseconds(20))
    }
    let result = try gathering.finish()
    #expect(result.output.count == 700_001 && result.ending == .signal(SIGINT), "\(result.ending)")
  }

  /// Nobody reads: it ends all the same, and says what that means.
  @Test func anInterruptionWaitsForNobody() throws {
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(["cmd:yes"], output: .descriptor(output))
    try output.close()
    try eventually("the pipe is full") { readableBytes(reader) >= 1 << 20 }
    let result = try gathering.finish(by: SIGINT)
    #expect(
      result.ending == .signal(SIGINT) && result.errorText.contains("its last line may be cut"),
      "\(result)")
    try reader.close()
  }

  /// What helper threads have read is not lost, whenever the wish to end comes.
  @Test(arguments: ["posix-aio", "blocking"]) func losesNothingThatWasTaken(_ engine: String) throws
  {
    let directory = try TestDirectory(on: .tmpfs)
    for round in 0..<12 {
      let fifo = try directory.makeFIFO("\(round)")
      let gathering = try Gathering(["--engine", engine, fifo] as [any ByteString])
      let writer = try openWriter(fifo)
      for number in 0..<(20 + round) { try writer.writeAll("\(number)\n".utf8) }
      let result = try gathering.finish()
      #expect(
        result.outputText == (0..<(20 + round)).map { "\($0)\n" }.joined(), "\(result)")
      try writer.close()
    }
  }

  /// A name that no pattern matches for a while keeps its position, over runs and within one.
  @Test func aCheckpointRemembersNamesThatAreAway() throws {
    let directory = try TestDirectory(on: .ext4)
    let state = directory.path(of: "state")
    let log = try LogWriter(directory.path(of: "a.log"))
    let away = directory.path(of: "away")
    try log.write(10)
    func arguments(_ end: [String]) -> [any ByteString] {
      ["--checkpoint", state, "--sleep-interval", "0.05"] + end + ["\(directory.path)/*.log"]
        as [any ByteString]
    }
    var printed = try runXio(["fanin"] + arguments(["--until-idle", "200ms"])).output
    #expect(printed.count == log.byteCount)
    try move(log.path, to: away)
    _ = try runXio(["fanin"] + arguments(["--until-idle", "200ms"]))
    let gathering = try Gathering(arguments([]))
    try eventually("it waits") { isBlocked(gathering.running.process) }
    for _ in 0..<2 {
      try log.write(5)
      try move(away, to: log.path)
      try eventually("what is new is printed") {
        printed.count + gathering.running.outputSoFar.count >= log.byteCount
      }
      try move(log.path, to: away)
      // The name is forgotten after ten looks.
      letPass(.milliseconds(700))
    }
    printed += try gathering.finish().output
    let check = LineCheck(printed, of: log)
    #expect(check.isPerfect, "\(check)")
  }

  /// Names that come and go do not add up.
  @Test func forgetsNamesThatAreGone() throws {
    let logs = try TestDirectory(on: .tmpfs)
    let gathering = try Gathering(["--sleep-interval", "0.02", "\(logs.path)/*.log"])
    let (batches, size) = (3, 400)
    for batch in 1...batches {
      for number in 0..<size { try logs.write("\(batch)-\(number).log", "x\n".utf8) }
      try eventually("all are printed") {
        gathering.running.outputSoFar.count >= 2 * size * batch
      }
      for number in 0..<size { try remove(logs.path(of: "\(batch)-\(number).log")) }
    }
    // So many that are gone are told one by one; one row stands for all others.
    try eventually("the others are forgotten") {
      try gathering.running.signal(SIGUSR1)
      letPass(.milliseconds(200))
      return gathering.said.contains("1025 sources, \(batches * size) lines")
    }
    try gathering.finish()
  }
}
