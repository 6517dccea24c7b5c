import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Logs that are rotated in every way while `tail -F` follows them: nothing is missing, nothing comes
/// twice, no line is torn.
@Suite struct RotationTests {
  @Test(arguments: RotationCase.all) func losesNothing(_ rotation: RotationCase) throws {
    let stage = try rotation.scenario.stage(rotation)
    try rotation.scenario.play(stage)
    try stage.expectPerfection()
  }

  /// The same below `fanin`, which has a FIFO and a socket to serve beside the log, and a slow reader.
  @Test(arguments: RotationCase.gathered) func gatheringLosesNothing(_ rotation: RotationCase)
    throws
  {
    let stage = try rotation.scenario.stage(rotation)
    try rotation.scenario.play(stage)
    try stage.expectPerfection()
  }

  /// What was cut off before it could be printed is gone; how much that is has to be told.
  @Test(arguments: RotationCase.places.map { "\($0.0) \($0.1)" })
  func tellsHowMuchACutHasTaken(_ place: String) throws {
    let names = place.split(separator: " ").map { String($0) }
    let fileSystem = try #require(FileSystemKind(rawValue: names[0]))
    let stage = try RotationStage(
      RotationCase(scenario: .copiedThenCut, fileSystem: fileSystem, engine: names[1]),
      reads: false, options: ["--report=json"])
    // The follow sees how long the file is, and can print no more than the pipe takes.
    try stage.writer.write(20_000)
    try stage.follower.expectFullPipe()
    try expectKnowledge(of: stage.writer.byteCount, stage.follower)
    let (lines, bytes) = (stage.writer.count, stage.writer.byteCount)
    try stage.writer.truncate()
    try stage.follower.expect(saying: "file truncated")
    try stage.writer.write(100)
    let old = (1...lines).flatMap { LogWriter.line($0) }
    let new = (lines + 1...lines + 100).flatMap { LogWriter.line($0) }
    try eventually("the new lines are printed") {
      stage.follower.printed.suffix(200) == new.suffix(200)
    }
    let result = try stage.follower.finish()
    #expect(result.output.suffix(new.count) == new[...], "\(result)")
    let kept = result.output.dropLast(new.count)
    #expect(kept.elementsEqual(old.prefix(kept.count)))
    #expect(kept.count < bytes)
    #expect(
      result.errorText.contains("file truncated; \(bytes - kept.count) bytes were lost\n"),
      "lost \(bytes - kept.count): \(result)")
  }

  /// Waits until a follow knows how much there is in its file, as its reports tell.
  private func expectKnowledge(of bytes: Int, _ follower: Follower) throws {
    var reports = 0
    try eventually("it knows of \(bytes) bytes") {
      try follower.running.signal(SIGUSR1)
      reports += 1
      try follower.expect(saying: "\"lag_bytes\"", times: reports)
      let said = follower.said
      let lag = said.matches(of: /"lag_bytes" : (\d+)/).last.flatMap { Int($0.1) }
      let printed = said.matches(of: /"bytes" : (\d+)/).last.flatMap { Int($0.1) }
      return (lag ?? 0) + (printed ?? 0) == bytes
    }
  }

  /// The first write to a file of the lower directory gives the name another file.
  @Test(arguments: ["epoll", "uring", "sigio", "nonblocking"])
  func followsAFileThatAnOverlayCopiesUp(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    for name in ["lower", "upper", "work", "merged"] { try directory.makeDirectory(name) }
    let lower = try LogWriter(directory.path(of: "lower/a.log"))
    try lower.write(5)
    let options = ["lower", "upper", "work"].map { "\($0)dir=\(directory.path(of: $0))" }
    let merged = directory.path(of: "merged")
    try runTool(
      "mount", "-t", "overlay", "-o", options.joined(separator: ","), "overlay", merged)
    defer { _ = try? runTool("umount", "-l", merged) }
    let log = merged.appending("a.log")
    let follower = try Follower(["-n", "+1", "-F", "--engine", engine, log])
    try follower.expect(lower.byteCount)
    let writer = try LogWriter(log, letter: UInt8(ascii: "u"))
    try writer.write(100)
    try follower.expect(lower.byteCount + writer.byteCount)
    let result = try follower.finish()
    let check = LineCheck(result.output, counts: [lower.letter: 5, writer.letter: 100])
    #expect(check.isPerfect, "\(check)\n\(result.errorText)")
  }
}
