import SystemPackage
import Testing
import XIOTestSupport

/// Files that cannot be copied, and places that cannot be written to.
@Suite struct BadFileTests {
  @Test(arguments: EngineVariant.all)
  func reportsWhatCannotBeCopied(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.write("source", "text".utf8)
    let target = directory.path(of: "target")
    let missing = directory.path(of: "missing")
    func copy(_ from: FilePath, _ to: FilePath) throws -> ProgramResult {
      try runXio(["copy"] + variant.options + [from, to])
    }
    expectMessage(try copy(missing, target), "cannot stat '\(missing)': No such file")
    expectMessage(
      try copy(directory.path, target), "omitting directory '\(directory.path)'")
    expectMessage(
      try copy(source, missing.appending("x")),
      "cannot create regular file '\(missing)/x': No such file")
    expectMessage(
      try copy(source, source.appending("x")), "'\(source)/x': Not a directory")
    let dangling = try directory.makeLink("dangling", to: "nowhere")
    expectMessage(
      try copy(source, dangling), "not writing through dangling symlink '\(dangling)'")
    #expect(try directory.names() == ["dangling", "source"])
  }

  @Test(arguments: EngineVariant.all)
  func refusesToCopyAFileToItself(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.write("source", "text".utf8)
    let others = [
      source, try directory.makeHardLink("hard", to: source),
      try directory.makeLink("soft", to: source), directory.path,
    ]
    for other in others {
      let shown = other == directory.path ? source : other
      expectMessage(
        try runXio(["copy"] + variant.options + [source, other]),
        "'\(source)' and '\(shown)' are the same file")
    }
    #expect(try directory.read("source") == Array("text".utf8))
  }

  @Test func reportsWhatMayNotBeReadOrWritten() throws {
    let directory = try TestDirectory(on: .ext4)
    try setPermissions(directory.path, 0o755)
    let source = try directory.write("source", "text".utf8)
    let secret = try directory.write("secret", "text".utf8)
    try setPermissions(secret, 0)
    let target = directory.path(of: "target")
    let nobody = ["--uid", "65534"]
    expectMessage(
      try runXio(["copy", secret, "/dev/null"], launcher: nobody),
      "cannot open '\(secret)' for reading: Permission denied")
    expectMessage(
      try runXio(["cat", secret], launcher: nobody), "\(secret): Permission denied")
    expectMessage(
      try runXio(["copy", source, target], launcher: nobody),
      "cannot create regular file '\(target)': Permission denied")
    expectMessage(
      try runXio(["copy", source, secret], launcher: nobody),
      "cannot create regular file '\(secret)': Permission denied")
    #expect(try directory.read("secret") == Array("text".utf8))
  }

  @Test func reportsReadOnlyFileSystems() throws {
    let mounted = try MountedFileSystem(.tmpfs, options: ["ro"])
    let directory = try TestDirectory()
    let source = try directory.write("source", "text".utf8)
    expectMessage(
      try runXio(["copy", source, mounted.path]),
      "cannot create regular file '\(mounted.path)/source': Read-only file system")
  }
}

/// A file system that is too small.
@Suite(.serialized) struct NoSpaceTests {
  private static let small = Result { try MountedFileSystem(.ext4, size: 4 << 20) }

  @Test(arguments: EngineVariant.all, CacheModeName.allCases)
  func removesWhatDidNotFit(_ variant: EngineVariant, _ mode: CacheModeName) throws {
    guard mode.refusal(variant, on: .ext4) == nil else { return }
    let elsewhere = try TestDirectory(on: .ext4)
    let source = try elsewhere.writeRandom("source", count: 8 << 20)
    let directory = try Self.small.get().directory()
    let target = directory.path(of: "target")
    let options = ["copy"] + variant.options + mode.options
    let result = try runXio(options + [source, target])
    expectMessage(result, "'\(target)'", "No space left on device")
    #expect(try directory.names().isEmpty)
    // What was there before is somebody else's to remove.
    try directory.write("target", "as before".utf8)
    expectMessage(try runXio(options + [source, target]), "No space left on device")
    #expect(try directory.names() == ["target"])
    // A file with a gap, or of the full size, would look like a copy.
    let kept = try readFile(target)
    #expect(kept.count < 4 << 20)
    #expect(try kept == Array(readFile(source).prefix(kept.count)))
  }

  @Test(arguments: EngineVariant.all)
  func saysThatTheOutputIsFull(_ variant: EngineVariant) throws {
    let elsewhere = try TestDirectory(on: .ext4)
    let source = try elsewhere.writeRandom("source", count: 8 << 20)
    let directory = try Self.small.get().directory()
    let options: [any ByteString] = ["cat"] + variant.options + [source]
    let outputs: [FilePath] = [directory.path(of: "target"), "/dev/full"]
    for output in outputs {
      // The driver of /dev/full takes no pages.
      let isRefused = variant == .kernel && output == "/dev/full"
      let result = try runXio(options, output: .file(output))
      expectMessage(result, isRefused ? "Invalid argument" : "No space left on device")
    }
  }
}
