import SystemPackage
import Testing
import XIOTestSupport

/// Blocks that are shared rather than copied, on file systems that can.
@Suite struct ReflinkTests {
  private static let size = (3 << 20) + 1234
  private static let kinds: [FileSystemKind] = [.xfs, .btrfs]

  private func directory(_ kind: FileSystemKind) throws -> TestDirectory {
    let directory = try TestDirectory(on: kind)
    try directory.writeRandom("source", count: Self.size)
    // Blocks are given out when the file is written to the device.
    try runTool("sync", "-f", directory.path)
    return directory
  }

  /// Whether the file system says that other files have blocks of this one.
  private func isShared(_ file: FilePath) throws -> Bool {
    try runTool("sync", "-f", file)
    return try runTool("filefrag", "-v", file).contains("shared")
  }

  @Test(
    arguments: kinds,
    [
      [], ["-r"], ["-a"], ["--reflink=auto"], ["--reflink"], ["--reflink=always", "-p"],
      ["--atomic"],
    ])
  func sharesWhereItMay(_ kind: FileSystemKind, _ options: [String]) throws {
    let directory = try directory(kind)
    let (source, target) = (directory.path(of: "source"), directory.path(of: "target"))
    let result = try runXio(["copy", "--report=json"] + options + [source, target])
    #expect(result.ending == .status(0), "\(result)")
    let report = try JSONReport(result.errorOutput)
    #expect(try report.number("bytes", "reflinked") == Self.size, "\(result)")
    #expect(try isShared(target))
    try expectIdentical(source, target)
  }

  @Test(
    arguments: kinds,
    [
      ["--reflink=never"], ["--physical"], ["-r", "--physical"], ["-a", "--reflink=never"],
      ["--engine=blocking"], ["--engine=uring", "--cache=direct"],
    ])
  func copiesWhereItMust(_ kind: FileSystemKind, _ options: [String]) throws {
    let directory = try directory(kind)
    let (source, target) = (directory.path(of: "source"), directory.path(of: "target"))
    let result = try runXio(["copy", "--report=json"] + options + [source, target])
    #expect(result.ending == .status(0), "\(result)")
    let report = try JSONReport(result.errorOutput)
    #expect(try report.number("bytes", "reflinked") == 0, "\(result)")
    if options.contains("--physical") || options.contains("--engine=blocking") {
      #expect(try !isShared(target))
    }
    try expectIdentical(source, target)
  }

  @Test(arguments: kinds) func catSharesWhatItConcatenates(_ kind: FileSystemKind) throws {
    let directory = try directory(kind)
    let (source, target) = (directory.path(of: "source"), directory.path(of: "target"))
    let report = directory.path(of: "report")
    let result = try runXio(
      ["cat", "--report=json", "--report-to", report, source] as [any ByteString],
      output: .file(target))
    expectQuietSuccess(result)
    let bytes = try JSONReport(try directory.read("report"))
    #expect(
      try bytes.number("bytes", "reflinked") + bytes.number("bytes", "offloaded") == Self.size)
    try expectIdentical(source, target)
  }

  /// Where blocks cannot be shared, that is an error only for who demands it.
  @Test(arguments: [FileSystemKind.ext4, .tmpfs])
  func saysThatBlocksCannotBeShared(_ kind: FileSystemKind) throws {
    let directory = try directory(kind)
    let (source, target) = (directory.path(of: "source"), directory.path(of: "target"))
    let result = try runXio(["copy", "--reflink=always", source, target])
    expectMessage(result, "failed to clone '\(target)' from '\(source)': Operation not supported")
    #expect(try !directory.has("target"))
    expectQuietSuccess(try runXio(["copy", "--reflink=auto", source, target]))
    try expectIdentical(source, target)
  }
}
