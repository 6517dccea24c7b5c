import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Follows that end, and go on where they were.
@Suite struct CheckpointTests {
  /// A log with a checkpoint beside it, and what all runs together have printed.
  private final class Stage {
    let directory: TestDirectory
    let writer: LogWriter
    let checkpoint: FilePath
    private(set) var printed: FilePath
    private let output: FileDescriptor
    var rotations = 0

    init(_ fileSystem: FileSystemKind = .tmpfs) throws {
      directory = try TestDirectory(on: fileSystem)
      writer = try LogWriter(directory.path(of: "a.log"))
      checkpoint = directory.path(of: "checkpoint")
      printed = directory.path(of: "printed")
      output = try FileDescriptor.open(
        printed, .writeOnly, options: [.append, .create, .closeOnExec],
        permissions: [.ownerReadWrite])
    }

    deinit { try? output.close() }

    var bytes: [UInt8] { (try? readFile(printed)) ?? [] }

    func start(_ options: [String] = []) throws -> RunningProgram {
      try startXio(
        ["tail", "-q", "-n", "+1", "-F", "--checkpoint", checkpoint, writer.path]
          as [any ByteString] + options, output: .descriptor(output))
    }

    func rotate(keeping kept: Int = .max) throws {
      rotations += 1
      try move(writer.path, to: old(rotations))
      try writer.reopen()
      if rotations > kept { try remove(old(rotations - kept)) }
    }

    func old(_ number: Int) -> FilePath { FilePath("\(writer.path).\(number)") }

    /// Waits until the last line that was written is the last that is printed.
    func expectLast() throws {
      let line = LogWriter.line(writer.count, letter: writer.letter)
      try eventually("line \(writer.count) is printed") {
        self.bytes.suffix(line.count) == line[...]
      }
    }

    func end(_ running: RunningProgram, by signal: CInt = SIGTERM) throws -> ProgramResult {
      try running.signal(signal)
      let result = try running.wait()
      #expect(result.ending == .signal(signal), "\(result)")
      return result
    }
  }

  @Test(arguments: [FileSystemKind.tmpfs, .ext4, .xfs, .overlayfs])
  func losesNothingWhenItIsKilled(_ fileSystem: FileSystemKind) throws {
    let stage = try Stage(fileSystem)
    var random = RandomBytes(seed: 5)
    for _ in 0..<20 {
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
    let stage = try Stage(fileSystem)
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
    let stage = try Stage()
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
    let stage = try Stage()
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
      let files = text.split(separator: "\n").map { $0.split(separator: " ") }
      return files.contains { $0.last == "e" }
        && files.contains { $0.last == "-" && Int64($0[$0.count - 3]) == size }
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

  @Test(arguments: ["garbage\n", "xio-checkpoint 1\nended\n", "\0\0\0\0"])
  func refusesWhatIsNoCheckpoint(_ text: String) throws {
    let stage = try Stage()
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

  /// What was cut off while nobody followed is known from where the follow had got to.
  @Test func noticesACutBetweenRuns() throws {
    let stage = try Stage()
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
