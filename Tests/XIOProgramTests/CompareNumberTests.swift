import SystemPackage
import Testing
import XIOTestSupport

/// Numbers of `compare` against what others measure of the same processes.
@Suite(.serialized) struct CompareNumberTests {
  /// A run as strace(1) saw it.
  private struct TracedRun {
    /// Seconds: when it was begun to be made, began to run, and was seen to have ended.
    var made = 0.0, began = 0.0, waitedFor = 0.0
    var voluntary: Int?, involuntary: Int?
    var isReporting = false
    var calls: [String: Int] = [:]
  }

  /// All runs, in their order. The first process is the one that compares.
  private static func runs(in log: String) throws -> [TracedRun] {
    var runs: [Substring: TracedRun] = [:]
    var order: [Substring] = []
    var parent: Substring?
    var made = 0.0
    for line in log.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
      guard parts.count == 3, let time = Double(parts[1]) else { continue }
      let process = parts[0]
      let text = parts[2].drop { $0 == " " }
      parent = parent ?? process
      if process == parent {
        if text.hasPrefix("clone") || text.hasPrefix("vfork") { made = time }
        if text.contains("wait4"), text.contains("ru_nvcsw"), let last = order.last {
          // The line of a call that took long has the time at which that was over.
          runs[last]?.waitedFor = time
          runs[last]?.voluntary = number(after: "ru_nvcsw=", text)
          runs[last]?.involuntary = number(after: "ru_nivcsw=", text)
        }
      } else if text.hasPrefix("execve(") {
        order.append(process)
        runs[process] = TracedRun(made: made, began: time)
      } else if let name = text.split(separator: "(").first, !text.hasPrefix("<") {
        // What the loader reads comes before the report begins.
        if name == "getrusage" { runs[process]?.isReporting = true }
        if runs[process]?.isReporting == true {
          runs[process]?.calls[String(name), default: 0] += 1
        }
      }
    }
    return order.compactMap { runs[$0] }
  }

  private static func number(after mark: String, _ text: some StringProtocol) -> Int? {
    text.firstRange(of: mark).flatMap { range in
      Int(text[range.upperBound...].prefix { $0.isNumber })
    }
  }

  /// Time on the clock, context switches and system calls: those of strace, to the last one.
  @Test func timesSwitchesAndCallsAreThoseOfStrace() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: (2 << 20) + 77)
    let log = directory.path(of: "log")
    let result = try runXio(
      [
        "compare", "--json", "--repeat", "2", "--engines", "blocking,poll,uring", "copy", source,
        directory.path(of: "target"),
      ] as [any ByteString],
      strace: [
        "-f", "-v", "-ttt", "-o", log.string, "-e", "signal=none", "-e",
        "trace=execve,getrusage,wait4,clone,clone3,vfork,pread64,pwrite64,io_uring_enter",
      ])
    #expect(result.status == 0, "\(result)")
    let said = try #require(try JSONReport(result.output).fields["runs"] as? [[String: Any]])
    var seen: [TracedRun] = []
    try eventually("strace has written everything") {
      seen = try Self.runs(in: String(decoding: try readFile(log), as: UTF8.self))
      return seen.count == 6 && seen.allSatisfy { $0.voluntary != nil }
    }
    for (run, traced) in zip(said, seen) {
      #expect(run["voluntary_switches"] as? Int == traced.voluntary)
      #expect(run["involuntary_switches"] as? Int == traced.involuntary)
      let calls = try #require(
        ComparisonResult.value(run, "report.system_calls.by_name") as? [String: Int])
      for name in ["pread64", "pwrite64", "io_uring_enter"] {
        #expect(calls[name] ?? 0 == traced.calls[name] ?? 0, "\(name): \(calls), \(traced)")
      }
      let wall = Double(try #require(run["wall_ns"] as? Int)) / 1e9
      // Between the clock of the program and the stamps of strace lies what both do to note the time.
      #expect(wall > traced.waitedFor - traced.began - 0.5, "\(traced), \(wall) s")
      #expect(wall < traced.waitedFor - traced.made + 0.5, "\(traced), \(wall) s")
    }
  }

  /// What is in the page cache before a run and after it, as fincore(1) sees it.
  @Test func theCacheIsThatOfFincore() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: (1 << 20) + 77)
    for (state, cache) in [("cold", "direct"), ("cold", "page"), ("warm", "uncached")] {
      let comparison = try ComparisonResult(
        [
          "--repeat", "1", "--engines", "blocking", "--state", state, "--cache", cache, "copy",
          source, directory.path(of: "target"),
        ])
      let run = try #require(comparison.runs.first)
      #expect(run["input_pages"] as? Int == 257)
      #expect(run["resident_pages_before"] as? Int == (state == "cold" ? 0 : 257))
      let files = try #require(
        ComparisonResult.value(run, "report.page_cache") as? [[String: Any]])
      let after = files.compactMap { ComparisonResult.value($0, "after.resident_pages") as? Int }
      // The source is as the last run has left it; the target is gone.
      #expect(try fincorePages(of: source) == after.first, "\(state) \(cache)")
      #expect(after == (cache == "page" ? [257, 257] : state == "cold" ? [0, 0] : [257, 0]))
    }
  }

  /// Where nothing can be cold it is said to be so.
  @Test func whatIsNotColdIsSaidToBeWarm() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let source = try directory.writeRandom("source", count: 100_000)
    let result = try runXio(
      ["compare", "--repeat", "1", "--engines", "blocking", "--state", "cold", "cat", source]
        as [any ByteString])
    #expect(result.outputText.contains("cold is not true: up to 25 of 25 pages"), "\(result)")
  }

  /// Only what is named is evicted.
  @Test func othersKeepTheirPages() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 100_000)
    let other = try directory.writeRandom("other", count: 100_000)
    _ = try readFile(other)
    _ = try ComparisonResult(
      ["--repeat", "1", "--engines", "poll", "--state", "cold", "--cache", "direct", "cat", source])
    #expect(try fincorePages(of: other) == 25)
    #expect(try fincorePages(of: source) == 0)
  }
}
