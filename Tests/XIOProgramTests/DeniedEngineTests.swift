import SystemPackage
import Testing
import XIOTestSupport

/// Engines that the machine forbids: asked for by name they fail first, and `auto` goes without.
@Suite struct DeniedEngineTests {
  @Test(arguments: ["EPERM", "ENOSYS"])
  func failsBeforeItTouchesTheTarget(_ code: String) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 2 << 20)
    let existing = try directory.write("existing", "as before".utf8)
    for target in [existing, directory.path(of: "new")] {
      let result = try runXio(
        ["copy", "--engine", "uring", source, target], launcher: ["--deny-io-uring", code])
      expectMessage(result, "engine 'uring' is not available", "seccomp")
      #expect(result.errorText.contains("hint: allow io_uring_setup"), "\(result)")
    }
    #expect(try directory.read("existing") == Array("as before".utf8))
    #expect(try directory.names() == ["existing", "source"])
    let piped = try runXio(
      ["cat", "--engine", "io_uring", source], launcher: ["--deny-io-uring", code])
    expectMessage(piped, "engine 'uring' is not available", "seccomp")
    #expect(piped.output.isEmpty)
  }

  @Test(arguments: ["EPERM", "ENOSYS"])
  func choosesAnother(_ code: String) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 2 << 20)
    let target = directory.path(of: "target")
    let file = directory.path(of: "report")
    let result = try runXio(
      ["copy", "--explain", "--report=json", "--report-to", file, source, target],
      launcher: ["--deny-io-uring", code])
    #expect(result.status == 0, "\(result)")
    #expect(result.errorText.contains("engine blocking (asked: auto)"), "\(result)")
    #expect(result.errorText.contains("not uring: a seccomp filter forbids"), "\(result)")
    let engine = try JSONReport(try directory.read("report")).object("engine")
    #expect(engine["asked"] as? String == "auto")
    #expect(engine["ran"] as? String == "blocking")
    let reasons = try #require(engine["reasons"] as? [String])
    #expect(reasons.contains { $0.contains("not uring: a seccomp filter forbids") }, "\(reasons)")
    try expectIdentical(source, target)
  }

  @Test func usesTheRingWhereItMay() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 2 << 20)
    let result = try runXio(["copy", "--explain", source, directory.path(of: "target")])
    #expect(result.status == 0, "\(result)")
    #expect(result.errorText.contains("engine uring (asked: auto)"), "\(result)")
  }

  @Test func saysSoInTheList() throws {
    let result = try runXio(["engines"], launcher: ["--deny-io-uring", "EPERM"])
    #expect(result.status == 0, "\(result)")
    #expect(result.outputText.contains("uring: a seccomp filter forbids io_uring"), "\(result)")
    #expect(result.outputText.contains("hint: allow io_uring_setup"), "\(result)")
  }
}
