import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Waits until files that are made from now on are younger than those that there are, as the kernel tells it.
private func awaitTick() throws {
  func now() -> [Int] {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    return [time.tv_sec, time.tv_nsec]
  }
  let begin = now()
  try eventually("the clock has gone on") { now() != begin }
}

/// Follows where the limits of inotify are so low that it cannot tell of everything.
@Suite(.serialized) struct WatchLimitTests {
  /// Changes a limit of inotify as long as a function runs.
  private func with<Output>(
    _ limit: String, _ value: Int, _ body: () throws -> Output
  ) throws -> Output {
    try requireRoot(to: "change settings of the machine")
    let file = FilePath("/proc/sys/fs/inotify/\(limit)")
    let before = try readFile(file)
    try write("\(value)\n".utf8, to: file)
    let result = Result { try body() }
    try write(before, to: file)
    #expect(try readFile(file) == before)
    return try result.get()
  }

  private func write(_ bytes: some Sequence<UInt8>, to file: FilePath) throws {
    let descriptor = try FileDescriptor.open(file, .writeOnly, options: [.closeOnExec])
    try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
  }

  private func rename(_ writer: LogWriter, _ number: Int) throws {
    let code = writer.path.withPlatformString { old in
      "\(writer.path).\(number)".withCString { Glibc.rename(old, $0) }
    }
    try #require(code == 0)
    try writer.reopen()
  }

  /// Follows many logs that are rotated, each with lines of its own.
  private func rotate(
    _ limit: String, _ value: Int, engine: String, logs: Int, rotations: Int,
    reads: Bool = true, pause: (_ follower: Follower, _ bytes: Int) throws -> Void
  ) throws -> ProgramResult {
    let directory = try TestDirectory(on: .tmpfs)
    let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    let writers = try letters.prefix(logs).map {
      try LogWriter(directory.path(of: "\($0).log"), letter: $0)
    }
    for writer in writers { try writer.write(1) }
    return try with(limit, value) {
      let follower = try Follower(
        ["-q", "-n", "+1", "-F", "--engine", engine] + writers.map(\.path) as [any ByteString],
        reads: reads)
      try follower.expect(writers.reduce(0) { $0 + $1.byteCount })
      for round in 1...rotations {
        for writer in writers {
          try writer.write(20)
          try rename(writer, round)
          try writer.write(5)
        }
        try pause(follower, writers.reduce(0) { $0 + $1.byteCount })
      }
      let all = writers.reduce(0) { $0 + $1.byteCount }
      let waiting = Result { try follower.expect(all, within: .seconds(60)) }
      let result = try follower.finish()
      let counts = Dictionary(uniqueKeysWithValues: writers.map { ($0.letter, $0.count) })
      let check = LineCheck(result.output, counts: counts)
      #expect(check.isPerfect, "\(check)\n\(result.errorText.suffix(500))")
      #expect(!result.errorText.contains("gone before"), "\(result)")
      try waiting.get()
      return result
    }
  }

  @Test(arguments: ["epoll", "uring", "sigio", "nonblocking"], [true, false])
  func losesNothingWhenEventsDo(_ engine: String, _ reads: Bool) throws {
    // What came between two looks is put in order by its times, which the kernel's clock must tell apart.
    _ = try rotate(
      "max_queued_events", 16, engine: engine, logs: 50, rotations: 6, reads: reads,
      pause: { _, _ in try awaitTick() })
  }

  // A file that comes and goes between two looks is seen by nobody.
  @Test(arguments: [1, 5]) func worksWithoutWatches(_ watches: Int) throws {
    let result = try rotate(
      "max_user_watches", watches, engine: "epoll", logs: 10, rotations: 2,
      pause: { try $0.expect($1) })
    #expect(result.errorText.contains("hint: raise fs.inotify.max_user_watches"), "\(result)")
  }

  @Test(arguments: ["epoll", "blocking"]) func worksWithoutInotify(_ engine: String) throws {
    let result = try rotate(
      "max_user_instances", 0, engine: engine, logs: 10, rotations: 2,
      pause: { try $0.expect($1) })
    #expect(result.errorText.contains("hint: raise fs.inotify.max_user_instances"), "\(result)")
  }
}
