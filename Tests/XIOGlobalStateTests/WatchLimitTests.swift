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

/// Follows where the queue of inotify is so short that it cannot hold all events.
@Suite(.serialized) struct WatchLimitTests {
  private static let limit = FilePath("/proc/sys/fs/inotify/max_queued_events")

  @Test(arguments: ["epoll", "uring", "sigio", "nonblocking"], [true, false])
  func losesNothingWhenEventsDo(_ engine: String, _ reads: Bool) throws {
    try requireRoot(to: "change settings of the machine")
    let before = try readFile(Self.limit)
    try write("16\n".utf8)
    let result = Result {
      // What came between two looks is put in order by its times, which the kernel's clock must tell apart.
      try followRotatedLogs(
        engine: engine, logs: 50, rotations: 6, reads: reads, pause: { _, _ in try awaitTick() })
    }
    try write(before)
    #expect(try readFile(Self.limit) == before)
    _ = try result.get()
  }

  private func write(_ bytes: some Sequence<UInt8>) throws {
    let descriptor = try FileDescriptor.open(Self.limit, .writeOnly, options: [.closeOnExec])
    try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
  }
}
