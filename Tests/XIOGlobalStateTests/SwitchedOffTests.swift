import SystemPackage
import Testing
import XIOTestSupport

/// Engines that a setting of the whole machine switches off.
///
/// These tests have a target of their own because others that run meanwhile would miss the engine.
@Suite(.serialized) struct SwitchedOffTests {
  /// A setting, the engine it switches off, and what the program says of that.
  struct Setting: Sendable {
    var file: FilePath
    var value: String
    var engine: String
    var cause: String
    var mend: String
  }

  static let settings = [
    Setting(
      file: "/proc/sys/kernel/io_uring_disabled", value: "2", engine: "uring",
      cause: "io_uring is switched off (kernel.io_uring_disabled=2)",
      mend: "sysctl -w kernel.io_uring_disabled=0"),
    Setting(
      file: "/proc/sys/fs/aio-max-nr", value: "0", engine: "libaio",
      cause: "all of fs.aio-max-nr is in use", mend: "sysctl -w fs.aio-max-nr"),
  ]

  /// Changes a setting as long as a function runs.
  private func with<Output>(_ setting: Setting, _ body: () throws -> Output) throws -> Output {
    try requireRoot(to: "change settings of the machine")
    let before = try readFile(setting.file)
    try write(Array(setting.value.utf8), to: setting.file)
    let result = Result { try body() }
    try write(before, to: setting.file)
    #expect(try readFile(setting.file) == before)
    return try result.get()
  }

  private func write(_ bytes: [UInt8], to file: FilePath) throws {
    let descriptor = try FileDescriptor.open(file, .writeOnly, options: [.closeOnExec])
    try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
  }

  @Test(arguments: settings) func failsBeforeItTouchesTheTarget(_ setting: Setting) throws {
    let directory = try TestDirectory()
    let source = try directory.writeRandom("source", count: 2 << 20)
    let existing = try directory.write("existing", "as before".utf8)
    let options = ["--engine", setting.engine]
    let results = try with(setting) {
      [
        try runXio(["copy"] + options + [source, existing]),
        try runXio(["copy"] + options + [source, directory.path(of: "new")]),
        try runXio(["cat"] + options + [source]),
      ]
    }
    for result in results {
      #expect(result.status == 1 && result.output.isEmpty, "\(result)")
      #expect(result.errorText.contains("engine '\(setting.engine)' is not available"), "\(result)")
      #expect(result.errorText.contains(setting.cause), "\(result)")
      #expect(result.errorText.contains("hint: "), "\(result)")
      #expect(result.errorText.contains(setting.mend), "\(result)")
    }
    #expect(try directory.read("existing") == Array("as before".utf8))
    #expect(try directory.names() == ["existing", "source"])
    expectSuccess(try runXio(["copy"] + options + [source, existing]))
  }

  @Test(arguments: settings) func choosesAnother(_ setting: Setting) throws {
    let directory = try TestDirectory()
    let source = try directory.writeRandom("source", count: 2 << 20)
    let target = directory.path(of: "target")
    let (copied, listed) = try with(setting) {
      (try runXio(["copy", "--explain", source, target]), try runXio(["engines"]))
    }
    expectSuccess(copied)
    try expectIdentical(source, target)
    if setting.engine == "uring" {
      #expect(copied.errorText.contains("engine blocking (asked: auto)"), "\(copied)")
      #expect(copied.errorText.contains("not uring: \(setting.cause)"), "\(copied)")
    }
    expectSuccess(listed)
    #expect(listed.outputText.contains("\(setting.engine): \(setting.cause)"), "\(listed)")
    #expect(listed.outputText.contains(setting.mend), "\(listed)")
  }

  private func expectSuccess(
    _ result: ProgramResult, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status == 0, "\(result)", sourceLocation: sourceLocation)
  }
}
