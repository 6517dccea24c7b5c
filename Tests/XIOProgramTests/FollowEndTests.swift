import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// How a follow ends, and what it says before.
@Suite struct FollowEndTests {
  private static let engines = [
    "epoll", "uring", "sigio", "nonblocking", "posix-aio", "libaio", "poll", "select", "blocking",
  ]

  /// Options of a follow whose next look comes long after its time limit: what it notices before is
  /// what it was told. An engine that asks again and again is told of nothing.
  private func told(_ engine: String) -> [String] {
    ["--engine", engine, "--sleep-interval", engine == "nonblocking" ? "0.05" : "1000"]
  }

  private func following(_ arguments: [any ByteString]) throws -> (Follower, TestDirectory) {
    let directory = try TestDirectory(on: .tmpfs)
    let log = try directory.write("log", "a\n".utf8)
    let follower = try Follower(["-F", log] as [any ByteString] + arguments)
    try follower.expect(2)
    return (follower, directory)
  }

  private func startSleeper() throws -> RunningProgram {
    var sleeper = TestProgram(try findTool("sleep"), ["1000"])
    sleeper.timeLimit = .seconds(1000)
    return try sleeper.start()
  }

  @Test(arguments: engines) func endsWithAProcess(_ engine: String) throws {
    let sleeper = try startSleeper()
    let (follower, directory) = try following(told(engine) + ["--pid=\(sleeper.process)"])
    let file = try FileDescriptor.open(
      directory.path(of: "log"), .writeOnly, options: [.append, .closeOnExec])
    _ = try file.writeAll("last\n".utf8)
    try file.close()
    try sleeper.signal(SIGKILL)
    let result = try follower.running.wait()
    #expect(result.ending == .status(0) && result.outputText == "a\nlast\n", "\(result)")
    try sleeper.wait()
  }

  @Test func endsWithTheLastOfSeveralProcesses() throws {
    let sleepers = try (0..<3).map { _ in try startSleeper() }
    let (follower, directory) = try following(
      told("epoll") + sleepers.map { "--pid=\($0.process)" })
    for sleeper in sleepers.dropLast() {
      try sleeper.signal(SIGKILL)
      try sleeper.wait()
    }
    // It has had time for what the ends have led to when it prints what came after them.
    let log = try LogWriter(directory.path(of: "log"))
    for _ in 0..<20 {
      try log.write(1)
      try follower.expect(2 + log.byteCount)
    }
    #expect(!follower.running.hasEnded)
    try sleepers[2].signal(SIGKILL)
    try sleepers[2].wait()
    let result = try follower.running.wait()
    #expect(result.ending == .status(0), "\(result)")
    #expect(try directory.names() == ["log"])
  }

  @Test func endsForAProcessThatIsGone() throws {
    let sleeper = try TestProgram(try findTool("true")).start()
    try sleeper.wait()
    let directory = try TestDirectory(on: .tmpfs)
    let log = try directory.write("log", "a\n".utf8)
    let result = try runXio(
      ["tail", "-f", "--pid", "\(sleeper.process)", log], timeLimit: .seconds(5))
    #expect(result.ending == .status(0) && result.outputText == "a\n", "\(result)")
  }

  @Test(arguments: engines) func endsQuietlyWhenTheReaderLeaves(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = try directory.write("log", "a\n".utf8)
    let pipe = try closeOnExecPipe()
    let running = try startXio(
      ["tail", "-F"] + told(engine) + [log] as [any ByteString], output: .descriptor(pipe.writer))
    try pipe.writer.close()
    try eventually("there is something to read") { readableBytes(pipe.reader) == 2 }
    try pipe.reader.close()
    let result = try running.wait()
    #expect(result.status == 141 && result.errorOutput.isEmpty, "\(result)")
  }

  @Test(arguments: engines) func reportsAtSignals(_ engine: String) throws {
    let (follower, directory) = try following(["--engine", engine, "--report"])
    try follower.running.signal(SIGUSR1)
    try follower.expect(saying: "\nfollow ")
    let writer = try LogWriter(directory.path(of: "log"))
    try writer.write(10)
    try follower.expect(2 + writer.byteCount)
    let result = try follower.finish()
    #expect(result.ending == .signal(SIGTERM), "\(result)")
    #expect(result.errorText.ranges(of: "\nfollow ").count == 2, "\(result)")
    let words = result.errorText.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    #expect(words.contains("11 lines, 1 generation"), "\(result)")
    expectNarrow(result.errorText)
  }

  @Test func losesAreAFailureWhenStrict() throws {
    let sleeper = try startSleeper()
    let directory = try TestDirectory(on: .tmpfs)
    let writer = try LogWriter(directory.path(of: "log"))
    try writer.write(1)
    let follower = try Follower(
      ["-F", "--strict", "--pid=\(sleeper.process)", writer.path], reads: false)
    try follower.expect(writer.byteCount)
    // More than the largest pipe takes: the follow cannot have read all of it when it is cut.
    try writer.write(20_000)
    try follower.expectFullPipe()
    try writer.truncate()
    try follower.expect(saying: "file truncated")
    try sleeper.signal(SIGKILL)
    try sleeper.wait()
    try eventually("it ends") {
      _ = follower.printed
      return follower.running.hasEnded
    }
    let result = try follower.running.wait()
    #expect(result.ending == .status(3), "\(result)")
    #expect(result.errorText.contains(" bytes were lost\n"), "\(result)")
  }
}
