import Foundation
import SystemPackage
import Testing
import XIOTestSupport

/// A slice of a trace, in nanoseconds.
private struct Slice {
  var name: String
  var category: String
  var lane: Int
  var start: Int
  var end: Int
  var arguments: [String: Any]

  var duration: Int { end - start }

  func holds(_ other: Slice) -> Bool {
    lane == other.lane && start <= other.start && other.end <= end
  }
}

/// What a viewer reads of a process in a trace.
private struct Trace {
  var slices: [Slice] = []
  var names: [Int: String] = [:]

  /// The only process.
  init(_ bytes: [UInt8]) throws {
    let all = try Self.processes(bytes)
    #expect(all.count == 1)
    self = try #require(all.first)
  }

  /// All processes.
  static func processes(_ bytes: [UInt8]) throws -> [Trace] {
    let parsed = try JSONSerialization.jsonObject(with: Data(bytes))
    let events = try #require(parsed as? [[String: Any]])
    let processes = try events.map { try #require($0["pid"] as? Int) }
    return try Set(processes).map { process in
      try Trace(of: zip(processes, events).filter { $0.0 == process }.map(\.1))
    }
  }

  private init(of events: [[String: Any]]) throws {
    for event in events {
      let lane = try #require(event["tid"] as? Int)
      let name = try #require(event["name"] as? String)
      let arguments = event["args"] as? [String: Any] ?? [:]
      guard event["ph"] as? String == "X" else {
        #expect(event["ph"] as? String == "M")
        names[lane] = try #require(arguments["name"] as? String)
        continue
      }
      let start = try #require(event["ts"] as? Double)
      let duration = try #require(event["dur"] as? Double)
      slices.append(
        Slice(
          name: name, category: try #require(event["cat"] as? String), lane: lane,
          start: Int((start * 1000).rounded()), end: Int(((start + duration) * 1000).rounded()),
          arguments: arguments))
    }
  }

  var operations: [Slice] { slices.filter { $0.category == "operation" } }

  /// Phases of operations in a direction, added up.
  func sum(_ direction: String, _ phase: String) throws -> Int {
    var sum = 0
    var last: Slice?
    // Phases follow their operation.
    for slice in slices {
      if slice.category == "operation" {
        last = slice
        continue
      }
      let operation = try #require(last)
      #expect(operation.holds(slice), "\(slice) in \(operation)")
      if operation.name == direction, slice.name == phase { sum += slice.duration }
    }
    return sum
  }

  /// The time in which at least one operation of a direction was in flight.
  func busy(_ direction: String) -> Int {
    var (sum, end) = (0, 0)
    for slice in operations.filter({ $0.name == direction }).sorted(by: { $0.start < $1.start }) {
      sum += max(0, slice.end - max(slice.start, end))
      end = max(end, slice.end)
    }
    return sum
  }

  /// Expects that operations of a lane do not overlap, and that every lane has a name.
  func expectOrder() throws {
    for (lane, operations) in Dictionary(grouping: operations, by: \.lane) {
      _ = try #require(names[lane])
      let sorted = operations.sorted { $0.start < $1.start }
      for (first, second) in zip(sorted, sorted.dropFirst()) {
        #expect(first.end <= second.start + 2, "\(first), \(second)")
      }
    }
  }
}

/// `--timeline` draws what the report adds up.
@Suite(.serialized) struct TimelineTests {
  private static func run(
    _ arguments: [any ByteString], input: ProgramInput = .null, output: ProgramOutput = .null
  ) throws -> (trace: Trace, report: JSONReport) {
    let directory = try TestDirectory()
    let report = try runReporting(
      arguments + ["--timeline", directory.path(of: "trace")], input: input, output: output)
    let trace = try Trace(try directory.read("trace"))
    try trace.expectOrder()
    return (trace, report)
  }

  /// Small files of a tree are usually copied without operations.
  @Test func everyFileOfATreeIsInTheTrace() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.makeDirectory("source")
    for number in 0..<40 { try directory.writeRandom("source/\(number)", count: 3000) }
    let file = directory.path(of: "trace")
    let target = directory.path(of: "target")
    expectQuietSuccess(
      try runXio(["copy", "-r", "--timeline", file, source, target] as [any ByteString]))
    let trace = try Trace(try directory.read("trace"))
    try trace.expectOrder()
    #expect(trace.operations.count >= 80, "\(trace.operations.count)")
  }

  /// Expects the sums of the report, but for what rounding takes.
  private static func expectAgreement(_ trace: Trace, _ report: JSONReport) throws {
    let phases = try #require(report.fields["phases"] as? [[String: Any]])
    #expect(!phases.isEmpty)
    let wall = try #require(report.fields["wall_ns"] as? Int)
    let engine = try #require(try report.object("engine")["ran"] as? String)
    for direction in Set(phases.compactMap { $0["direction"] as? String }) {
      let own = phases.filter { $0["direction"] as? String == direction }
      func sum(_ field: String) -> Int { own.reduce(0) { $0 + ($1[field] as? Int ?? 0) } }
      let operations = trace.operations.filter { $0.name == direction }
      #expect(operations.count == sum("operations"), "\(direction)")
      let rounding = 2 * operations.count + 2
      #expect(abs(try trace.sum(direction, "copy") - sum("copy_ns")) <= rounding, "\(direction)")
      #expect(
        abs(try trace.sum(direction, "prepare") - sum("prepare_ns")) <= rounding, "\(direction)")
      // Engines that overlap operations know of each only when it began and ended.
      let overlaps =
        ["posix-aio", "libaio", "uring"].contains(engine)
        && own.contains { $0["basis"] as? String != "explicit" }
      if !overlaps || Set(operations.map(\.lane)).count == 1 {
        #expect(abs(try trace.sum(direction, "wait") - sum("wait_ns")) <= rounding, "\(direction)")
      } else {
        // Waits of operations in flight at the same time are one wait to the report.
        let all = sum("wait_ns") + sum("copy_ns") + sum("prepare_ns") + sum("merged_ns")
        #expect(abs(trace.busy(direction) - all) <= all / 10 + rounding, "\(direction)")
      }
      #expect(trace.busy(direction) <= wall)
    }
    let moved = trace.operations.filter { $0.name != "read" }
      .reduce(0) { $0 + ($1.arguments["bytes"] as? Int ?? 0) }
    #expect(moved == (try report.number("bytes", "total")))
  }

  @Test(arguments: EngineVariant.all) func aCopyAddsUp(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: (4 << 20) + 77)
    let target = directory.path(of: "target")
    let (trace, report) = try Self.run(["copy"] + variant.options + [source, target])
    try Self.expectAgreement(trace, report)
    try expectIdentical(source, target)
  }

  @Test(arguments: EngineVariant.named.filter { $0 != .kernel })
  func aPipeIsWaitedFor(_ variant: EngineVariant) throws {
    let (trace, report) = try Self.run(
      ["cat"] + variant.options, input: .bytes([UInt8](repeating: 10, count: 300_000)),
      output: .null)
    try Self.expectAgreement(trace, report)
  }

  @Test func directReadsHaveALaneForEachBuffer() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 4 << 20)
    let (trace, report) = try Self.run([
      "copy", "--engine", "uring", "--cache", "direct", "--queue-depth", "4", source,
      directory.path(of: "target"),
    ])
    try Self.expectAgreement(trace, report)
    #expect(Set(trace.operations.map(\.lane)).count == 4)
    #expect(trace.names.values.filter { $0.hasPrefix("thread 1: uring") }.count == 4)
    #expect(trace.names[0] == "xio copy")
  }

  @Test func aTreeHasATrackForEachThread() throws {
    let directory = try TestDirectory(on: .ext4)
    try directory.makeDirectory("tree")
    for folder in 0..<8 {
      try directory.makeDirectory("tree/\(folder)")
      for file in 0..<40 { try directory.writeRandom("tree/\(folder)/\(file)", count: 20_000) }
    }
    let (trace, report) = try Self.run([
      "copy", "-r", "--jobs", "3", "--engine", "blocking", directory.path(of: "tree"),
      directory.path(of: "copy"),
    ])
    #expect(
      Set(trace.names.values).isSubset(of: [
        "xio copy", "thread 1: blocking", "thread 2: blocking", "thread 3: blocking",
      ]))
    let phases = try #require(report.fields["phases"] as? [[String: Any]])
    for phase in phases {
      let direction = try #require(phase["direction"] as? String)
      #expect(
        trace.operations.filter { $0.name == direction }.count == phase["operations"] as? Int)
    }
  }

  @Test func tailAndFaninAreDrawn() throws {
    let directory = try TestDirectory(on: .ext4)
    let log = try directory.write("log", (0..<5000).map { "line \($0)\n" }.joined().utf8)
    let (last, _) = try Self.run(["tail", "--engine", "poll", "-n", "4000", log])
    #expect(last.operations.contains { $0.name == "write" })
    let (gathered, report) = try Self.run(["fanin", "--engine", "epoll", "--no-follow", log])
    let written = gathered.operations.filter { $0.name == "write" }
      .reduce(0) { $0 + ($1.arguments["bytes"] as? Int ?? 0) }
    #expect(written == (try report.number("bytes", "total")))
  }

  /// One more run of each setting is traced, each a process with its name, and does not count.
  @Test func aComparisonHasAProcessForEachSetting() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: (1 << 20) + 77)
    let comparison = try ComparisonResult(
      [
        "--repeat", "2", "--engines", "blocking,epoll,kernel", "--cache", "page,direct",
        "--timeline", directory.path(of: "trace"), "copy", source, directory.path(of: "target"),
      ])
    let runs = comparison.runs.filter { $0["succeeded"] as? Bool == true }
    #expect(runs.count == 10 && runs.allSatisfy { ($0["round"] as? Int ?? 3) < 3 })
    let traces = try Trace.processes(try directory.read("trace"))
    #expect(
      Set(traces.map { $0.names[0] }) == [
        "xio copy: blocking page warm", "xio copy: blocking direct warm",
        "xio copy: epoll page warm", "xio copy: epoll direct warm", "xio copy: kernel page warm",
      ])
    for trace in traces {
      try trace.expectOrder()
      for direction in ["read", "write", "move"] { _ = try trace.sum(direction, "wait") }
      let moved = trace.operations.filter { $0.name != "read" }
        .reduce(0) { $0 + ($1.arguments["bytes"] as? Int ?? 0) }
      #expect(moved == (1 << 20) + 77, "\(trace.names)")
    }
    #expect(try directory.names() == ["source", "trace"])
  }

  @Test(arguments: [["tail", "-f"], ["fanin", "--sources", "2"]])
  func aComparisonOfEventsIsTraced(_ job: [String]) throws {
    let directory = try TestDirectory(on: .ext4)
    let result = try runXio(
      [
        "compare", "--repeat", "1", "--engines", "poll,uring", "--events", "20", "--timeline",
        directory.path(of: "trace"),
      ] + job + [directory.path])
    #expect(result.status == 0 && result.errorText.isEmpty, "\(result)")
    let traces = try Trace.processes(try directory.read("trace"))
    #expect(traces.count == 2)
    for trace in traces {
      try trace.expectOrder()
      #expect(trace.operations.contains { $0.name == "write" })
    }
  }

  /// What is written of a trace does not wait in memory for the end.
  @Test func memoryDoesNotGrow() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 32 << 20)
    func memory(_ options: [any ByteString]) throws -> Int {
      let result = try runXio(
        ["cat", "--engine", "blocking", "--block-size", "512", source] + options, output: .null)
      expectQuietSuccess(result)
      return result.usage.maximumResidentKibibytes
    }
    let trace = directory.path(of: "trace")
    let with = try memory(["--timeline", trace])
    #expect(with - (try memory([])) < 4096)
    #expect(try fileSize(trace) > 32 << 20)
  }

  @Test func aTraceThatCannotBeKeptIsAnError() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1 << 20)
    let full = try runXio(["cat", "--timeline", "/dev/full", source], output: .null)
    expectMessage(full, "error writing '/dev/full'", "No space left")
    let same = try runXio(["cat", "--timeline", source, source], output: .null)
    expectMessage(same, "are the same file")
    #expect(try directory.read("source").count == 1 << 20)
    let compare = ["compare", "--repeat", "1", "--engines", "poll"]
    let fullToo = try runXio(compare + ["--timeline", "/dev/full", "cat", source])
    expectMessage(fullToo, "error writing '/dev/full'", "No space left")
    let sameToo = try runXio(compare + ["--timeline", source, "cat", source])
    expectMessage(sameToo, "are the same file")
    let multiplied = try runXio(compare + ["--overlap", "cat", "--timeline", "trace"])
    expectMessage(multiplied, "--timeline says nothing about this job")
    let nowhere = try runXio(
      ["cat", "--timeline", directory.path(of: "no/trace"), source], output: .null)
    expectMessage(nowhere, "No such file")
  }
}

private func fileSize(_ path: FilePath) throws -> Int64 {
  let descriptor = try FileDescriptor.open(path, .readOnly)
  return try descriptor.closeAfter { try descriptor.seek(offset: 0, from: .end) }
}
