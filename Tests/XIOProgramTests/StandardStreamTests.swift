import SystemPackage
import Testing
import XIOTestSupport

/// Standard streams that are closed or take nothing.
@Suite struct StandardStreamTests {
  @Test(arguments: EngineVariant.all)
  func reportsAClosedInput(_ variant: EngineVariant) throws {
    let result = try runXio(["cat"] + variant.options, input: .closed)
    expectMessage(result, "xio cat: -: Bad file descriptor")
    #expect(result.output.isEmpty)
  }

  @Test(arguments: EngineVariant.all)
  func reportsAClosedOutput(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let source = try directory.write("source", "text".utf8)
    expectMessage(
      try runXio(["cat"] + variant.options + [source], output: .closed),
      "xio cat: error writing standard output: Bad file descriptor")
  }

  @Test(arguments: EngineVariant.all)
  func reportsAFullOutput(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let source = try directory.write("source", "text".utf8)
    expectMessage(
      try runXio(["cat"] + variant.options + [source], output: .file("/dev/full")),
      variant == .kernel ? "to standard output: Invalid argument" : "No space left on device")
  }

  /// A descriptor that was closed must not become the file that is copied.
  @Test(arguments: EngineVariant.all)
  func copiesWithoutStandardStreams(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 100_000)
    let target = directory.path(of: "target")
    let result = try runXio(
      ["copy", "--explain"] + variant.options + [source, target], input: .closed,
      output: .closed, errorOutput: .closed)
    #expect(result.status == 0, "\(result)")
    try expectIdentical(source, target)
  }

  @Test(
    arguments: [
      ["--help"], ["--version"], ["--version", "--verbose"], ["copy", "--help"], ["cat", "--help"],
      ["engines"], ["engines", "--help"], ["engines", "/etc/passwd"],
    ])
  func reportsThatHelpCannotBeWritten(_ arguments: [String]) throws {
    expectMessage(
      try runXio(arguments, output: .file("/dev/full")),
      "error writing standard output: No space left on device")
    expectMessage(
      try runXio(arguments, output: .closed),
      "error writing standard output: Bad file descriptor")
    let shown = try runXio(arguments)
    expectQuietSuccess(shown)
    // The width of the tables is tested with what they say.
    if arguments.first != "engines" || arguments.contains("--help") {
      expectNarrow(shown.outputText)
    }
  }

  @Test func reportsAReportThatCannotBeWritten() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.write("source", "text".utf8)
    let result = try runXio(["copy", "--report-to", "/dev/full", source, directory.path(of: "new")])
    expectMessage(result, "error writing '/dev/full': No space left on device")
  }
}
