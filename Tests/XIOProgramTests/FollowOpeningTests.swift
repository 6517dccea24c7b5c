import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Of what a FIFO or pipe sends first the part is printed that was asked for, and without waiting for the
/// next look.
@Suite struct FollowOpeningTests {
  private static let thirty = (1...30).map { "\($0)\n" }.joined()

  private func send(_ text: String, to fifo: FilePath) throws {
    let writer = try FileDescriptor.open(fifo, .writeOnly, options: .closeOnExec)
    _ = try writer.closeAfter { try writer.writeAll(text.utf8) }
  }

  /// The next look is far away, unless the engine is one that only looks.
  private func interval(_ engine: String) -> [String] {
    ["--engine", engine, "-s", engine == "nonblocking" ? "0.01" : "1000"]
  }

  @Test(arguments: followingEngines, ["-f", "-F"])
  func theFirstDataComesAtOnce(_ engine: String, _ option: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let follower = try Follower(interval(engine) + [option, fifo] as [any ByteString])
    for (text, count) in [("a\n", 2), ("b\n", 4)] {
      try send(text, to: fifo)
      try follower.expect(count)
    }
    #expect(try follower.finish().outputText == "a\nb\n")
  }

  @Test(
    arguments: followingEngines,
    [
      (["-n", "3"], "28\n29\n30\n"), (["-c", "4"], "\n30\n"), (["-n", "+29"], "29\n30\n"),
      (["-c", "+77"], "9\n30\n"), (["-n", "99"], FollowOpeningTests.thirty),
    ] as [([String], String)])
  func aPartOfAFIFOIsPrinted(_ engine: String, _ part: ([String], String)) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let follower = try Follower(interval(engine) + part.0 + ["-f", fifo] as [any ByteString])
    try send(Self.thirty, to: fifo)
    try follower.expect(part.1.utf8.count)
    // What comes later is new.
    try send(Self.thirty, to: fifo)
    try follower.expect(part.1.utf8.count + Self.thirty.utf8.count)
    #expect(try follower.finish().outputText == part.1 + Self.thirty)
  }

  @Test(arguments: followingEngines)
  func aPartOfStandardInputIsPrintedBesideAFile(_ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let file = try directory.write("file", "file\n".utf8)
    let follower = try startXio(
      ["tail", "-q", "-n", "3", "-s", "0.05", "--engine", engine, "-f", "-", file]
        as [any ByteString],
      input: .bytes(Array(Self.thirty.utf8)))
    let expected = Array("file\n28\n29\n30\n".utf8)
    try eventually("the last lines are printed") { follower.outputSoFar.count >= expected.count }
    // Standard input is over, and the file goes on.
    let descriptor = try FileDescriptor.open(file, .writeOnly, options: .append)
    _ = try descriptor.closeAfter { try descriptor.writeAll("more\n".utf8) }
    try eventually("more is printed") { follower.outputSoFar == expected + Array("more\n".utf8) }
    try follower.signal(SIGTERM)
    _ = try follower.wait()
  }

  /// A pipe that nobody writes to any more is nothing to wait for.
  @Test func nothingIsLeftWhenThePipeHasEnded() throws {
    let result = try runXio(
      ["tail", "-f", "-c", "3", "-", "/missing"], input: .bytes(Array("bar\n".utf8)))
    #expect(result.outputText == "==> standard input <==\nar\n", "\(result)")
    #expect(result.errorText.hasSuffix("no files remaining\n") && result.status == 1, "\(result)")
  }
}
