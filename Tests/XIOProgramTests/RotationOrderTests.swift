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
    let stage = try Self.stage(engine, command)
    let makeNoise = try Self.noise(in: stage)
    try stage.follower.whileStopped {
      try setPermissions(stage.log, 0o640)
      try makeNoise()
      for _ in 0..<2 { try Self.rotate(stage) }
    }
    try stage.expectPerfection()
  }

  /// Files move on while they are looked for where events say that they went.
  @Test(arguments: followingEngines)
  func filesComeInOrderWhenTheirNamesAreUsedAgain(_ engine: String) throws {
    let stage = try Self.stage(engine, .tail)
    for _ in 0..<60 {
      for _ in 0..<5 {
        try stage.writer.write(20)
        try stage.moveAway()
        try stage.writer.reopen()
      }
      try stage.expectAll()
    }
    try stage.expectPerfection()
  }

  private static func stage(_ engine: String, _ command: FollowingCommand) throws -> RotationStage {
    try RotationStage(
      RotationCase(
        scenario: .rotatedAtOnce, fileSystem: .tmpfs, engine: engine, command: command))
  }

  private static func rotate(_ stage: RotationStage) throws {
    try stage.writer.write(20)
    try stage.moveAway()
    try stage.writer.reopen()
    try stage.writer.write(20)
  }

  /// Makes what fills many reads with events once it is called.
  private static func noise(in stage: RotationStage) throws -> () throws -> Void {
    let limit = try readFile(FilePath("/proc/sys/fs/inotify/max_queued_events"))
    let most = Int(String(decoding: limit, as: UTF8.self).dropLast())
    try #require(events + 100 < most ?? 0, "fs.inotify.max_queued_events is too small")
    let busy = [UInt8(ascii: "x"), UInt8(ascii: "y")].map {
      stage.logs.appending(String(decoding: [UInt8](repeating: $0, count: 255), as: UTF8.self))
    }
    try makeEmpty(busy[0])
    return { for number in 0..<events / 2 { try move(busy[number % 2], to: busy[1 - number % 2]) } }
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

  /// One file has three followed names, and is written to once more after the first name leads to another.
  @Test(arguments: followingEngines)
  func aFileWithThreeNamesComesBeforeItsSuccessor(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = directory.path(of: "a.log")
    let writer = try directory.openToWrite("a.log")
    defer { try? writer.close() }
    try writer.writeAll("a\n".utf8)
    let other = try directory.makeHardLink("other", to: log)
    let follower = try Follower(
      ["-q", "-n", "+1", "-F", "--engine", engine, log, other, log] as [any ByteString])
    try follower.expect(6)
    try follower.whileStopped {
      try writer.writeAll("b\n".utf8)
      try move(log, to: directory.path(of: "a.log.1"))
      let next = try directory.openToWrite("a.log")
      try next.closeAfter { _ = try next.writeAll("c\n".utf8) }
      try writer.writeAll("b2\n".utf8)
    }
    try follower.expect(13)
    let result = try follower.finish()
    #expect(result.outputText == "a\na\na\nb\nb2\nc\n", "\(result.errorText)")
  }
}
