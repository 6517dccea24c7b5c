import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What was written first is printed first, on every engine, whatever is learnt first.
@Suite struct RotationOrderTests {
  /// So many events take many reads, and the queue holds them.
  private static let events = 4000

  /// A look at the name finds its third file, while only the last events tell of the second one.
  @Test(arguments: followingEngines, [FollowingCommand.tail, .fanin])
  func filesComeInOrderWhenTheirEventsAreLate(_ engine: String, _ command: FollowingCommand) throws
  {
    let limit = try readFile(FilePath("/proc/sys/fs/inotify/max_queued_events"))
    let most = Int(String(decoding: limit, as: UTF8.self).dropLast())
    try #require(Self.events + 100 < most ?? 0, "fs.inotify.max_queued_events is too small")
    let stage = try RotationStage(
      RotationCase(
        scenario: .rotatedAtOnce, fileSystem: .tmpfs, engine: engine, command: command))
    let busy = [UInt8(ascii: "x"), UInt8(ascii: "y")].map {
      stage.logs.appending(String(decoding: [UInt8](repeating: $0, count: 255), as: UTF8.self))
    }
    try makeEmpty(busy[0])
    try stage.whileStopped {
      try setPermissions(stage.log, 0o640)
      for number in 0..<Self.events / 2 { try move(busy[number % 2], to: busy[1 - number % 2]) }
      for _ in 0..<2 {
        try stage.writer.write(20)
        try stage.moveAway()
        try stage.writer.reopen()
        try stage.writer.write(20)
      }
    }
    try stage.expectPerfection()
  }

  /// Names are looked at so often that a look comes before the events of the same moment.
  @Test(arguments: followingEngines)
  func filesComeInOrderWhenLooksAreEarly(_ engine: String) throws {
    let stage = try RotationStage(
      RotationCase(scenario: .rotatedAtOnce, fileSystem: .tmpfs, engine: engine),
      options: ["-s", "0.001"])
    for _ in 0..<40 {
      for _ in 0..<2 {
        try stage.writer.write(20)
        try stage.moveAway()
        try stage.writer.reopen()
      }
      try stage.writer.write(20)
      try stage.expectAll()
    }
    try stage.expectPerfection()
  }
}
