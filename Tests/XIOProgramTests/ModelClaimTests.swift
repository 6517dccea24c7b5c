import SystemPackage
import Testing
import XIOTestSupport

/// What is claimed of I/O models, and can be seen in one report or list; CompareClaimTests has the others.
@Suite(.serialized) struct ModelClaimTests {
  private static let lines = ["one\n", "two\n", "three\n"]

  /// The report of printing lines that come one after the other, each when the one before is through.
  private static func report(_ options: [String]) throws -> JSONReport {
    let directory = try TestDirectory()
    let file = directory.path(of: "report")
    let pipe = try closeOnExecPipe()
    let running = try startXio(
      ["cat", "--report=json", "--report-to", file] + options as [any ByteString],
      input: .descriptor(pipe.reader))
    for line in lines {
      let before = running.outputSoFar.count
      _ = try pipe.writer.writeAll(line.utf8)
      try eventually("the line is through") { running.outputSoFar.count > before }
    }
    try pipe.writer.close()
    expectQuietSuccess(try running.wait())
    try pipe.reader.close()
    return try JSONReport(try directory.read("report"))
  }

  private static func reads(_ report: JSONReport) throws -> [String: Any] {
    let phases = try #require(report.fields["phases"] as? [[String: Any]])
    return try #require(phases.first { $0["direction"] as? String == "read" })
  }

  private static func calls(_ report: JSONReport, _ names: String...) throws -> Int {
    let calls = try #require(
      try report.object("system_calls")["by_name"] as? [String: Int])
    return names.reduce(0) { $0 + (calls[$1] ?? 0) }
  }

  /// With signal-driven I/O a signal comes for what is read, and the read is a call of the process.
  @Test func whoGetsSignalsCopiesByItself() throws {
    let report = try Self.report(["--engine", "sigio"])
    #expect(try report.number("operations", "signals") > 0)
    #expect(try Self.calls(report, "read", "preadv2") >= Self.lines.count)
    let reads = try Self.reads(report)
    #expect(reads["basis"] as? String == "explicit")
    #expect(try #require(reads["copy_ns"] as? Int) > 0)
    let blocking = try Self.report(["--engine", "blocking"])
    #expect(try blocking.number("operations", "signals") == 0)
  }

  /// With asynchronous I/O the process makes no call that copies, and is told when all is done.
  @Test(arguments: ["signal", "thread"])
  func whoIsToldOfCompletionDoesNotCopy(_ notify: String) throws {
    let report = try Self.report(["--engine", "posix-aio", "--notify", notify])
    #expect(try Self.calls(report, "preadv2", "pread64", "write", "pwrite64") == 0)
    // Threads of the C library tell by a descriptor, which is read.
    #expect(try Self.calls(report, "read") == 0 || notify == "thread")
    let requests = try report.object("requests")
    #expect(try #require(requests["aio_read"] as? Int) >= Self.lines.count, "\(requests)")
    let reads = try Self.reads(report)
    #expect(reads["basis"] as? String == "merged" && reads["merged_ns"] is Int)
    #expect(!(reads["copy_ns"] is Int))
  }

  /// Who polls asks in vain, and who waits to be told does not.
  @Test func whoPollsAsksInVain() throws {
    let polling = try Self.report(["--engine", "nonblocking"])
    #expect(try polling.number("operations", "eagain_retries") > 0)
    for engine in ["blocking", "select", "poll", "epoll"] {
      let report = try Self.report(["--engine", engine])
      #expect(try report.number("operations", "eagain_retries") == 0, "\(engine)")
    }
  }

  /// Synchronous or not, blocking or not: all four occur.
  @Test func thereAreFourCombinations() throws {
    let result = try runXio(["engines"])
    let rows = result.outputText.split(separator: "\n").prefix { !$0.isEmpty }
      .map { $0.split(separator: "  ").map { String($0.drop { $0 == " " }) } }
    let combinations = Dictionary(
      rows.filter { $0.count >= 5 }.map { ($0[0], "\($0[2]), \($0[3])") },
      uniquingKeysWith: { first, _ in first })
    for (engine, combination) in [
      ("blocking", "sync, blocking"), ("nonblocking", "sync, non-blocking"),
      ("epoll", "sync, blocking"), ("sigio", "async notice, sync copy, non-blocking"),
      ("posix-aio suspend", "async, blocking"), ("posix-aio signal", "async, non-blocking"),
      ("uring", "async, non-blocking"),
    ] {
      #expect(combinations[engine] == combination, "\(engine): \(result)")
    }
  }
}

/// docs/io-models.md: every claim has its command, and what it prints has the form that stands there.
@Suite(.serialized) struct ModelDocumentTests {
  /// The commands by which claims are shown, each by what makes it the one.
  private static let commands = [
    "xio cat --engine epoll --report", "xio compare --engines blocking,select,poll,epoll --repeat",
    "--sleep-interval 0.001,0.01,0.1", "--sources 1,8,64,512 --active 4",
    "xio cat --engine sigio --report", "xio compare --overlap", "xio engines", "xio fanin --label",
    "--cache page,direct --state cold,warm", "--sources 64 --active 64",
  ]

  private static func words(_ lines: [String]) -> Set<String> {
    Set(lines.compactMap { $0.split(separator: " ").first.map(String.init) }).subtracting(["~"])
  }

  @Test func commandsPrintWhatItSays() throws {
    let examples = try DocumentedExample.all(in: "docs/io-models.md")
    for command in Self.commands {
      #expect(examples.contains { $0.command.contains(command) }, "\(command)")
    }
    let directory = try TestDirectory(on: .ext4)
    try directory.writeRandom("data.bin", count: 2 << 20)
    try directory.makeLink("xio", to: try locateXio())
    for example in examples {
      // One round has the same form as several.
      let command = example.command.replacing(/--repeat [0-9]+/, with: "--repeat 1")
      let result = try DocumentedExample.run(command, in: directory)
      let lines = result.outputText.split(separator: "\n").map(String.init)
      if command.contains("compare") {
        let headings = DocumentedExample.headings(example.output)
        #expect(!headings.isEmpty, "\(command)")
        #expect(DocumentedExample.headings(lines) == headings, "\(command): \(result)")
      }
      let said = example.output.prefix { !$0.hasPrefix("~") }.filter { !$0.isEmpty }
      let own = lines.prefix { !$0.hasPrefix("~") && !$0.hasPrefix("all ") }
      if !command.contains("| grep -v") {
        #expect(Self.words(said) == Self.words(Array(own)), "\(command): \(result)")
      }
    }
  }
}
