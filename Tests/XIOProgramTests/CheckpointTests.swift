import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Follows that end, and go on where they were.
@Suite struct CheckpointTests {
  @Test(arguments: [FileSystemKind.tmpfs, .ext4, .xfs, .overlayfs])
  func printsEveryLineOnceWhenItIsKilled(_ fileSystem: FileSystemKind) throws {
    let stage = try CheckpointStage(fileSystem)
    var random = RandomBytes(seed: 5)
    for _ in 0..<(runsFullSize ? 200 : 6) {
      let printed = try fileSize(stage.printed)
      let running = try stage.start()
      try stage.writer.write(1)
      // A run that was killed before it did anything has promised nothing.
      try eventually("the follow has begun") {
        try exists(stage.checkpoint) && fileSize(stage.printed) > printed
      }
      let clock = ContinuousClock()
      let end = clock.now + .milliseconds(10 + Int(random.next(1)[0]))
      while clock.now < end {
        try stage.writer.write(for: .milliseconds(15))
        try stage.rotate(keeping: 60)
      }
      let result = try stage.end(running, by: SIGKILL)
      #expect(
        result.errorText.replacing(/xio.*following new file\n/, with: "").replacing(
          /xio.*inaccessible: .*\n/, with: ""
        ).isEmpty, "\(result)")
      try stage.writer.write(20)
      try stage.rotate(keeping: 60)
      try stage.writer.write(20)
    }
    let report = stage.directory.path(of: "report")
    let running = try stage.start(["--report=json", "--report-to", report.string])
    try stage.expectLast()
    let result = try stage.end(running)
    let check = LineCheck(stage.bytes, of: stage.writer)
    #expect(check.isPerfect, "\(check); of \(stage.writer.count)\n\(result.errorText)")
    #expect(!result.errorText.contains("gone before"), "\(result)")
  }

  @Test(arguments: [FileSystemKind.tmpfs, .ext4, .xfs, .overlayfs])
  func goesOnAfterRotations(_ fileSystem: FileSystemKind) throws {
    let stage = try CheckpointStage(fileSystem)
    try stage.writer.write(500)
    var running = try stage.start()
    try stage.expectLast()
    for _ in 0..<3 {
      _ = try stage.end(running)
      try stage.writer.write(100)
      for _ in 0..<3 {
        // Files that are made within one tick of the clock cannot be put in an order afterwards.
        try awaitTick { try stage.writer.write(10) }
        try stage.rotate()
        try stage.writer.write(100)
      }
      running = try stage.start()
      try stage.expectLast()
    }
    let result = try stage.end(running)
    let check = LineCheck(stage.bytes, of: stage.writer)
    #expect(check.isPerfect, "\(check)\n\(result.errorText)")
  }

  @Test func tellsOfFilesThatAreGone() throws {
    let stage = try CheckpointStage()
    try stage.writer.write(10)
    let first = try stage.start()
    try stage.expectLast()
    _ = try stage.end(first)
    try stage.writer.write(10)
    try stage.rotate()
    try stage.writer.write(10)
    try remove(stage.old(1))
    let second = try stage.start()
    try stage.expectLast()
    let result = try stage.end(second)
    #expect(result.errorText.contains("1 file was gone before it could be read\n"), "\(result)")
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func saysNothingOfAFileThatWasReadAndRemoved(_ signal: CInt) throws {
    let stage = try CheckpointStage()
    try stage.writer.write(10)
    let first = try stage.start()
    try stage.expectLast()
    try stage.rotate()
    try stage.writer.write(10)
    try stage.expectLast()
    // The old file ends once it is known that nobody writes to it, which a look finds out.
    let size = try fileSize(stage.writer.path)
    try eventually("the checkpoint has the end of the old file and the place in the new one") {
      let text = String(decoding: try stage.directory.read("checkpoint"), as: UTF8.self)
      // A note at the end of each line: sent, accepted, three words on the output, and whether it has ended.
      let notes = text.split(separator: "\n").map { $0.split(separator: " ").suffix(6) }
      return notes.contains { $0.last == "e" }
        && notes.contains { $0.last == "-" && $0.first.flatMap { Int64($0) } == size }
    }
    _ = try stage.end(first, by: signal)
    try remove(stage.old(1))
    try stage.writer.write(10)
    let second = try stage.start()
    try stage.expectLast()
    let result = try stage.end(second)
    #expect(!result.errorText.contains("gone"), "\(result)")
    let check = LineCheck(stage.bytes, of: stage.writer)
    #expect(check.isPerfect, "\(check)\n\(result.errorText)")
  }

  @Test(arguments: [
    "garbage\n", "xio-checkpoint 1\nended\n", "\0\0\0\0", "",
    "xio-checkpoint 2\noutput - - - 0 0 -\n", "xio-checkpoint 2\noutput - - - 0 0 -\nfile\nend\n",
  ])
  func refusesWhatIsNoCheckpoint(_ text: String) throws {
    let stage = try CheckpointStage()
    try stage.writer.write(10)
    try stage.directory.write("checkpoint", text.utf8)
    let result = try runXio(
      ["tail", "-F", "--checkpoint", stage.checkpoint, stage.writer.path],
      timeLimit: .seconds(10))
    expectMessage(result, "not a checkpoint")
    #expect(result.errorText.contains("\nhint: "), "\(result)")
    #expect(result.output.isEmpty)
    #expect(try stage.directory.read("checkpoint") == Array(text.utf8))
  }

  /// Of what is written there nothing may be missing but what was put behind a whole checkpoint.
  @Test func refusesAPartOfACheckpoint() throws {
    let stage = try CheckpointStage()
    try stage.writer.write(10)
    let first = try stage.start()
    try stage.expectLast()
    _ = try stage.end(first)
    let whole = try stage.directory.read("checkpoint")
    for count in whole.indices where runsFullSize || count % 97 == 0 || count == whole.count - 1 {
      try stage.directory.write("checkpoint", whole.prefix(count))
      let result = try runXio(
        ["tail", "-F", "--checkpoint", stage.checkpoint, stage.writer.path],
        output: .descriptor(stage.output), timeLimit: .seconds(10))
      expectMessage(result, "not a checkpoint")
    }
    #expect(LineCheck(stage.bytes, of: stage.writer).isPerfect)
  }

  /// What was cut off while nobody followed is known from where the follow had got to.
  @Test func noticesACutBetweenRuns() throws {
    let stage = try CheckpointStage()
    try stage.writer.write(100)
    let first = try stage.start()
    try stage.expectLast()
    _ = try stage.end(first)
    try stage.writer.truncate()
    try stage.writer.write(10)
    let second = try stage.start()
    try stage.expectLast()
    let result = try stage.end(second)
    let check = LineCheck(stage.bytes, of: stage.writer)
    #expect(check.isPerfect, "\(check)\n\(result.errorText)")
    #expect(result.errorText.contains("file truncated\n"), "\(result)")
  }
}
