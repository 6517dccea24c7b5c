import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What happens when lines come faster than they go out.
@Suite struct FaninFlowTests {
  private func sources(_ report: [UInt8]) throws -> [[String: Any]] {
    let sources = try JSONReport(report).object("fanin")["sources"] as? [[String: Any]]
    return try #require(sources)
  }

  private func source(_ report: [UInt8]) throws -> [String: Any] {
    try #require(try sources(report).first)
  }

  /// How many lines or records of all sources were dropped, by the names of the reasons.
  private func drops(_ report: [UInt8], _ reasons: String...) throws -> Int {
    try sources(report).reduce(0) { sum, source in
      let dropped = source["dropped"] as? [String: Any]
      return sum + reasons.reduce(0) { $0 + (dropped?[$1] as? Int ?? 0) }
    }
  }

  /// A reader that stands still: producers of what may be dropped do not, and every drop is counted.
  @Test(arguments: ["drop-oldest", "drop-newest", "spill"], ["epoll", "uring", "blocking"])
  func keepsProducersGoing(_ policy: String, _ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let report = directory.path(of: "report")
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      [
        "--engine", engine, "--on-full", policy, "--memory", "2M", "--source-memory", "1M",
        "--strict",
        "--report=json", "--report-to", report, fifo,
      ] as [any ByteString], output: .descriptor(output))
    try output.close()
    try LineFlood.send(to: try openWriter(fifo))
    #expect(try peakMemory(of: gathering.running.process) < 40 << 20)
    let collector = SlowReader(reader, pause: .zero)
    let result = try gathering.running.wait()
    let (lines, torn) = LineFlood.arrivals(collector.finish())
    let numbers = lines.map(\.number)
    #expect(torn == 0 && lines.allSatisfy(\.isWhole) && areAscending(numbers))
    let source = try source(try directory.read("report"))
    let dropped = try #require((source["dropped"] as? [String: Any])?["queue_full_lines"] as? Int)
    #expect(
      numbers.count + dropped == LineFlood.count && source["lines"] as? Int == numbers.count)
    if policy == "spill" {
      #expect(dropped == 0 && source["spilled_bytes"] as? Int ?? 0 > 1 << 20)
      #expect(result.ending == .status(0), "\(result)")
    } else {
      #expect(dropped > 0 && result.ending == .status(3), "\(result)")
      #expect(result.errorText.contains("lost: \(dropped) lines without room"), "\(result)")
      #expect(numbers.last == LineFlood.count || policy == "drop-newest")
    }
  }

  /// Sockets of every kind, three producers each, and a reader that stands still until they are done.
  @Test(arguments: [
    ("unix", "epoll", "drop-oldest"), ("unix", "uring", "drop-oldest"),
    ("unix", "blocking", "drop-newest"), ("tcp", "epoll", "drop-oldest"),
    ("tcp", "libaio", "drop-oldest"), ("seqpacket", "epoll", "drop-oldest"),
    ("seqpacket", "uring", "drop-newest"), ("unix-dgram", "epoll", "drop-oldest"),
    ("unix-dgram", "posix-aio", "drop-oldest"), ("udp", "epoll", "drop-oldest"),
    ("unix", "epoll", "spill"),
  ])
  func keepsSocketsGoing(_ kind: String, _ engine: String, _ policy: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let report = directory.path(of: "report")
    let isLocal = kind != "tcp" && kind != "udp"
    let place = isLocal ? directory.path(of: "socket").string : "0"
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      [
        "--engine", engine, "--on-full", policy, "--memory", "3M", "--source-memory", "1M",
        "--label", "{n} ", "--report=json", "--report-to", report, "\(kind)-listen:\(place)",
      ] as [any ByteString], output: .descriptor(output))
    try output.close()
    let type =
      [
        "seqpacket": CInt(SOCK_SEQPACKET.rawValue), "unix-dgram": CInt(SOCK_DGRAM.rawValue),
        "udp": CInt(SOCK_DGRAM.rawValue),
      ][kind] ?? CInt(SOCK_STREAM.rawValue)
    let isRecord = type != CInt(SOCK_STREAM.rawValue)
    let producers = 3
    for producer in 0..<producers {
      let socket =
        isLocal
        ? try TestSocket.connect(FilePath(place), type)
        : try TestSocket.connect(port: try gathering.port(), type)
      // Who sends datagrams without a name of its own is no source of its own.
      try LineFlood.send(to: socket, from: producer, isRecord: isRecord)
    }
    #expect(try peakMemory(of: gathering.running.process) < 40 << 20)
    let collector = SlowReader(reader, pause: .zero)
    let result = try gathering.finish()
    let (lines, torn) = LineFlood.arrivals(collector.finish(), hasLabels: true)
    #expect(torn == 0 && lines.allSatisfy(\.isWhole))
    for ofOne in Dictionary(grouping: lines, by: \.label).values {
      let isAscending = areAscending(ofOne.map(\.number))
      #expect(isAscending)
    }
    let dropped = try drops(try directory.read("report"), "queue_full_lines", "kernel_records")
    let sent = producers * (isRecord ? LineFlood.recordCount : LineFlood.count)
    #expect(
      lines.count + dropped == sent && (dropped > 0) == (policy != "spill"),
      "\(lines.count) + \(dropped)\n\(result.errorText)")
    #expect(result.ending == .signal(SIGTERM), "\(result)")
  }

  @Test func spillsToAFullDiskAndCounts() throws {
    let small = try MountedFileSystem(.tmpfs, size: 2 << 20)
    defer { small.unmount() }
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let report = directory.path(of: "report")
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      [
        "--on-full", "spill", "--memory", "2M", "--source-memory", "1M", "--report=json",
        "--report-to",
        report, fifo,
      ] as [any ByteString], output: .descriptor(output), environment: ["TMPDIR": small.path.string]
    )
    try output.close()
    try LineFlood.send(to: try openWriter(fifo))
    try gathering.expect(saying: "No space left on device")
    let collector = SlowReader(reader, pause: .zero)
    let result = try gathering.running.wait()
    let (lines, torn) = LineFlood.arrivals(collector.finish())
    let dropped = try source(try directory.read("report"))["dropped"] as? [String: Any]
    #expect(
      lines.count + (dropped?["queue_full_lines"] as? Int ?? 0) == LineFlood.count, "\(result)")
    #expect(torn == 0 && lines.allSatisfy(\.isWhole) && areAscending(lines.map(\.number)))
    #expect(result.ending == .status(1))
  }

  @Test func blockingKeepsEverythingAndProducersWait() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let fifo = try directory.makeFIFO("fifo")
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering([fifo], output: .descriptor(output))
    try output.close()
    let writer = try openWriter(fifo)
    _ = fcntl(writer.rawValue, F_SETFL, O_NONBLOCK)
    let block = Array((1...40).flatMap(LineFlood.line))
    let room = capacity(reader)
    var sent: [UInt8] = []
    // A producer that is quicker waits for a moment anyway: it is the reader that must be waited for.
    try eventually("the output is full, and the producer waits") {
      while case let count = block.withUnsafeBytes({
        Glibc.write(writer.rawValue, $0.baseAddress, $0.count)
      }), count > 0 {
        sent += block.prefix(count)
        try #require(sent.count < 40 << 20, "nobody waits")
      }
      return readableBytes(reader) > room * 3 / 4
    }
    let collector = SlowReader(reader, pause: .zero)
    try writer.close()
    let result = try gathering.running.wait()
    // A last line without an end gets one.
    let expected = sent.last == 10 ? sent : sent + [10]
    let arrivesWhole = isSame(collector.finish(), expected)
    #expect(arrivesWhole && result.ending == .status(0), "\(result)")
  }

  @Test func countsWhatTheKernelDrops() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let report = directory.path(of: "report")
    let (reader, output) = try closeOnExecPipe()
    let gathering = try Gathering(
      [
        "--memory", "1M", "--until-idle", "1s", "--strict", "--report=json", "--report-to", report,
        "udp-listen:0",
      ] as [any ByteString], output: .descriptor(output))
    try output.close()
    let port = try gathering.port()
    let socket = try TestSocket.connect(port: port, CInt(SOCK_DGRAM.rawValue))
    // The output pipe, what may wait here, and the socket's buffer are full long before the end.
    let count = 20_000
    let payload = String(repeating: "y", count: 300)
    for number in 1...count {
      try socket.writeAll("\(number) \(payload)".utf8)
    }
    let collector = SlowReader(reader, pause: .zero)
    // The kernel tells of drops with the next record, which must find room itself.
    try eventually("all records are received") { try waitingRecords(at: port) == 0 }
    try socket.writeAll("\(count + 1) last".utf8)
    let result = try gathering.running.wait()
    let (lines, torn) = LineFlood.arrivals(collector.finish())
    let drops = try drops(try directory.read("report"), "kernel_records")
    #expect(
      drops > 0 && result.ending == .status(3) && lines.count + drops == count + 1 && torn == 0,
      "\(lines.count) + \(drops)\n\(result)")
    try socket.close()
  }

  /// How many bytes the kernel holds for a port, with what it takes to hold them.
  private func waitingRecords(at port: Int) throws -> Int {
    let hexadecimal = String(port, radix: 16, uppercase: true)
    let ending = ":" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
    let tables = try ["/proc/net/udp", "/proc/net/udp6"].flatMap { try readFile($0) }
    let fields = String(decoding: tables, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: " ")
    }
    let own = try #require(fields.first { $0.count > 4 && $0[1].hasSuffix(ending) })
    return try #require(own[4].split(separator: ":").last.flatMap { Int($0, radix: 16) })
  }

  @Test func aLineWithoutEndTakesBoundedMemory() throws {
    // Four times as much as may be in memory, or more.
    let size = runsFullSize ? 10 << 30 : 128 << 20
    for policy in ["split", "truncate", "drop", "pass"] {
      let gathering = try Gathering(
        ["--long-line", policy, "cmd:head -c \(size) /dev/zero; sleep 100"], output: .null)
      try eventually("it is passed on", within: .seconds(runsFullSize ? 120 : 60)) {
        try bytesRead(by: gathering.running.process) > size
      }
      #expect(try peakMemory(of: gathering.running.process) < 32 << 20, "\(policy)")
      try gathering.finish(by: SIGINT)
    }
  }

  /// How many bytes a process has read so far.
  private func bytesRead(by process: pid_t) throws -> Int {
    let text = String(decoding: try readFile(FilePath("/proc/\(process)/io")), as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("rchar:") })
    return try #require(Int(line.filter(\.isNumber)))
  }

  @Test func printsAccounts() throws {
    let gathering = try Gathering(
      ["--stats-every", "50ms", "cmd:echo x; sleep 100"], output: .null)
    try gathering.expect(saying: "1 source, 1 line")
    try gathering.expect(saying: "source      1 cmd:echo x; sleep 100: 2 B, 1 line")
    try gathering.finish(by: SIGINT)
    let other = try Gathering(["cmd:echo x; sleep 100"])
    try other.expect("x\n")
    #expect(other.said.isEmpty)
    try other.running.signal(SIGUSR1)
    try other.expect(saying: "1 source, 1 line")
    try other.finish(by: SIGINT)
  }

  @Test func reportsInJSON() throws {
    let report = try runReporting(["fanin", "cmd:printf 'a\\nb'"])
    let fanin = try report.object("fanin")
    let source = try #require((fanin["sources"] as? [[String: Any]])?.first)
    #expect(
      source["lines"] as? Int == 2 && source["bytes"] as? Int == 4
        && source["received_bytes"] as? Int == 3)
    #expect(source["unfinished_lines"] as? Int == 1 && source["number"] as? Int == 1)
    #expect(report.fields["command"] as? String == "fanin")
  }

  /// Lines that come in a flood are put together; with `--latency 0` they are not.
  @Test func gathersAFlood() throws {
    func writes(_ latency: String) throws -> Int {
      let report = try runReporting([
        "fanin", "--latency", latency,
        "cmd:i=0; while [ $i -lt 300 ]; do echo $i; sleep 0.001; i=$((i+1)); done",
      ])
      let calls = try report.object("system_calls")["by_name"] as? [String: Any]
      return (calls?["write"] as? Int ?? 0) + (calls?["pwritev2"] as? Int ?? 0)
    }
    let (gathered, single) = (try writes("400ms"), try writes("0"))
    #expect(gathered * 3 < single, "\(gathered) and \(single) calls")
  }

  @Test func labelsTakeTheBlockSizeThatIsAskedFor() throws {
    let report = try runReporting(["fanin", "--block-size", "8K", "cmd:head -c 100000 /dev/zero"])
    #expect(try report.number("engine", "block_size") == 8192)
  }
}
