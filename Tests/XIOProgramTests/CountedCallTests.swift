import SystemPackage
import Testing
import XIOTestSupport

/// System calls in the report, against what strace counts of the same run.
@Suite struct CountedCallTests {
  /// Calls that move data or wait; what the report's own making needs is not among them.
  private static let compared = [
    "pread64", "pwrite64", "preadv2", "pwritev2", "ppoll", "pselect6", "epoll_wait", "epoll_ctl",
    "rt_sigtimedwait", "io_submit", "io_getevents", "io_uring_enter", "copy_file_range", "splice",
    "sendfile",
  ]

  private func compare(
    _ arguments: [any ByteString], input: ProgramInput, output: ProgramOutput,
    names: [String] = compared, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let directory = try TestDirectory()
    let file = directory.path(of: "report")
    var program = try xioProgram(
      arguments + ["--report=json", "--report-to", file] as [any ByteString])
    program.input = input
    program.output = output
    let (result, calls) = try program.runCountingSystemCalls()
    expectQuietSuccess(result, sourceLocation: sourceLocation)
    let report = try JSONReport(try directory.read("report"))
    let byName = try #require(try report.object("system_calls")["by_name"] as? [String: Int])
    for name in names {
      #expect(
        byName[name] ?? 0 == calls[name], "\(name): report \(byName), strace \(calls)",
        sourceLocation: sourceLocation)
    }
    #expect(byName.values.reduce(0, +) == (try report.number("system_calls", "total")))
  }

  @Test(arguments: EngineVariant.named.filter { $0.name != "posix-aio" }, CacheModeName.allCases)
  func copies(_ variant: EngineVariant, _ mode: CacheModeName) throws {
    guard mode.refusal(variant, on: .ext4) == nil else { return }
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: (2 << 20) + 77)
    try compare(
      ["copy"] + variant.options + mode.options + [source, directory.path(of: "target")],
      input: .null, output: .null)
  }

  @Test(arguments: EngineVariant.named.filter { $0.name != "posix-aio" })
  func passesThroughPipes(_ variant: EngineVariant) throws {
    var source = RandomBytes(seed: 9)
    try compare(
      ["cat"] + variant.options, input: .bytes(source.next(1 << 20)), output: .capture)
  }

  /// Helper threads of the C library make the calls of posix-aio, which the report says it does not
  /// count; the program's own are those that wait.
  @Test(arguments: EngineVariant.posixAIO)
  func leavesHelperThreadsOut(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: (2 << 20) + 77)
    try compare(
      ["copy"] + variant.options + [source, directory.path(of: "target")], input: .null,
      output: .null, names: ["ppoll", "rt_sigtimedwait", "sched_yield"])
    let report = try runReporting(["cat"] + variant.options + [source])
    let helpers = try report.object("system_calls")["by_helper_threads"]
    #expect("\(helpers ?? "")" == "<null>")
    #expect(try report.object("unknown")["system_calls.by_helper_threads"] != nil)
  }

  /// Blocks of a device are reserved; pages of memory would be zeroed in vain.
  @Test(arguments: [(FileSystemKind.ext4, 1), (.tmpfs, 0)])
  func reservesBlocksOfDevices(_ kind: FileSystemKind, _ expected: Int) throws {
    let directory = try TestDirectory(on: kind)
    let source = try directory.writeRandom("source", count: 4 << 20)
    for engine in ["uring", "blocking"] {
      let target = directory.path(of: engine)
      var program = try xioProgram(["copy", "--engine", engine, source, target])
      program.output = .capture
      let (result, calls) = try program.runCountingSystemCalls()
      expectQuietSuccess(result)
      #expect(calls["fallocate"] ?? 0 == expected, "\(engine) on \(kind)")
    }
    let auto = try runXio(["copy", "--explain", source, directory.path(of: "auto")])
    #expect(auto.errorText.contains(kind == .tmpfs ? "blocking" : "uring"), "\(auto)")
  }
}
