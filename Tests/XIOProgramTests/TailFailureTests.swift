import SystemPackage
import Testing
import XIOTestSupport

/// What `tail` says when a call fails.
@Suite struct TailFailureTests {
  private static let large = TailFile.lines(3 << 20, ends: true).bytes

  private func directory() throws -> TestDirectory {
    let directory = try TestDirectory()
    try directory.write("small", "1\n2\n3\n".utf8)
    try directory.write("large", Self.large)
    return directory
  }

  /// Runs the program in a directory, with calls that fail.
  private func run(
    _ arguments: [String], in directory: TestDirectory, injecting: [String] = [],
    input: ProgramInput = .null, output: ProgramOutput = .capture
  ) throws -> ProgramResult {
    var program = try xioProgram(["tail"] + arguments)
    program.workingDirectory = directory.path
    program.input = input
    program.output = output
    if !injecting.isEmpty { program.strace = straceInjecting(injecting) }
    return try program.run()
  }

  @Test func namesTheFileThatCannotBeRead() throws {
    let directory = try directory()
    for (file, injection) in [("small", "pread64:error=EIO"), ("large", "pread64:error=EIO")] {
      let result = try run(
        ["-n", "2", file, "small"], in: directory, injecting: [injection + ":when=1"])
      expectMessage(result, "error reading '\(file)': Input/output error")
      #expect(result.outputText == "==> \(file) <==\n\n==> small <==\n2\n3\n")
    }
    var program = try xioProgram(["tail", "-n", "2", "/dev/null"])
    program.strace = straceInjecting(["read:error=EIO"]) + ["-P", "/dev/null"]
    let stream = try program.run()
    expectMessage(stream, "error reading '/dev/null': Input/output error")
    #expect(stream.output.isEmpty)
  }

  @Test(arguments: ["EIO", "EINVAL"])
  func goesOnWithoutTheKernelsHelp(_ errno: String) throws {
    let directory = try directory()
    let result = try run(
      ["-c", "1000000", "large"], in: directory,
      injecting: ["splice:error=\(errno)", "sendfile:error=\(errno)"])
    expectQuietSuccess(result)
    let isSame = result.output == Array(Self.large.suffix(1_000_000))
    #expect(isSame)
  }

  @Test func saysThatTheOutputIsFull() throws {
    let comparison = try GNUComparison("tail", in: try directory())
    for start in ["-n 1 small", "-c 3000000 large", "-n 4 small -", "-n +2 small"] {
      let arguments = start.split(separator: " ").map(String.init)
      for output in [ProgramOutput.file("/dev/full"), .closed] {
        let result = try run(arguments, in: comparison.directory, output: output)
        var theirs = TestProgram("/usr/bin/tail", arguments)
        theirs.workingDirectory = comparison.directory.path
        theirs.argumentZero = "xio tail"
        theirs.environment = ["LC_ALL": "C"]
        theirs.output = output
        let expected = try theirs.run()
        #expect(result.errorText == expected.errorText, "\(result)")
        #expect(result.status == 1, "\(result)")
      }
    }
  }

  @Test func endsQuietlyWithoutAReader() throws {
    let directory = try directory()
    for (arguments, input) in [
      (["-n", "1", "small"], ProgramInput.null), (["-c", "3000000", "large"], .null),
      (["-n", "+1"], .bytes(Self.large)), (["-n", "9999"], .bytes(Self.large)),
    ] {
      let pipe = try closeOnExecPipe()
      try pipe.reader.close()
      let result = try run(
        arguments, in: directory, input: input, output: .descriptor(pipe.writer))
      try pipe.writer.close()
      #expect(result.ending == .signal(13) && result.errorOutput.isEmpty, "\(result)")
    }
  }

  @Test func saysThatStandardInputIsClosed() throws {
    let comparison = try GNUComparison("tail")
    try comparison.expectSame([], input: .closed)
    try comparison.expectSame(["-n", "2", "-"], input: .closed)
  }
}
