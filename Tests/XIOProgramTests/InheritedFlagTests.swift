import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Streams that somebody else made non-blocking, with a slow process at the other end.
@Suite struct InheritedFlagTests {
  private static let size = 3_000_000

  @Test(arguments: EngineVariant.all)
  func writesEverythingToASlowReader(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let source = try directory.writeRandom("source", count: Self.size)
    let pipe = try closeOnExecPipe()
    let running = try startXio(
      ["cat"] + variant.options + [source], output: .descriptor(pipe.writer),
      launcher: ["--nonblock", "1"])
    try eventually("the pipe is full") {
      readableBytes(pipe.reader) == capacity(pipe.writer)
    }
    #expect(statusFlags(pipe.writer) & O_NONBLOCK != 0)
    let received = try readSlowly(pipe.reader, count: Self.size, from: running)
    #expect(try received == directory.read("source"))
    expectQuietSuccess(try running.wait())
    #expect(statusFlags(pipe.writer) & O_NONBLOCK != 0)
    for end in [pipe.reader, pipe.writer] { try end.close() }
  }

  @Test(arguments: EngineVariant.all)
  func readsEverythingFromASlowWriter(_ variant: EngineVariant) throws {
    var source = RandomBytes(seed: 5)
    let bytes = source.next(20_000)
    let pipe = try closeOnExecPipe()
    let running = try startXio(
      ["cat"] + variant.options, input: .descriptor(pipe.reader), launcher: ["--nonblock", "0"])
    for part in stride(from: 0, to: bytes.count, by: 4000) {
      _ = try pipe.writer.writeAll(bytes[part..<part + 4000])
      try eventually("the part is through") { running.outputSoFar.count == part + 4000 }
    }
    #expect(statusFlags(pipe.reader) & O_NONBLOCK != 0)
    try pipe.writer.close()
    let result = try running.wait()
    expectQuietSuccess(result)
    #expect(result.output == bytes)
    #expect(statusFlags(pipe.reader) & O_NONBLOCK != 0)
    try pipe.reader.close()
  }

  /// Reads a little at a time, so that the writer meets a full pipe again and again.
  ///
  /// The test holds the other end, too: no end of file comes when the program is gone.
  private func readSlowly(
    _ reader: FileDescriptor, count: Int, from running: RunningProgram
  ) throws -> [UInt8] {
    var received: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 5000)
    while received.count < count {
      try eventually("there is more to read, or there will be none") {
        readableBytes(reader) > 0 || running.hasEnded
      }
      guard readableBytes(reader) > 0 else { break }
      let count = try block.withUnsafeMutableBytes { try reader.read(into: $0) }
      received += block.prefix(count)
    }
    return received
  }
}
