import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Lines by their times.
@Suite struct FaninOrderTests {
  @Test func mergesAsSortDoes() throws {
    let directory = try TestDirectory(on: .tmpfs)
    var generator = SystemRandomNumberGenerator()
    let files = try (0..<100).map { number in
      var time = 1_700_000_000
      var text: [UInt8] = []
      for line in 0..<200 {
        time += Int.random(in: 0...3, using: &generator)
        text += Array("\(time) file \(number) line \(line)\n".utf8)
      }
      return try directory.write("\(number)", text)
    }
    let result = try runXio(["fanin", "--order", "merge"] + files as [any ByteString])
    var sort = TestProgram(
      try findTool("sort"), ["-m", "-s", "-n", "-k1,1"] + files as [any ByteString])
    sort.environment = ["LC_ALL": "C"]
    #expect(try sort.run().output == result.output && result.output.count > 300_000)
    expectQuietSuccess(result)
  }

  /// A merge waits for a source that has not shown its next line, and for no other.
  @Test func mergesStreams() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifos = try ["a", "b"].map { try directory.makeFIFO($0) }
    let gathering = try Gathering(["--order", "merge"] + fifos as [any ByteString])
    let writers = try fifos.map { try openWriter($0) }
    try writers[0].writeAll("1700000001 a\n1700000004 a\nstays behind\n".utf8)
    try writers[1].writeAll("1700000003 b\n".utf8)
    try gathering.expect("1700000001 a\n1700000003 b\n")
    letPass(.milliseconds(50))
    #expect(gathering.printed == "1700000001 a\n1700000003 b\n")
    try writers[1].close()
    try gathering.expect("1700000004 a\nstays behind\n")
    try writers[0].close()
    expectQuietSuccess(try gathering.running.wait())
  }

  @Test func aWindowSortsWhatComesInTimeAndMarksTheRest() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifos = try ["a", "b"].map { try directory.makeFIFO($0) }
    let report = directory.path(of: "report")
    let gathering = try Gathering(
      [
        "--order", "window", "--window", "300ms", "--strict", "--report=json", "--report-to",
        report,
      ]
        + fifos as [any ByteString])
    let writers = try fifos.map { try openWriter($0) }
    try writers[0].writeAll("2026-01-01T00:00:05Z a\n2026-01-01T00:00:06Z a\n".utf8)
    letPass(.milliseconds(20))
    try writers[1].writeAll("2026-01-01T00:00:04Z b\n".utf8)
    let first = "2026-01-01T00:00:04Z b\n2026-01-01T00:00:05Z a\n2026-01-01T00:00:06Z a\n"
    try gathering.expect(first)
    try writers[1].writeAll("2026-01-01T00:00:05.5Z late\n2026-01-01T00:00:07Z b\n".utf8)
    try gathering.expect("~ 2026-01-01T00:00:05.5Z late\n")
    for writer in writers { try writer.close() }
    let result = try gathering.running.wait()
    #expect(result.outputText == first + "~ 2026-01-01T00:00:05.5Z late\n2026-01-01T00:00:07Z b\n")
    #expect(
      result.ending == .status(3) && result.errorText.contains("1 line came late"), "\(result)")
    let sources = try JSONReport(try directory.read("report")).object("fanin")["sources"]
    #expect((sources as? [[String: Any]])?.map { $0["late"] as? Int } == [0, 1])
  }

  @Test func aWindowWaitsNoLongerThanItIsLong() throws {
    let (reader, writer) = try closeOnExecPipe()
    let directory = try TestDirectory(on: .tmpfs)
    let silent = try directory.makeFIFO("silent")
    let gathering = try Gathering(
      ["--order", "window", "--window", "30s", "--idle-after", "50ms", "-", silent]
        as [any ByteString],
      input: .descriptor(reader))
    try writer.writeAll("2026-01-01T00:00:05Z a\n".utf8)
    // The other source has sent nothing for long, so nobody waits for it.
    try gathering.expect("a\n")
    try gathering.finish(by: SIGINT)
    let short = try Gathering(
      ["--order", "window", "--window", "100ms", "-", silent] as [any ByteString],
      input: .descriptor(reader))
    try reader.close()
    try writer.writeAll("2026-01-01T00:00:05Z b\n".utf8)
    try short.expect("b\n")
    try short.finish(by: SIGINT)
    try writer.close()
  }

  /// A long disordered stream: what is not marked is sorted, and no source is reordered.
  @Test func neverPutsOutALateLineWithoutAMark() throws {
    let script = """
      cmd:awk 'BEGIN { srand(SEED); t = 1700000000000; for (i = 0; i < 20000; i++) \
      { t += int(rand() * 20) - 5; printf "%d SEED %d\\n", t, i } }'
      """
    let commands = (1...5).map { seed in
      script.replacing("SEED", with: "\(seed)")
    }
    let result = try runXio(
      ["fanin", "--order", "window", "--window", "20ms", "--memory", "1M"] + commands)
    var latest = 0
    var next = [Int](repeating: 0, count: 6)
    for line in result.outputText.split(separator: "\n") {
      let isMarked = line.hasPrefix("~ ")
      let fields = (isMarked ? line.dropFirst(2) : line).split(separator: " ").compactMap {
        Int($0)
      }
      try #require(fields.count == 3, "\(line)")
      #expect(isMarked == (fields[0] < latest), "\(line) after \(latest)")
      latest = max(latest, fields[0])
      #expect(next[fields[1]] == fields[2])
      next[fields[1]] += 1
    }
    #expect(next == [0] + [Int](repeating: 20000, count: 5))
  }

  @Test(arguments: [
    "2026-11-25T09:56:30.250+01:00", "2026-11-25 08:56:30,250Z", "1795596990.250", "1795596990250",
    "host - - [25/Nov/2026:09:56:30 +0100]",
  ]) func findsTimes(_ stamp: String) throws {
    let result = try runXio(["fanin", "--label", "{time}|", "cmd:echo '\(stamp) x'"])
    let fraction = stamp.contains("/") ? "000" : "250"
    #expect(result.outputText == "2026-11-25T08:56:30.\(fraction)Z|\(stamp) x\n", "\(result)")
  }

  @Test func findsTimesOfThisPlace() throws {
    for stamp in [
      "Nov 25 09:56:30", "<13>Nov 25 09:56:30", "I1125 09:56:30.000000", "2026-11-25 09:56:30",
    ] {
      let result = try runXio(
        ["fanin", "--label", "{time}|", "cmd:echo '\(stamp) x'"], environment: ["TZ": "UTC-1"])
      #expect(result.outputText.contains("-11-25T08:56:30.000Z|"), "\(result)")
    }
    let format = try runXio(
      [
        "fanin", "--time-format", "%d.%m.%Y %H:%M:%S", "--label", "{time}|",
        "cmd:echo '25.11.2026 09:56:30.5 x'",
      ],
      environment: ["TZ": "UTC-1"])
    #expect(format.outputText.hasPrefix("2026-11-25T08:56:30.500Z|"), "\(format)")
  }
}
