import SystemPackage
import Testing
import XIOTestSupport

/// Command lines that ask for what cannot be.
@Suite struct BadOptionTests {
  @Test(
    arguments: [
      (["--block-size", "0"], "the block size must be between"),
      (["--block-size", "-1"], "block-size"),
      (["--block-size", "8G"], "the block size must be between"),
      (["--block-size", "99999999999999999999"], "--block-size"),
      (["--block-size", "9999999999P"], "the block size must be between"),
      (["--block-size", "junk"], "'junk' is invalid for '--block-size"),
      (["--block-size", "4Q"], "'4Q' is invalid for '--block-size"),
      (["--block-size", ""], "--block-size"),
      (["--block-size"], "--block-size"),
      (["--queue-depth", "0"], "the queue depth must be between 1 and 1024, not 0"),
      (["--queue-depth", "100000"], "the queue depth must be between 1 and 1024, not 100000"),
      (["--queue-depth", "many"], "'many' is invalid for '--queue-depth"),
      (["--engine", "unknown"], "'unknown' is invalid for '--engine"),
      (["--engine", "posix-aio", "--notify", "unknown"], "'unknown' is invalid for '--notify"),
      (["--notify", "poll"], "--notify goes with --engine posix-aio alone"),
      (["--engine", "uring", "--notify", "poll"], "--notify goes with --engine posix-aio alone"),
      (["--cache", "unknown"], "'unknown' is invalid for '--cache"),
      (["--report=unknown"], "'unknown' is invalid for '--report"),
      (["--unknown"], "--unknown"),
      (["--report-to", "/nonexistent/report"], "'/nonexistent/report': No such file or directory"),
      (["third"], "third"),
    ] as [([String], String)])
  func explainsAndTouchesNothing(_ options: [String], _ message: String) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1 << 20)
    let result = try runXio(["copy", source, directory.path(of: "target")] + options)
    expectMessage(result, "xio copy: ", message)
    #expect(try directory.names() == ["source"])
    if options != ["third"] {
      expectMessage(try runXio(["cat", source] + options), "xio cat: ", message)
    }
  }

  @Test func wantsItsOperands() throws {
    expectMessage(try runXio(["copy"]), "xio copy: ", "source")
    expectMessage(try runXio(["copy", "/etc/passwd"]), "xio copy: ", "dest")
    expectMessage(try runXio(["unknown"]), "xio: ", "unknown")
    expectMessage(try runXio(["--verbose"]), "--verbose goes with --version")
    expectMessage(try runXio(["engines", "a", "b"]), "xio engines: ", "b")
  }

  @Test(arguments: EngineVariant.all)
  func refusesBuffersLargerThanMemory(_ variant: EngineVariant) throws {
    // Engines that make one call at a time have one buffer, which is no reason to refuse.
    if ["blocking", "kernel", "auto"].contains(variant.name) { return }
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeSparse("source", count: 8 << 40)
    let target = directory.path(of: "target")
    let options = variant.options + ["--block-size", "4G", "--queue-depth", "1024"]
    expectMessage(
      try runXio(["copy"] + options + [source, target]),
      "buffers of 4294967296 bytes do not fit into half of the memory")
    expectMessage(
      try runXio(["cat"] + options + [source]),
      "1024 buffers of 4294967296 bytes do not fit into half of the memory")
    #expect(try directory.names() == ["source"])
  }

  @Test(arguments: EngineVariant.throughMemory, ["1", "511", "4000", "262143"])
  func refusesBlocksThatAreNotAligned(_ variant: EngineVariant, _ size: String) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1 << 20)
    let options = variant.options + ["--cache", "direct", "--block-size", size]
    let result = try runXio(["copy"] + options + [source, directory.path(of: "target")])
    expectMessage(result, "'\(source)'", "O_DIRECT needs a block size that is a multiple of")
    #expect(try directory.names() == ["source"])
    expectMessage(
      try runXio(["cat"] + options + [source]), source.string,
      "O_DIRECT needs a block size that is a multiple of")
  }
}
