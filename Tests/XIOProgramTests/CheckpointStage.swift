import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// A log with a checkpoint beside it, and a file that all runs together print to.
final class CheckpointStage {
  let directory: TestDirectory
  let writer: LogWriter
  let checkpoint: FilePath
  let printed: FilePath
  /// What runs have as standard output.
  let output: FileDescriptor
  private var rotations = 0

  /// Makes an empty log.
  ///
  /// - Parameters:
  ///   - fileSystem: where it is.
  ///   - appends: whether standard output is open for appending.
  ///   - room: where the output is, if not beside the log.
  /// - Throws: what keeps files from being made.
  init(
    _ fileSystem: FileSystemKind = .tmpfs, appends: Bool = true,
    printingIn room: TestDirectory? = nil
  ) throws {
    directory = try TestDirectory(on: fileSystem)
    writer = try LogWriter(directory.path(of: "a.log"))
    checkpoint = directory.path(of: "checkpoint")
    printed = (room ?? directory).path(of: "printed")
    output = try (room ?? directory).openToWrite("printed", appends: appends)
  }

  deinit { try? output.close() }

  var bytes: [UInt8] { (try? readFile(printed)) ?? [] }

  func start(
    _ options: [any ByteString] = [], to output: ProgramOutput? = nil, launcher: [String] = [],
    strace: [String] = []
  ) throws -> RunningProgram {
    try startXio(
      ["tail", "-q", "-n", "+1", "-F", "--checkpoint", checkpoint, writer.path]
        as [any ByteString] + options, output: output ?? .descriptor(self.output),
      launcher: launcher, strace: strace)
  }

  /// Runs a follow until the output has so many bytes, in the middle of a write(2).
  ///
  /// - Parameters:
  ///   - size: the limit of the file's size, at which SIGXFSZ ends the program; it is larger than a checkpoint.
  ///   - options: options and more files.
  /// - Throws: `SupportFailure` when it cannot be started.
  func run(untilOutputHas size: Int, _ options: [any ByteString] = []) throws {
    let result = try start(options, launcher: ["--rlimit", "fsize=\(size)"]).wait()
    #expect(result.ending != .status(0), "\(result)")
    #expect(try fileSize(printed) == Int64(size), "\(result)")
  }

  func rotate(keeping kept: Int = .max) throws {
    rotations += 1
    try move(writer.path, to: old(rotations))
    try writer.reopen()
    if rotations > kept { try remove(old(rotations - kept)) }
  }

  func old(_ number: Int) -> FilePath { FilePath("\(writer.path).\(number)") }

  /// Waits until the last line that was written is the last that is printed.
  func expectLast(_ writer: LogWriter? = nil) throws {
    let writer = writer ?? self.writer
    let line = LogWriter.line(writer.count, letter: writer.letter)
    try eventually("line \(writer.count) is printed") {
      self.bytes.suffix(line.count) == line[...]
    }
  }

  /// Waits until a checkpoint says that all of a log was accepted.
  func awaitNote(of writer: LogWriter? = nil, in checkpoint: FilePath? = nil) throws {
    let path = (writer ?? self.writer).path, checkpoint = checkpoint ?? self.checkpoint
    try eventually("it is noted that \(path) was accepted") {
      // A file's line ends with what was sent and accepted, three words about the output and one about
      // the file's end.
      let lines = String(decoding: try readFile(checkpoint), as: UTF8.self).split(separator: "\n")
      let words = lines.last { $0.hasPrefix("file ") }?.split(separator: " ") ?? []
      return try words.count > 6 && Int64(words[words.count - 5]) == fileSize(path)
    }
  }

  func end(_ running: RunningProgram, by signal: CInt = SIGTERM) throws -> ProgramResult {
    try running.signal(signal)
    let result = try running.wait()
    #expect(result.ending == .signal(signal), "\(result)")
    return result
  }

  /// Goes on until the last line is there, and ends.
  ///
  /// - Returns: what became of the lines, and how many bytes may have come twice.
  func goOn(_ options: [any ByteString] = []) throws -> (check: LineCheck, repeated: Int) {
    let report = directory.path(of: "report")
    let running = try start(["--report=json", "--report-to", report] + options)
    try expectLast()
    let result = try end(running)
    let text = String(decoding: try readFile(report), as: UTF8.self)
    let repeated = try #require(Self.repeatedBytes(text), "\(result)")
    return (LineCheck(bytes, of: writer), repeated)
  }

  /// The sum of what may have come twice in a report.
  static func repeatedBytes(_ report: String) -> Int? {
    let numbers = report.matches(of: /"repeated_bytes" *: *([0-9]+)/).compactMap {
      Int($0.output.1)
    }
    return numbers.isEmpty ? nil : numbers.reduce(0, +)
  }
}
