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
      (["--block-size", "junk"], "invalid argument 'junk' for '--block-size'"),
      (["--block-size", "4Q"], "invalid argument '4Q' for '--block-size'"),
      (["--block-size", ""], "--block-size"),
      (["--block-size"], "--block-size"),
      (["--queue-depth", "0"], "the queue depth must be between 1 and 1024, not 0"),
      (["--queue-depth", "100000"], "the queue depth must be between 1 and 1024, not 100000"),
      (["--queue-depth", "many"], "invalid argument 'many' for '--queue-depth'"),
      (["--engine", "unknown"], "invalid argument 'unknown' for '--engine'"),
      (
        ["--engine", "posix-aio", "--notify", "unknown"],
        "invalid argument 'unknown' for '--notify'"
      ),
      (["--notify", "poll"], "--notify goes with --engine posix-aio alone"),
      (["--engine", "uring", "--notify", "poll"], "--notify goes with --engine posix-aio alone"),
      (["--cache", "unknown"], "invalid argument 'unknown' for '--cache'"),
      (["--report=unknown"], "invalid argument 'unknown' for '--report'"),
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

  @Test(
    arguments: [
      ("coppy a b", "xio: unknown command 'coppy'", "copy"),
      ("help tial", "xio: unknown command 'tial'", "tail"),
      ("--versoin", "xio: unrecognized option '--versoin'", "--version"),
      ("cat --enigne x", "xio cat: unrecognized option '--enigne'", "--engine"),
      ("tail --folow x", "xio tail: unrecognized option '--folow'", "--follow"),
      ("copy --engine urin a b", "xio copy: invalid argument 'urin' for '--engine'", "uring"),
      ("cat --cache=pgae a", "xio cat: invalid argument 'pgae' for '--cache'", "page"),
      ("tail --follow=nmae a", "xio tail: invalid argument 'nmae' for '--follow'", "name"),
      ("copy --sparse alwys a b", "xio copy: invalid argument 'alwys' for '--sparse'", "always"),
      ("fanin --on-full blok", "xio fanin: invalid argument 'blok' for '--on-full'", "block"),
      ("copy --frobnicate a b", "xio copy: unrecognized option '--frobnicate'", nil),
      ("frobnicate", "xio: unknown command 'frobnicate'", nil),
    ] as [(String, String, String?)])
  func suggestsWhatWasMeant(_ line: String, _ message: String, _ meant: String?) throws {
    let result = try runXio(line.split(separator: " ").map(String.init))
    expectMessage(result, message)
    let hint = result.errorText.split(separator: "\n").last.map(String.init) ?? ""
    if let meant {
      #expect(hint == "hint: did you mean '\(meant)'?", "\(result)")
    } else {
      #expect(hint.hasPrefix("hint: try 'xio"), "\(result)")
    }
  }

  @Test func wantsItsOperands() throws {
    expectMessage(try runXio(["copy"]), "xio copy: missing file operand")
    expectMessage(
      try runXio(["copy", "/etc/passwd"]),
      "xio copy: missing destination file operand after '/etc/passwd'")
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
