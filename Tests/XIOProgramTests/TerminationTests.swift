import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Programs that are told to end while they wait for data, and what they leave behind.
@Suite struct TerminationTests {
  /// A copy from a FIFO, all of what was written to it so far at the target.
  private struct StalledCopy {
    let running: RunningProgram
    let writer: FileDescriptor
    let directory: TestDirectory

    init(_ variant: EngineVariant, overwriting: Bool) throws {
      directory = try TestDirectory()
      let fifo = try directory.makeFIFO("fifo")
      let target = directory.path(of: "target")
      if overwriting { try directory.write("target", "as before".utf8) }
      // Open for both, the FIFO keeps neither side waiting.
      writer = try FileDescriptor.open(fifo, .readWrite, options: [.closeOnExec])
      running = try startXio(["copy"] + variant.options + [fifo, target])
      _ = try writer.writeAll([UInt8](repeating: 65, count: 5000))
      try eventually("the data arrives") {
        try directory.has("target") && fileSize(target) == 5000
      }
    }
  }

  @Test(arguments: EngineVariant.all, [SIGINT, SIGTERM, SIGHUP])
  func removesWhatItMade(_ variant: EngineVariant, _ signal: CInt) throws {
    let copy = try StalledCopy(variant, overwriting: false)
    try copy.running.signal(signal)
    let result = try copy.running.wait()
    #expect(result.ending == .signal(signal), "\(result)")
    #expect(result.errorOutput.isEmpty, "\(result)")
    #expect(try copy.directory.names() == ["fifo"])
    try copy.writer.close()
  }

  @Test(arguments: EngineVariant.all, [SIGINT, SIGTERM])
  func keepsWhatWasThere(_ variant: EngineVariant, _ signal: CInt) throws {
    let copy = try StalledCopy(variant, overwriting: true)
    try copy.running.signal(signal)
    let result = try copy.running.wait()
    #expect(result.ending == .signal(signal), "\(result)")
    #expect(try copy.directory.names() == ["fifo", "target"])
    try copy.writer.close()
  }

  @Test(arguments: EngineVariant.all, [SIGINT, SIGTERM])
  func endsAtOnceAtTheSecondSignal(_ variant: EngineVariant, _ second: CInt) throws {
    let directory = try TestDirectory()
    let fifo = try directory.makeFIFO("fifo")
    let report = try directory.makeFIFO("report")
    let writer = try FileDescriptor.open(fifo, .readWrite, options: [.closeOnExec])
    let reader = try FileDescriptor.open(report, .readWrite, options: [.closeOnExec])
    // A report that nobody reads keeps the program from ending by itself.
    try fill(reader)
    let target = directory.path(of: "target")
    let running = try startXio(["copy", "--report-to", report] + variant.options + [fifo, target])
    try eventually("the copy begins") { try directory.has("target") }
    try running.signal(SIGINT)
    try eventually("the target is gone") { try directory.has("target") == false }
    try eventually("it ends") {
      try? running.signal(second)
      return running.hasEnded
    }
    #expect(try running.wait().ending == .signal(second))
    for descriptor in [writer, reader] { try descriptor.close() }
  }

  /// As timeout(1) does it: once to the process, and once more to its group.
  @Test(arguments: ["epoll", "uring", "kernel"])
  func takesTwoSignalsAtOnceForOne(_ engine: String) throws {
    let directory = try TestDirectory()
    let fifo = try directory.makeFIFO("fifo")
    let writer = try FileDescriptor.open(fifo, .readWrite, options: [.closeOnExec])
    let program = try locateXio()
    let timeout = TestProgram(
      "/usr/bin/timeout",
      ["0.3", program, "copy", "--engine", engine, fifo, directory.path(of: "target")])
    let result = try timeout.run()
    #expect(result.ending == .status(124), "\(result)")
    #expect(try directory.names() == ["fifo"])
    try writer.close()
  }

  @Test(arguments: EngineVariant.all)
  func endsQuietlyWhenTheReaderLeaves(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    // More than a pipe can be made to hold.
    let source = try directory.writeRandom("source", count: 4 << 20)
    let pipe = try closeOnExecPipe()
    let running = try startXio(
      ["cat"] + variant.options + [source], output: .descriptor(pipe.writer))
    try pipe.writer.close()
    try eventually("there is a byte to read") { readableBytes(pipe.reader) > 0 }
    try pipe.reader.close()
    let result = try running.wait()
    #expect(result.ending == .signal(SIGPIPE) && result.errorOutput.isEmpty, "\(result)")
  }

  @Test(arguments: EngineVariant.all)
  func saysSoWhereBrokenPipesAreIgnored(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let source = try directory.writeRandom("source", count: 1 << 20)
    let pipe = try closeOnExecPipe()
    try pipe.reader.close()
    let result = try runXio(
      ["cat"] + variant.options + [source], output: .descriptor(pipe.writer),
      launcher: ["--ignore-sigpipe"])
    expectMessage(result, "error writing standard output: Broken pipe")
    try pipe.writer.close()
  }
}
