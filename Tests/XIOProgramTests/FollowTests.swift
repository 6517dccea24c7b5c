import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What a follow does besides rotations: files that come late, that nobody may read, that are many.
@Suite struct FollowTests {
  private static let engines = [
    "epoll", "uring", "sigio", "nonblocking", "posix-aio", "libaio", "poll", "select", "blocking",
  ]

  @Test(arguments: engines) func waitsForAFileThatIsNotThere(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = directory.path(of: "log")
    let follower = try Follower(["-F", "--engine", engine, log])
    try follower.expect(saying: "cannot open '\(log)' for reading: No such file or directory\n")
    let writer = try LogWriter(log)
    try writer.write(200)
    try follower.expect(writer.byteCount)
    let result = try follower.finish()
    let check = LineCheck(result.output, of: writer)
    #expect(check.isPerfect, "\(check)\n\(result.errorText)")
  }

  @Test(arguments: ["epoll", "uring", "sigio", "nonblocking"])
  func losesNothingWhileItMayNotRead(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    try setPermissions(directory.path, 0o755)
    let log = directory.path(of: "log")
    let writer = try LogWriter(log)
    try writer.write(5)
    let follower = try Follower(
      ["-n", "+1", "-F", "--engine", engine, log], launcher: ["--uid", "65534"])
    try follower.expect(writer.byteCount)
    for _ in 0..<3 {
      try setPermissions(log, 0)
      try writer.write(50)
      letPass(.milliseconds(20))
      try setPermissions(log, 0o644)
      try writer.write(50)
      try follower.expect(writer.byteCount)
    }
    let result = try follower.finish()
    let check = LineCheck(result.output, of: writer)
    #expect(check.isPerfect, "\(check)\n\(result.errorText)")
  }

  @Test(arguments: ["-F", "-f"]) func followsMoreFilesThanItMayOpen(_ option: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let logs = (0..<1000).map { directory.path(of: "log\($0)") }
    for log in logs { try makeEmpty(log) }
    let follower = try Follower(
      ["-q", option] + logs as [any ByteString], launcher: ["--rlimit", "nofile=256"])
    try eventually("it waits") { isBlocked(follower.running.process) || follower.running.hasEnded }
    for round in 0..<2 {
      for (number, log) in logs.enumerated() {
        let file = try FileDescriptor.open(log, .writeOnly, options: [.append, .closeOnExec])
        _ = try file.closeAfter { try file.writeAll("\(round) \(number)\n".utf8) }
      }
    }
    // What cannot be followed has to be told.
    var refused = 0
    try eventually("everything is printed that can be") {
      refused = follower.said.ranges(of: "Too many open files").count
      let lines = follower.printed.count { $0 == UInt8(ascii: "\n") }
      return lines == 2 * (logs.count - refused) || follower.running.hasEnded
    }
    let result = try follower.finish()
    let lines = result.outputText.split(separator: "\n")
    #expect(lines.count == Set(lines).count)
    #expect(lines.count == 2 * (logs.count - refused), "\(lines.count), \(refused) refused")
    #expect(result.ending == .signal(SIGTERM), "\(result.ending): \(result.errorText.suffix(200))")
    if option == "-F" { #expect(refused == 0) }
  }

  @Test(arguments: engines) func tearsNoLinesOfTwoFiles(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let first = try LogWriter(directory.path(of: "a"), letter: UInt8(ascii: "a"))
    let second = try LogWriter(directory.path(of: "b"), letter: UInt8(ascii: "b"))
    let follower = try Follower(
      ["-q", "-n", "+1", "-F", "--latency", "0", "--engine", engine, first.path, second.path])
    try first.write(1)
    try follower.expect(first.byteCount)
    for _ in 0..<2000 {
      try first.writeInTwoParts()
      try second.writeInTwoParts()
    }
    try follower.expect(first.byteCount + second.byteCount)
    let result = try follower.finish()
    let check = LineCheck(
      result.output, counts: [first.letter: first.count, second.letter: second.count])
    #expect(check.isPerfect, "\(check)\n\(result.errorText)")
  }

  /// Three descriptors are asked when an interval begins and when it ends.
  @Test func pollsInSleepIntervals() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = try directory.write("log", "a\n".utf8)
    let file = directory.path(of: "report")
    let clock = ContinuousClock()
    let begin = clock.now
    let follower = try Follower(
      [
        "-f", "--engine", "nonblocking", "-s", "0.1", "--report=json", "--report-to", file, log,
      ])
    try follower.expect(2)
    letPass(.seconds(1))
    try follower.finish()
    let intervals = Int((clock.now - begin) / .milliseconds(100)) + 1
    let report = try JSONReport(try directory.read("report"))
    let retries = try report.number("operations", "eagain_retries")
    #expect(retries >= 6, "\(retries)")
    #expect(retries <= 6 * (intervals + 1), "\(retries) in \(intervals) intervals")
  }

  /// Each wait is ended by an event or by the one look at everything in each interval.
  @Test(
    arguments: ["epoll", "uring", "sigio", "libaio", "poll", "select", "posix-aio", "blocking"],
    [0.1, 1000])
  func sleepsWhenNothingHappens(_ engine: String, _ interval: Double) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = try directory.write("log", "a\n".utf8)
    let follower = try Follower(["-F", "--engine", engine, "-s", "\(interval)", log])
    try follower.expect(2)
    try eventually("it waits") { isBlocked(follower.running.process) }
    try expectSleep(of: follower.running, interval: interval)
    try follower.finish()
  }
}

/// Expects that a follow does nothing for a while but to look at everything in each interval.
///
/// - Parameters:
///   - running: The follow.
///   - interval: The interval, in seconds.
///   - sourceLocation: Where an issue is recorded.
/// - Throws: `SupportFailure` when the follow is gone.
func expectSleep(
  of running: RunningProgram, interval: Double, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  var found = ""
  // What was begun before may still be ending: it sleeps once all of a pause passes that way.
  for _ in 0..<8 {
    let clock = ContinuousClock()
    let begin = clock.now
    let before = (try voluntarySwitches(of: running.process), try readCalls(of: running.process))
    letPass(.milliseconds(500))
    let switches = try voluntarySwitches(of: running.process) - before.0
    let reads = try readCalls(of: running.process) - before.1
    // What passes before and after the pause, too, is time to look in.
    let looks = Int((clock.now - begin) / .seconds(interval)) + 1
    if switches <= looks + 1, reads <= looks + 1 { return }
    found = "\(switches) waits, \(reads) reads and \(looks) looks"
  }
  Issue.record("\(found)", sourceLocation: sourceLocation)
}

/// Counts the calls by which a process has asked for bytes, whether there were any.
private func readCalls(of process: pid_t) throws -> Int {
  let text = String(decoding: try readFile(FilePath("/proc/\(process)/io")), as: UTF8.self)
  let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("syscr:") })
  return try #require(Int(line.filter(\.isNumber)))
}
