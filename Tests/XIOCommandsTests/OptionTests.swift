import ArgumentParser
import SystemPackage
import Testing
import XIOEngines
import XIOSystem

@testable import XIOCommands

/// Values of options, and what is refused.
@Suite struct OptionTests {
  @Test(
    arguments: [
      ("0", 0), ("1", 1), ("4096", 4096), ("1K", 1 << 10), ("1k", 1 << 10), ("1KiB", 1 << 10),
      ("1KB", 1000), ("1kB", 1000), ("3M", 3 << 20), ("3MB", 3_000_000), ("3MiB", 3 << 20),
      ("2G", 2 << 30), ("2GB", 2_000_000_000), ("1T", 1 << 40), ("1P", 1 << 50), ("007", 7),
      ("9223372036854775807", .max), ("8191P", 8191 << 50), ("8192P", .max), ("99999999P", .max),
    ] as [(String, Int)])
  func byteCounts(_ text: String, _ value: Int) {
    #expect(ByteCount(argument: text)?.value == value)
  }

  @Test(
    arguments: [
      ("0", 0), ("2", 2_000_000_000), ("0.3", 300_000_000), (".5s", 500_000_000), ("10ns", 10),
      ("500us", 500_000), ("1.5ms", 1_500_000), ("2m", 120_000_000_000), ("1h", 3_600_000_000_000),
      ("1d", 86_400_000_000_000),
    ] as [(String, Int64)])
  func times(_ text: String, _ nanoseconds: Int64) {
    #expect(XIOCommands.Duration(argument: text)?.nanoseconds == nanoseconds)
  }

  @Test(
    arguments: [
      "", "s", ".", "-1", "+1", "1 s", "1S", "1e3", "0x1", "1.2.3", "25h", "inf", "nan",
      "1\u{661}", "1s\u{301}",
    ])
  func otherTextIsNoTime(_ text: String) {
    #expect(XIOCommands.Duration(argument: text) == nil)
  }

  @Test(
    arguments: [
      "", "K", "-1", "+1", "1.5K", "1 K", " 1", "1KiBs", "1Kib", "1Kb", "1X", "1KK", "0x10",
      "\u{FF11}",
      "1\u{661}", "one", "1E", "99999999999999999999", "1K\u{301}",
    ])
  func otherTextIsNoByteCount(_ text: String) {
    #expect(ByteCount(argument: text) == nil)
  }

  @Test func everyEngineHasItsName() {
    for name in EngineName.allCases {
      #expect(EngineOption(argument: name.rawValue) == .named(name))
    }
    #expect(EngineOption(argument: "auto") == .auto)
    #expect(EngineOption(argument: "io_uring") == .named(.uring))
    #expect(EngineOption(argument: "Uring") == nil)
    #expect(EngineOption.allValueStrings.allSatisfy { EngineOption(argument: $0) != nil })
  }

  @Test(
    arguments: [
      (["--notify", "poll"], "--notify goes with --engine posix-aio alone"),
      (["--engine", "uring", "--notify", "poll"], "--notify goes with --engine posix-aio alone"),
      (["--block-size", "0"], "the block size must be between 1 byte and 4 GiB"),
      (["--block-size", "5G"], "the block size must be between 1 byte and 4 GiB"),
      (["--block-size", "99999999P"], "the block size must be between 1 byte and 4 GiB"),
      (["--queue-depth", "0"], "the queue depth must be between 1 and 1024, not 0"),
      (["--queue-depth", "100000"], "the queue depth must be between 1 and 1024, not 100000"),
      (["--queue-depth=-1"], "the queue depth must be between 1 and 1024, not -1"),
      (["--engine", "none"], "'none' is invalid"), (["--cache", "none"], "'none' is invalid"),
      (["--block-size", "1X"], "'1X' is invalid"), (["--report=xml"], "'xml' is invalid"),
      (["--engine"], "Missing value"),
    ])
  func badValuesAreRefused(_ arguments: [String], _ message: String) throws {
    let error = try #require(throws: (any Error).self) { try SharedOptions.parse(arguments) }
    #expect(SharedOptions.message(for: error).contains(message))
    #expect(SharedOptions.exitCode(for: error) != .success)
  }

  @Test func valuesArriveWhereTheyAreUsed() throws {
    let values = try SharedOptions.parse([
      "--engine", "posix-aio", "--notify", "signal", "--cache", "keep", "--block-size", "4G",
      "--queue-depth", "1024", "--report-to", "file", "--explain",
    ]).values
    #expect(values.transfer.engine == .posixAIO)
    #expect(values.transfer.notification == .signal)
    #expect(values.transfer.cache == .keep)
    #expect(values.transfer.blockSize == 1 << 32)
    #expect(values.transfer.queueDepth == 1024)
    #expect(values.report == .text)
    #expect(values.reportTo == "file")
    #expect(values.explains)
  }

  @Test func whatIsNotSaidIsTheDefault() throws {
    let values = try SharedOptions.parse([]).values
    #expect(values.transfer.engine == nil)
    #expect(values.transfer.notification == .suspend)
    #expect(values.transfer.cache == .page)
    #expect(values.transfer.blockSize == nil)
    #expect(values.transfer.queueDepth == nil)
    #expect(values.report == nil)
    #expect(values.reportTo == nil)
    #expect(!values.explains)
  }
}
