import ArgumentParser
import Testing
import XIOTail

@testable import XIOCommands

/// The options of tail come to what GNU's tail makes of them.
@Suite struct TailOptionTests {
  private static func options(_ arguments: [String]) throws -> TailOptions {
    let normal = try Normaliser.normalise(arguments, .tail, stopsAtOperand: false)
    let command = try #require(try Xio.parseAsRoot(["tail"] + normal) as? TailCommand)
    return try command.options(nil)
  }

  @Test(
    arguments: [
      ("10", 10), ("0", 0), ("-7", 7), ("2b", 1024), ("1kB", 1000), ("1K", 1024), ("1k", 1024),
      ("3MB", 3_000_000), ("2M", 2 << 20), ("1MiB", 1 << 20), ("1G", 1 << 30), ("K", 1024),
      ("1E", 1 << 60), ("1Y", UInt64.max), ("99999999999999999999999", UInt64.max),
    ] as [(String, UInt64)])
  func countsHaveSuffixes(_ text: String, _ expected: UInt64) throws {
    let lines = try Self.options(["-n", text]).start
    #expect(lines == TailOptions.Start(.lines, expected))
    #expect(try Self.options(["-c", text]).start == TailOptions.Start(.bytes, expected))
  }

  @Test(arguments: ["", "x", "1x", "1kk", "1KBB", "--5", "+", "1 ", "1i", "0x10"])
  func badCountsAreRefused(_ text: String) {
    #expect(throws: UsageError("invalid number of lines: '\(text)'")) {
      try Self.options(["-n", text])
    }
    #expect(throws: UsageError("invalid number of bytes: '\(text)'")) {
      try Self.options(["--bytes=\(text)"])
    }
  }

  @Test func fromTheBeginning() throws {
    #expect(
      try Self.options(["-n", "+3"]).start == TailOptions.Start(.lines, 3, fromBeginning: true))
  }

  @Test func following() throws {
    #expect(try Self.options(["a"]).follow == .none)
    #expect(try Self.options(["-f", "a"]).follow == .descriptor)
    #expect(try Self.options(["--follow=n", "a"]).follow == .name)
    let byName = try Self.options(["-F", "a"])
    #expect(byName.follow == .name)
    #expect(byName.retries)
    #expect(throws: UsageError("cannot follow '-' by name")) { try Self.options(["-F"]) }
    #expect(throws: UsageError.self) { try Self.options(["--follow=x", "a"]) }
  }

  @Test func numbers() throws {
    let options = try Self.options(
      ["-f", "-s", "0.25", "--pid=7", "--pid", "8", "--latency=5ms", "--memory=8M", "a"])
    #expect(options.interval == 250_000_000)
    #expect(options.processes == [7, 8])
    #expect(options.latency == 5_000_000)
    #expect(options.memory == 8 << 20)
    for (option, value, message) in [
      ("-s", "x", "invalid number of seconds: 'x'"),
      ("-s", "-1", "invalid number of seconds: '-1'"),
      ("--pid", "x", "invalid PID: 'x'"), ("--pid", "-1", "invalid PID: '-1'"),
    ] {
      #expect(throws: UsageError(message)) { try Self.options(["-f", option, value, "a"]) }
    }
  }

  @Test func headersAndDelimiters() throws {
    #expect(try Self.options(["-q"]).headers == .never)
    #expect(try Self.options(["-v"]).headers == .always)
    #expect(try Self.options(["-z"]).delimiter == 0)
  }
}
