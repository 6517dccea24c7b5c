import SystemPackage
import Testing
import XIOTestSupport

/// What signals and descriptor numbers limit.
@Suite struct ResourceLimitTests {
  private static let size = 4 << 20

  @Test(arguments: [0, 1])
  func survivesAFullSignalQueue(_ room: Int) throws {
    let report = try reportOfSignals(launcher: ["--rlimit", "sigpending=\(room)"])
    let overflows = try report.number("operations", "signal_overflows")
    let signals = try report.number("operations", "signals")
    #expect(overflows > 0 && overflows <= signals, "\(report.fields)")
  }

  @Test func countsNoOverflowWithoutOne() throws {
    let report = try reportOfSignals(launcher: [])
    #expect(try report.number("operations", "signals") > 0)
    #expect(try report.number("operations", "signal_overflows") == 0)
  }

  /// Concatenates a pipe that gets its data only when the program waits for a signal.
  private func reportOfSignals(launcher: [String]) throws -> JSONReport {
    var source = RandomBytes(seed: 3)
    let bytes = source.next(Self.size)
    let directory = try TestDirectory()
    let file = directory.path(of: "report")
    let ends = try closeOnExecPipe()
    let running = try startXio(
      ["cat", "--engine", "sigio", "--report=json", "--report-to", file],
      input: .descriptor(ends.reader), launcher: launcher)
    try ends.reader.close()
    try eventually("cat waits") { isBlocked(running.process) && (try? fileSize(file)) != nil }
    try ends.writer.closeAfter { _ = try ends.writer.writeAll(bytes) }
    let result = try running.wait()
    expectQuietSuccess(result)
    #expect(result.output == bytes)
    return try JSONReport(try directory.read("report"))
  }

  @Test func refusesSelectBeyondItsLimit() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.write("source", "text".utf8)
    let existing = try directory.write("existing", "as before".utf8)
    let launcher = ["--rlimit", "nofile=4096", "--raise-descriptors", "1500"]
    for target in [existing, directory.path(of: "new")] {
      let result = try runXio(["copy", "--engine", "select", source, target], launcher: launcher)
      expectMessage(result, "select", "FD_SETSIZE")
    }
    let piped = try runXio(["cat", "--engine", "select", source], launcher: launcher)
    expectMessage(piped, "select", "FD_SETSIZE")
    #expect(piped.output.isEmpty)
    #expect(try directory.read("existing") == Array("as before".utf8))
    #expect(try directory.names() == ["existing", "source"])
  }

  @Test(arguments: EngineVariant.all.filter { $0.name != "select" })
  func worksBeyondTheLimitOfSelect(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1 << 20)
    let target = directory.path(of: "target")
    let launcher = ["--rlimit", "nofile=4096", "--raise-descriptors", "1500"]
    expectQuietSuccess(
      try runXio(["copy"] + variant.options + [source, target], launcher: launcher))
    try expectIdentical(source, target)
    let piped = try runXio(["cat"] + variant.options + [source], launcher: launcher)
    expectQuietSuccess(piped)
    #expect(try piped.output == directory.read("source"))
  }
}
