import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// `cat` in the middle of pipelines, with processes at its ends that are slow, or leave.
@Suite struct CatStreamTests {
  private static let formats = [[], ["-n"], ["-A"]]

  private func run(_ script: String, in directory: TestDirectory) throws -> ProgramResult {
    var shell = TestProgram("/bin/bash", ["-c", script])
    shell.environment = ["CAT": "\(try locateXio()) cat"]
    shell.workingDirectory = directory.path
    return try shell.run()
  }

  @Test func endsQuietlyWhenTheReaderLeaves() throws {
    let directory = try TestDirectory()
    try directory.write(
      "many", Array(repeating: Array("a line\n".utf8), count: 300_000).flatMap(\.self))
    for format in ["", "-n", "-A", "--engine uring", "--report"] {
      for source in ["many", "- < many", "< <(cat many)", "many many many", "< <(yes)"] {
        let result = try run(
          "$CAT \(format) \(source) 2> error | head -n 1; echo ${PIPESTATUS[0]}; cat error",
          in: directory)
        let lines = result.outputText.split(separator: "\n")
        #expect(lines.first?.contains("a line") == true || source.contains("yes"), "\(result)")
        #expect(lines.dropFirst().first == "141", "\(format) \(source): \(result)")
        if format != "--report" { #expect(lines.count == 2, "\(result)") }
      }
    }
    // Where SIGPIPE is ignored the error is told.
    let told = try run(
      "trap '' PIPE; for f in '' -n; do $CAT $f many | true; echo ${PIPESTATUS[0]}; done",
      in: directory)
    #expect(told.outputText == "1\n1\n")
    let message = "xio cat: error writing standard output: Broken pipe\n"
    #expect(told.errorText == message + message)
  }

  @Test func passesOnAGibibyte() throws {
    let result = try run("yes | $CAT | head -c 1G | wc -c", in: try TestDirectory())
    #expect(result.outputText == "\(1 << 30)\n", "\(result)")
  }

  @Test(arguments: [4096, 65536], formats)
  func takesPipesOfAnySize(_ size: Int, _ format: [String]) throws {
    let setPipeSize: CInt = 1031  // F_SETPIPE_SZ, which needs _GNU_SOURCE
    let bytes = CatCorpus.files.flatMap(\.bytes)
    let expected = try TestProgram("/usr/bin/cat", format).with(input: bytes).run().output
    let (input, output) = (try closeOnExecPipe(), try closeOnExecPipe())
    for pipe in [input, output] {
      try #require(fcntl(pipe.writer.rawValue, setPipeSize, CInt(size)) == CInt(size))
    }
    let feeder = try TestProgram("/usr/bin/cat").with(input: bytes, to: input.writer).start()
    let running = try startXio(
      ["cat"] + format, input: .descriptor(input.reader), output: .descriptor(output.writer))
    for end in [input.reader, input.writer, output.writer] { try end.close() }
    var received: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 3000)
    while true {
      let count = try block.withUnsafeMutableBytes { try output.reader.read(into: $0) }
      if count == 0 { break }
      received += block.prefix(count)
    }
    // A pipe that somebody made small stays so.
    if size < 65536 { #expect(capacity(output.reader) == size) }
    try output.reader.close()
    expectQuietSuccess(try running.wait())
    try feeder.wait()
    let isSame = received == expected
    #expect(isSame, "\(received.count), not \(expected.count) bytes")
  }

  @Test func growsPipesForManyBytesOnly() throws {
    let directory = try TestDirectory()
    let large = try directory.writeRandom("large", count: 3 << 20)
    let small = try directory.writeRandom("small", count: 60_000)
    for (file, format, grown) in [
      (large, [], true), (small, [], false), (large, ["-n"], false), (small, ["-n"], false),
    ] as [(FilePath, [String], Bool)] {
      let pipe = try closeOnExecPipe()
      let before = capacity(pipe.writer)
      let running = try startXio(
        ["cat"] + format + [file] as [any ByteString], output: .descriptor(pipe.writer))
      try eventually("the pipe has been looked at") {
        grown ? capacity(pipe.writer) > before : readableBytes(pipe.reader) > 0
      }
      #expect(capacity(pipe.writer) <= 1 << 20)
      if !grown { #expect(capacity(pipe.writer) == before) }
      try pipe.writer.close()
      try pipe.reader.close()
      _ = try running.wait()
    }
  }

  @Test(arguments: formats, StreamKind.allCases)
  func showsWhatThereIs(_ format: [String], _ kind: StreamKind) throws {
    let streams = try StreamPair(kind)
    let running = try startXio(
      ["cat"] + format, input: .descriptor(streams.input), output: .descriptor(streams.output))
    for (number, line) in ["one", "two", "three"].enumerated() {
      try streams.send(line)
      let end = format == ["-A"] ? "$" : ""
      let start = format == ["-n"] ? "     \(number + 1)\t" : ""
      try streams.expectText(start + line + end)
    }
    try streams.endInput()
    expectQuietSuccess(try running.wait())
  }

  /// An unfinished line, too, and after more than fits into a block.
  @Test func showsPartsOfLines() throws {
    let input = try closeOnExecPipe()
    let running = try startXio(["cat", "-n"], input: .descriptor(input.reader))
    try input.reader.close()
    let long = String(repeating: "x", count: 200_001)
    try input.writer.writeAll(Array(long.utf8))
    try eventually("the beginning of the line") {
      running.outputSoFar == Array("     1\t\(long)".utf8)
    }
    try input.writer.writeAll(Array("\ny".utf8))
    try eventually("the next one") {
      running.outputSoFar == Array("     1\t\(long)\n     2\ty".utf8)
    }
    try input.writer.close()
    expectQuietSuccess(try running.wait())
  }

  /// Opening a FIFO is seen at its other end: it happens once.
  @Test func opensAFIFOOnce() throws {
    let directory = try TestDirectory()
    _ = try directory.makeFIFO("fifo")
    try directory.write("before", "first\n".utf8)
    let result = try run(
      "(echo one; echo two) > fifo & $CAT before fifo before; wait", in: directory)
    #expect(result.outputText == "first\none\ntwo\nfirst\n", "\(result)")
  }

  @Test(arguments: formats)
  func waitsForNonBlockingStreams(_ format: [String]) throws {
    let bytes = CatCorpus.files.flatMap(\.bytes)
    let expected = try TestProgram("/usr/bin/cat", format).with(input: bytes).run().output
    for kind in [StreamKind.pipe, .socket] {
      let streams = try StreamPair(kind)
      let writer = try streams.takeWriter()
      let feeder = try TestProgram("/usr/bin/cat").with(input: bytes, to: writer).start()
      try writer.close()
      let running = try startXio(
        ["cat"] + format, input: .descriptor(streams.input), output: .capture,
        launcher: ["--nonblock", "0", "--nonblock", "1"])
      let result = try running.wait()
      expectQuietSuccess(result)
      let isSame = result.output == expected
      #expect(isSame, "\(kind): \(result.output.count), not \(expected.count) bytes")
      try feeder.wait()
    }
  }

  @Test func readsAFileWhileItGrows() throws {
    let directory = try TestDirectory()
    try directory.writeRandom("file", count: 3 << 20)
    for format in ["", "-E"] {
      let result = try run(
        """
        (for i in 1 2 3 4 5 6 7 8; do head -c 300000 file; done) >> file & writer=$!
        $CAT \(format) file > out; status=$?; wait $writer
        /usr/bin/cat \(format) file | head -c $(stat -c %s out) | cmp - out && exit $status
        """, in: directory)
      expectQuietSuccess(result)
      #expect(try fileSize(directory.path(of: "out")) >= 3 << 20)
    }
  }
}
