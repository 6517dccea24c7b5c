import SystemPackage
import Testing
import XIOTestSupport

/// What a report says, against what can be known from outside.
@Suite struct ReportTests {
  private static let size = (3 << 20) + 5
  private static let fields: Set = [
    "version", "command", "status", "job", "engine", "bytes", "files", "wall_ns", "user_ns",
    "system_ns", "run_queue_ns", "phases", "operations", "system_calls", "requests",
    "context_switches", "faults", "device", "latency_ns", "page_cache", "durability",
    "verification", "verified_bytes", "unknown",
  ]

  @Test(arguments: EngineVariant.all, ["copy", "cat"])
  func isWhole(_ variant: EngineVariant, _ command: String) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: Self.size)
    let target = directory.path(of: "target")
    let operands = command == "copy" ? [source, target] : [source]
    let report = try runReporting([command] + variant.options + operands)
    #expect(Set(report.fields.keys) == Self.fields)
    #expect(report.fields["version"] as? Int == 1)
    #expect(report.fields["command"] as? String == command)
    #expect(report.fields["status"] as? String == "done")
    #expect(report.fields["files"] as? Int == 1)
    let bytes = try report.object("bytes")
    let parts = ["user_copied", "offloaded", "reflinked"].map { bytes[$0] as? Int ?? -1 }
    #expect(bytes["total"] as? Int == Self.size)
    #expect(parts.reduce(0, +) == Self.size, "\(bytes)")
    let engine = try report.object("engine")
    #expect(engine["asked"] as? String == variant.name)
    #expect(engine["notify"] as? String == variant.notify)
    #expect(Set(try report.object("unknown").keys) == report.nullPaths)
    let reasons = try report.object("unknown").values.map { $0 as? String ?? "" }
    #expect(reasons.allSatisfy { !$0.isEmpty })
  }

  @Test(arguments: EngineVariant.all)
  func isOneObjectOnStandardError(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1000)
    let result = try runXio(
      ["copy", "--report=json"] + variant.options + [source, directory.path(of: "target")])
    #expect(result.status == 0 && result.output.isEmpty, "\(result)")
    let report = try JSONReport(result.errorOutput)
    #expect(try report.number("bytes", "total") == 1000)
  }

  @Test(arguments: EngineVariant.all, CacheModeName.allCases)
  func fitsATerminal(_ variant: EngineVariant, _ mode: CacheModeName) throws {
    guard mode.refusal(variant, on: .ext4) == nil else { return }
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: Self.size)
    let options = variant.options + mode.options
    let copied = try runXio(
      ["copy", "--report", "--explain"] + options + [source, directory.path(of: "target")])
    #expect(copied.status == 0, "\(copied)")
    expectNarrow(copied.errorText)
    #expect(copied.errorText.contains("3.00 MiB in "), "\(copied)")
    let piped = try runXio(["cat", "--report=text"] + options + [source])
    #expect(piped.status == 0, "\(piped)")
    expectNarrow(piped.errorText)
  }

  @Test func goesIntoAFile() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1000)
    let file = try directory.write("report", [UInt8](repeating: 65, count: 100_000))
    let result = try runXio(
      ["copy", "--report-to", file, source, directory.path(of: "target")])
    expectQuietSuccess(result)
    let text = String(decoding: try directory.read("report"), as: UTF8.self)
    #expect(text.hasPrefix("copy        1000 B in "), "\(text)")
    #expect(!text.contains("AAA"))
    expectNarrow(text)
  }

  @Test(arguments: EngineVariant.all)
  func countsTheSwitchesOfAWait(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let file = directory.path(of: "report")
    let pipe = try closeOnExecPipe()
    let running = try startXio(
      ["cat", "--report=json", "--report-to", file] + variant.options,
      input: .descriptor(pipe.reader))
    for line in ["one\n", "two\n", "three\n"] {
      let before = running.outputSoFar.count
      _ = try pipe.writer.writeAll(line.utf8)
      try eventually("the line is through") { running.outputSoFar.count > before }
    }
    try pipe.writer.close()
    expectQuietSuccess(try running.wait())
    let report = try JSONReport(try directory.read("report"))
    // Asking again and again may never give the processor up.
    if variant.notify != "poll" {
      #expect(try report.number("context_switches", "voluntary") > 0)
    }
    #expect(try report.number("bytes", "total") == 14)
    try pipe.reader.close()
  }

  @Test(arguments: EngineVariant.throughMemory)
  func countsWhatCameFromTheDevice(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let size = 8 << 20
    let source = try directory.writeRandom("source", count: size)
    try evict(source)
    let options = ["cat", "--cache", "direct"] + variant.options
    let report = try runReporting(options + [source])
    let read = try report.number("device", "read_bytes")
    #expect(read >= size && read < size + size / 8, "\(read)")
    let cached = try directory.writeRandom("cached", count: size)
    let again = try runReporting(["cat"] + variant.options + [cached])
    #expect(try again.number("device", "read_bytes") < size / 8)
  }

  @Test func tellsAFailureFromASuccess() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.write("source", "text".utf8)
    let file = directory.path(of: "report")
    let result = try runXio(
      ["cat", "--report=json", "--report-to", file, source, "/nonexistent"] as [any ByteString])
    #expect(result.status == 1, "\(result)")
    let report = try JSONReport(try directory.read("report"))
    #expect(report.fields["status"] as? String == "failed")
    #expect(try report.number("bytes", "total") == 4)
    #expect(report.fields["files"] as? Int == 2)
  }
}
