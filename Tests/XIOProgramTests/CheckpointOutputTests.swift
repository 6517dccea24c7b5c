import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Follows that are killed within a write, and what the next run makes of the output.
@Suite struct CheckpointOutputTests {
  private static let engines = [
    "blocking", "nonblocking", "select", "poll", "epoll", "sigio", "posix-aio", "libaio", "uring",
  ]

  @Test(arguments: engines, [true, false])
  func goesOnWithinALine(_ engine: String, _ appends: Bool) throws {
    let stage = try CheckpointStage(appends: appends)
    try stage.writer.write(500)
    try stage.run(untilOutputHas: 20_010, ["--engine", engine])
    #expect(stage.bytes.last != UInt8(ascii: "\n"))
    try stage.writer.write(500)
    try stage.rotate()
    try stage.writer.write(500)
    try stage.run(untilOutputHas: 99_990, ["--engine", engine])
    let (check, repeated) = try stage.goOn(["--engine", engine])
    #expect(check.isPerfect, "\(check)")
    #expect(repeated == 0)
  }

  @Test func goesOnWhenAFullDiskHasRoomAgain() throws {
    let small = try MountedFileSystem(.tmpfs, size: 1 << 20)
    let room = try small.directory()
    let stage = try CheckpointStage(printingIn: room)
    try room.write("other", [UInt8](repeating: 0, count: 900 << 10))
    try stage.writer.write(5000)
    let result = try stage.start().wait()
    #expect(result.status == 1, "\(result)")
    #expect(
      result.errorText == "xio tail: error writing standard output: No space left on device\n")
    #expect(!stage.bytes.isEmpty && stage.bytes.last != UInt8(ascii: "\n"))
    try remove(room.path(of: "other"))
    try stage.writer.write(10)
    let (check, repeated) = try stage.goOn()
    #expect(check.isPerfect, "\(check)")
    #expect(repeated == 0)
  }

  /// Headers, ends of lines and bytes of two files: whatever is in the way of the kill.
  @Test func goesOnAfterEachByte() throws {
    let offsets = 4096..<4096 + 400
    for offset in offsets where runsFullSize || offset % 29 == 0 {
      let stage = try CheckpointStage()
      try stage.output.writeAll([UInt8](repeating: 0x0A, count: 4096))
      let other = try LogWriter(stage.directory.path(of: "b.log"), letter: UInt8(ascii: "y"))
      try stage.writer.write(2)
      try other.write(2)
      try stage.run(untilOutputHas: offset, ["-v", other.path])
      let running = try stage.start(["-v", other.path])
      // One is there when the last of the other is.
      try stage.writer.write(1)
      try eventually("the first log is printed") {
        stage.bytes.contains(LogWriter.line(3))
      }
      try other.write(1)
      try stage.expectLast(other)
      _ = try stage.end(running)
      let sections = Self.sections(stage.bytes)
      for (name, writer) in [("a.log", stage.writer), ("b.log", other)] {
        let lines = sections.filter { $0.title.hasSuffix(name) }.flatMap(\.lines)
        let check = LineCheck(lines, of: writer)
        #expect(check.isPerfect, "after \(offset) bytes: \(name): \(check)")
      }
      #expect(sections.allSatisfy { $0.title.hasSuffix(".log") }, "after \(offset) bytes")
    }
  }

  /// What stands below each header, without empty lines.
  private static func sections(_ bytes: [UInt8]) -> [(title: String, lines: [UInt8])] {
    var sections: [(title: String, lines: [UInt8])] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      if line.starts(with: "==> ".utf8), line.reversed().starts(with: "==< ".utf8.dropLast()) {
        sections.append((String(decoding: line.dropFirst(4).dropLast(4), as: UTF8.self), []))
      } else {
        if sections.isEmpty { sections.append(("", [])) }
        sections[sections.count - 1].lines += line + [UInt8(ascii: "\n")]
      }
    }
    return sections
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func continuesTheLineThatTheOutputEndsIn(_ signal: CInt) throws {
    let stage = try CheckpointStage()
    try stage.writer.write(3)
    let line = LogWriter.line(4)
    let first = try stage.start()
    try stage.expectLast()
    let log = try FileDescriptor.open(stage.writer.path, .writeOnly, options: .append)
    defer { try? log.close() }
    try log.writeAll(line.prefix(10))
    try eventually("its beginning is printed") { stage.bytes.suffix(10) == line.prefix(10) }
    _ = try stage.end(first, by: signal)
    try log.writeAll(line.dropFirst(10))
    let second = try stage.start()
    try eventually("its end is printed") { stage.bytes.suffix(line.count) == line[...] }
    _ = try stage.end(second)
    let check = LineCheck(stage.bytes, counts: [stage.writer.letter: 4])
    #expect(check.isPerfect, "\(check)")
  }

  @Test func leavesWhatOthersHaveWritten() throws {
    let stage = try CheckpointStage()
    try stage.writer.write(500)
    try stage.run(untilOutputHas: 20_010)
    try stage.output.writeAll("of another\n".utf8)
    let before = stage.bytes
    let (check, repeated) = try stage.goOn()
    #expect(stage.bytes.starts(with: before))
    #expect(check.lost.isEmpty && check.late.isEmpty && check.torn.count == 1, "\(check)")
    #expect(repeated > 0)
  }

  /// What stands in the place of bytes of this program is not its own, whatever its size.
  @Test func leavesWhatOthersHaveWrittenInItsPlace() throws {
    let stage = try CheckpointStage()
    try stage.writer.write(500)
    try stage.run(untilOutputHas: 20_010)
    let other = Array("of another".utf8)
    try stage.output.resize(to: 10_000)
    try stage.output.writeAll(other)
    let before = stage.bytes
    _ = try stage.goOn()
    // Nobody finishes that line.
    #expect(stage.bytes.starts(with: before + [UInt8(ascii: "\n")]))
  }

  /// That a write was accepted cannot be seen from the size of an output that others write to, so it is
  /// noted: who is killed once that was done goes on exactly.
  @Test(arguments: [SIGTERM, SIGKILL])
  func sharesItsOutputWithAnother(_ signal: CInt) throws {
    let stage = try CheckpointStage()
    let other = try LogWriter(stage.directory.path(of: "b.log"), letter: UInt8(ascii: "y"))
    let state = stage.directory.path(of: "other")
    for _ in 0..<3 {
      let one = try stage.start()
      let two = try startXio(
        ["tail", "-q", "-n", "+1", "-F", "--checkpoint", state, other.path] as [any ByteString],
        output: .descriptor(stage.output))
      for _ in 0..<5 {
        try stage.writer.write(3)
        try stage.expectLast()
        try other.write(3)
        try stage.expectLast(other)
      }
      try stage.awaitNote()
      try stage.awaitNote(of: other, in: state)
      _ = try stage.end(one, by: signal)
      _ = try stage.end(two, by: signal)
    }
    let check = LineCheck(
      stage.bytes, counts: [stage.writer.letter: stage.writer.count, other.letter: other.count])
    #expect(check.isPerfect, "\(check)")
  }

  @Test func beginsInAnotherOutputWithAWholeLine() throws {
    let stage = try CheckpointStage()
    try stage.writer.write(500)
    try stage.run(untilOutputHas: 20_010)
    try stage.output.resize(to: 0)
    let (check, _) = try stage.goOn()
    #expect(check.isPerfect, "what was accepted of a write is printed once more: \(check)")
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func beginsInAPipeWithAWholeLine(_ signal: CInt) throws {
    let stage = try CheckpointStage()
    try stage.writer.write(3)
    let log = try FileDescriptor.open(stage.writer.path, .writeOnly, options: .append)
    defer { try? log.close() }
    let line = LogWriter.line(4)
    let first = try stage.start(to: .capture)
    try log.writeAll(line.prefix(10))
    try eventually("the beginning of a line is printed") {
      first.outputSoFar.suffix(10) == line.prefix(10)
    }
    try stage.awaitNote()
    _ = try stage.end(first, by: signal)
    try log.writeAll(line.dropFirst(10))
    let report = stage.directory.path(of: "report")
    let second = try stage.start(["--report=json", "--report-to", report], to: .capture)
    try eventually("the line is printed") { second.outputSoFar.count >= line.count }
    let result = try stage.end(second)
    #expect(result.output == line)
    let text = String(decoding: try readFile(report), as: UTF8.self)
    #expect(CheckpointStage.repeatedBytes(text) == 10)
  }

  /// Its bytes are accepted, but nobody has said so yet.
  @Test func countsWhatAPipeMayHaveTwice() throws {
    let stage = try CheckpointStage()
    try stage.writer.write(50)
    let log = stage.directory.path(of: "calls")
    let first = try stage.start(
      to: .capture, strace: straceInjecting(["pwritev2:signal=KILL:when=1"], log: log))
    let killed = try first.wait()
    #expect(killed.ending != .status(0))
    #expect(killed.output.isEmpty)
    let report = stage.directory.path(of: "report")
    let second = try stage.start(["--report=json", "--report-to", report], to: .capture)
    try eventually("all is printed") { second.outputSoFar.count >= stage.writer.byteCount }
    let result = try stage.end(second)
    #expect(LineCheck(result.output, of: stage.writer).isPerfect)
    let text = String(decoding: try readFile(report), as: UTF8.self)
    #expect(CheckpointStage.repeatedBytes(text) == stage.writer.byteCount)
  }

  /// Nothing else notes a file that soon.
  @Test(arguments: [FileSystemKind.tmpfs, .ext4])
  func knowsAFileThatItHasJustBegun(_ fileSystem: FileSystemKind) throws {
    let stage = try CheckpointStage(fileSystem)
    try expectNothingRepeated(stage, killedAfter: 10) {
      try awaitTick { try stage.writer.write(1) }
      try stage.rotate()
    }
  }

  /// The old place in the file is of no use once it was cut.
  @Test func knowsAFileThatWasJustCut() throws {
    let stage = try CheckpointStage()
    try expectNothingRepeated(stage, killedAfter: 20) { try stage.writer.truncate() }
  }

  /// Kills follows that have printed the first lines after a change, and expects each line once.
  private func expectNothingRepeated(
    _ stage: CheckpointStage, killedAfter lines: Int, change: () throws -> Void
  ) throws {
    try stage.writer.write(10)
    for _ in 0..<10 {
      let running = try stage.start()
      try stage.expectLast()
      try change()
      try stage.writer.write(lines)
      try stage.expectLast()
      _ = try stage.end(running, by: SIGKILL)
      try stage.writer.write(10)
    }
    let (check, repeated) = try stage.goOn()
    #expect(check.isPerfect, "\(check)")
    #expect(repeated == 0)
  }

  /// Without the file nothing that is cut off could be written again.
  @Test func keepsWhatItCannotReadAgain() throws {
    let stage = try CheckpointStage()
    try stage.writer.write(500)
    try stage.run(untilOutputHas: 20_010)
    let before = stage.bytes
    try stage.rotate()
    try remove(stage.old(1))
    try stage.writer.write(10)
    let running = try stage.start()
    try stage.expectLast()
    _ = try stage.end(running)
    #expect(stage.bytes.starts(with: before + [UInt8(ascii: "\n")]))
  }
}
