import SystemPackage
import Testing
import XIOTestSupport

/// What textbooks claim of I/O models: `compare` has the number, and it moves the right way.
@Suite(.serialized) struct CompareClaimTests {
  private static let engines = [
    "blocking", "nonblocking", "select", "poll", "epoll", "sigio", "posix-aio", "libaio", "uring",
    "kernel",
  ]

  private static func schema() throws -> JSONSchema { try JSONSchema.documented("compare") }

  private static func source(_ count: Int = (2 << 20) + 77) throws -> (TestDirectory, FilePath) {
    let directory = try TestDirectory(on: .ext4)
    return (directory, try directory.writeRandom("source", count: count))
  }

  private static func expectFitting(
    _ comparison: ComparisonResult, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let problems = try schema().problems(of: comparison.report.fields)
    #expect(problems.isEmpty, "\(problems.prefix(5))", sourceLocation: sourceLocation)
    #expect(comparison.runs.allSatisfy { $0["succeeded"] as? Bool == true })
  }

  /// How long the middle one of all reads took.
  private static func latency(_ run: [String: Any]) -> Int {
    ComparisonResult.value(run, "report.latency_ns.read.p50") as? Int ?? 0
  }

  /// Waiting and copying, with their basis, on every engine.
  @Test func everyEngineHasBothPhases() throws {
    let (directory, source) = try Self.source()
    let comparison = try ComparisonResult(["--repeat", "1", "cat", source])
    try Self.expectFitting(comparison)
    #expect(comparison.settings.compactMap { $0["engine"] as? String } == Self.engines)
    for run in comparison.runs {
      let phases = try #require(
        ComparisonResult.value(run, "report.phases") as? [[String: Any]])
      #expect(!phases.isEmpty)
      for phase in phases {
        let names = phase["basis"] as? String == "merged" ? ["merged_ns"] : ["wait_ns", "copy_ns"]
        #expect(names.allSatisfy { phase[$0] is Int }, "\(phase)")
      }
    }
    #expect(comparison.runs.allSatisfy { $0["output_bytes"] as? Int == (2 << 20) + 77 })
    #expect(try directory.names() == ["source"])
  }

  /// Who blocks makes the fewest calls; who asks for readiness makes one more for each.
  @Test func blockingMakesTheFewestCalls() throws {
    let (directory, source) = try Self.source()
    let comparison = try ComparisonResult(
      ["--repeat", "3", "--engines", "blocking,select,poll,epoll", "cat", source])
    let blocking = try comparison.median("report.system_calls.total", ["engine": "blocking"])
    for engine in ["select", "poll", "epoll"] {
      let others = try comparison.median("report.system_calls.total", ["engine": engine])
      #expect(others > blocking, "\(engine): \(others), blocking: \(blocking)")
    }
    #expect(comparison.runs.allSatisfy { Self.latency($0) > 0 })
    #expect(try directory.names() == ["source"])
  }

  /// Polling answers the later the less often it asks, and asks the more often the sooner it answers.
  @Test func pollingIsLateOrBusy() throws {
    let comparison = try ComparisonResult(
      [
        "--repeat", "1", "--engines", "nonblocking,epoll", "--sleep-interval", "0.002,0.3",
        "--events", "100", "--rate", "100", "tail", "-f",
      ])
    try Self.expectFitting(comparison)
    func median(_ path: String, _ engine: String, _ interval: String) throws -> Int {
      try comparison.median(path, ["engine": engine, "sleep_interval": interval])
    }
    let late = try median("arrivals.p50_ns", "nonblocking", "0.3")
    #expect(late > (try median("arrivals.p50_ns", "nonblocking", "0.002")))
    #expect(late > (try median("arrivals.p50_ns", "epoll", "0.3")))
    let calls = "report.operations.eagain_retries"
    let busy = try median(calls, "nonblocking", "0.002")
    #expect(busy > (try median(calls, "nonblocking", "0.3")))
    for cost in ["report.system_calls.total", "voluntary_switches"] {
      let often = try median(cost, "nonblocking", "0.002")
      #expect(often > (try median(cost, "nonblocking", "0.3")), "\(cost)")
    }
    #expect(try median(calls, "epoll", "0.3") == 0)
    for run in comparison.runs {
      #expect(ComparisonResult.value(run, "arrivals.arrived") as? Int == 100)
    }
  }

  /// Threads that block cost switches, one that waits for many does not; more sources cost more.
  @Test func manySourcesCostMore() throws {
    let comparison = try ComparisonResult(
      [
        "--repeat", "1", "--engines", "blocking,select,poll,epoll", "--events", "400", "fanin",
        "--sources", "1,8,256", "--active", "4",
      ])
    try Self.expectFitting(comparison)
    #expect(comparison.runs.allSatisfy { $0["exchange_ns"] is Int && $0["user_ns"] is Int })
    #expect(comparison.settings.compactMap { $0["active"] as? Int }.max() == 4)
    func median(_ path: String, _ engine: String, _ sources: String) throws -> Int {
      try comparison.median(path, ["engine": engine, "sources": sources])
    }
    for engine in ["blocking", "select", "poll", "epoll"] {
      let calls = "report.system_calls.total"
      #expect(try median(calls, engine, "256") > (try median(calls, engine, "8")), "\(engine)")
    }
    for engine in ["select", "poll", "epoll"] {
      #expect(
        try median("voluntary_switches", "blocking", "8")
          > (try median("voluntary_switches", engine, "8")), "\(engine)")
    }
  }

  /// select and poll are given all descriptors at every wait, epoll each of them once.
  @Test func epollIsGivenEachDescriptorOnce() throws {
    let comparison = try ComparisonResult(
      [
        "--repeat", "1", "--engines", "select,poll,epoll,blocking", "--events", "100", "fanin",
        "--sources", "8,256", "--active", "4",
      ])
    func given(_ engine: String, _ sources: Int) throws -> Int {
      try comparison.median(
        "report.operations.descriptors_passed", ["engine": engine, "sources": "\(sources)"])
    }
    for engine in ["select", "poll"] {
      let (few, many) = (try given(engine, 8), try given(engine, 256))
      // Every round of lines takes a wait at least.
      #expect(few >= 25 * 8 && many >= 25 * 256, "\(engine): \(few), \(many)")
      #expect(try given("epoll", 256) < many, "\(engine)")
      // What epoll is given grows by the sources alone, however often it waits.
      #expect(try given("epoll", 256) - given("epoll", 8) < many - few, "\(engine)")
    }
    #expect(try given("epoll", 256) >= 256 && given("epoll", 256) < 2 * 256)
    #expect(try given("blocking", 256) == 0)
  }

  /// A signal interrupts a product; who looks for himself is interrupted by none.
  @Test func signalsInterruptProducts() throws {
    let comparison = try ComparisonResult(
      ["--repeat", "1", "--events", "200", "--rate", "400", "cat", "--overlap"])
    try Self.expectFitting(comparison)
    let engines = comparison.settings.compactMap { $0["engine"] as? String }
    #expect(engines.first == "none" && engines.count { $0 == "posix-aio" } == 4)
    #expect(Set(engines) == Set(Self.engines + ["none"]).subtracting(["kernel"]))
    for (index, setting) in comparison.settings.enumerated() {
      let run = try #require(comparison.runs.first { $0["setting"] as? Int == index })
      func number(_ name: String) throws -> Int {
        try #require(ComparisonResult.value(run, "foreground.\(name)") as? Int)
      }
      let isTold =
        setting["engine"] as? String == "sigio" || setting["notify"] as? String == "signal"
      let readsNothing = setting["engine"] as? String == "none"
      #expect(try number("products") > 0, "\(setting)")
      #expect(try number("bytes") == (readsNothing ? 0 : 200 * 4096), "\(setting)")
      #expect(try (number("signals") > 0) == isTold, "\(setting)")
      #expect(try (number("interrupted_products") > 0) == isTold, "\(setting)")
    }
  }

  /// Direct I/O copies nothing through the page cache, and leaves nothing there.
  @Test func directLeavesTheCacheAlone() throws {
    let (directory, source) = try Self.source(2 << 20)
    let comparison = try ComparisonResult(
      [
        "--repeat", "1", "--engines", "blocking,uring", "--cache", "page,direct", "--state",
        "cold,warm", "copy", source, directory.path(of: "target"),
      ])
    try Self.expectFitting(comparison)
    for run in comparison.runs(["cache": "page"]) {
      #expect(ComparisonResult.value(run, "report.bytes.direct_read") as? Int == 0)
    }
    for run in comparison.runs(["cache": "direct"]) {
      #expect(ComparisonResult.value(run, "report.bytes.direct_read") as? Int == 2 << 20)
    }
    func pages(_ values: [String: String]) throws -> [[Int]] {
      try comparison.runs(values).map { run in
        let files = try #require(
          ComparisonResult.value(run, "report.page_cache") as? [[String: Any]])
        return files.compactMap { ComparisonResult.value($0, "after.resident_pages") as? Int }
      }
    }
    #expect(try pages(["cache": "direct", "state": "cold"]) == [[0, 0], [0, 0]])
    #expect(try pages(["cache": "page", "state": "cold"]) == [[512, 512], [512, 512]])
    #expect(try pages(["cache": "direct", "state": "warm"]).allSatisfy { $0.last == 0 })
  }

  /// The table says what is left behind, also where the output has no pages.
  @Test(arguments: [["cat"], ["tail", "-n", "+1"]])
  func whatIsLeftInTheCacheIsInTheTable(_ job: [String]) throws {
    let (directory, source) = try Self.source(2 << 20)
    let result = try runXio(
      [
        "compare", "--repeat", "1", "--engines", "blocking", "--cache", "page,direct", "--state",
        "cold",
      ] + job + [source] as [any ByteString])
    let lines = result.outputText.split(separator: "\n").map { $0.split(separator: " ") }
    let table = try #require(lines.firstIndex { $0.last == "CACHED" }, "\(result)")
    let rows = lines[table + 1..<table + 3]
    #expect(rows.contains { $0.contains("page") && $0.suffix(2) == ["2.00", "MiB"] }, "\(result)")
    #expect(rows.contains { $0.contains("direct") && $0.suffix(2) == ["0", "B"] }, "\(result)")
    #expect(try directory.names() == ["source"])
  }

  /// The schema finds what does not fit.
  @Test func theSchemaCanFail() throws {
    let (directory, source) = try Self.source(1000)
    let comparison = try ComparisonResult(["--repeat", "1", "--engines", "poll", "tail", source])
    try Self.expectFitting(comparison)
    var fields = comparison.report.fields
    fields["settings"] = [["engine": "poll", "cache": "none"], ["block_size": -1]]
    fields["new"] = 1
    fields["runs"] = nil
    let problems = try Self.schema().problems(of: fields).sorted()
    #expect(problems.count == 5, "\(problems)")
    #expect(try directory.names() == ["source"])
  }
}
