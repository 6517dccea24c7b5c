import ArgumentParser
import Testing
import XIOTail

@testable import XIOCommands

/// The options of tail come to what GNU's tail makes of them.
@Suite struct TailOptionTests {
  private static func options(_ arguments: [String]) throws -> TailOptions {
    let normal = try Normaliser.normalise(arguments, .tail, stopsAtOperand: false)
    let command = try #require(try Xio.parseAsRoot(["tail"] + normal) as? TailCommand)
    return try command.request().checked(nil)
  }

  /// What is done without the parser is what would be done with it.
  @Test(arguments: [
    [], ["-n", "3"], ["-n5", "-c", "+7"], ["-c2k", "-n", "1"], ["-q"], ["-v"], ["-qv"], ["-z"],
    ["-f"], ["-F"], ["-F", "-s", "0.5"], ["--follow=name"], ["--follow"], ["--retry"],
    ["-f", "--retry", "--pid=1", "--pid=2"], ["--silent", "--lines=-4"],
    ["--pid", "1"],
  ])
  func everydayOptionsNeedNoParser(_ options: [String]) throws {
    for names in [[], ["a"], ["a", "-", "b\u{F709}"]] {
      let words = try Normaliser.normalise(options + names, .tail, stopsAtOperand: false)
      let plain = try #require(try TailRequest.plain(words))
      let command = try #require(try Xio.parseAsRoot(["tail"] + words) as? TailCommand)
      #expect(try "\(plain)" == "\(command.request())")
    }
  }

  @Test(arguments: [
    "--engine=auto", "--help", "--report", "--version", "--memory=1M", "--strict", "--latency=0",
    "--checkpoint=x", "--fifo-eof=close", "--debug", "--cache=page", "---disable-inotify",
    "--max-unchanged-stats=3",
  ])
  func otherOptionsAreTheParsers(_ option: String) throws {
    let words = try Normaliser.normalise(["-f", option, "x"], .tail, stopsAtOperand: false)
    #expect(try TailRequest.plain(words) == nil)
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

  @Test(
    arguments: [
      ("", "''"), ("x", "'x'"), ("1x", "'1x'"), ("1kk", "'1kk'"), ("1KBB", "'1KBB'"),
      ("--5", "'-5'"), ("+", "'+'"), ("1 ", "'1 '"), ("1i", "'1i'"), ("0x10", "'0x10'"),
      ("-", "''"), ("- k", "' k'"), ("++3", "'++3'"), ("+ 3", "'+ 3'"), ("it's", "'it\\'s'"),
      ("a\\", "'a\\\\'"),
      (Arguments.encode(Array("1\n".utf8)), "'1\\n'"),
    ])
  func badCountsAreRefused(_ text: String, _ shown: String) {
    #expect(throws: UsageError("invalid number of lines: \(shown)", isAboutUsage: false)) {
      try Self.options(["-n", text])
    }
    #expect(throws: UsageError("invalid number of bytes: \(shown)", isAboutUsage: false)) {
      try Self.options(["--bytes=\(text)"])
    }
  }

  @Test(arguments: [" 3", " +3", "\u{F709}3"]) func spaceComesFirst(_ text: String)
    throws
  {
    #expect(try Self.options(["-n", text]).start.count == 3)
  }

  /// What comes first is found fault with first, whatever comes later.
  @Test func theFirstFaultIsTold() {
    #expect(throws: UsageError("invalid number of lines: 'x'", isAboutUsage: false)) {
      try Self.options(["-n", "x", "--bogus"])
    }
    #expect(throws: UsageError("option used in invalid context -- 5", isAboutUsage: false)) {
      try Self.options(["-q5", "a", "-n", "x"])
    }
  }

  @Test func oldFormsAreNeverTooLarge() throws {
    #expect(try Self.options(["+99999999999999999999c"]).start.count == .max)
    #expect(try Self.options(["-99999999999999999999"]).start.count == .max)
  }

  @Test func optionsThatAreNotToldOfAreTaken() throws {
    let options = try Self.options(["---disable-inotify", "---presume-input-pipe", "-f", "a"])
    #expect(!options.watches && options.presumesPipe)
    #expect(try !Self.options(["---dis", "-f", "a"]).watches)
    #expect(throws: UsageError.self) { try Self.options(["--disable-inotify"]) }
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
    #expect(throws: UsageError("cannot follow '-' by name", isAboutUsage: false)) {
      try Self.options(["-F"])
    }
    #expect(throws: UsageError.self) { try Self.options(["--follow=x", "a"]) }
    for option in ["--cache=direct", "--queue-depth=4"] {
      #expect(throws: UsageError.self) { try Self.options(["-f", option, "a"]) }
      #expect(try Self.options([option, "a"]).follow == .none)
    }
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
      ("-s", "nan", "invalid number of seconds: 'nan'"),
      ("-s", "1e999", "invalid number of seconds: '1e999'"),
      ("--pid", "x", "invalid PID: 'x'"), ("--pid", "-1", "invalid PID: '-1'"),
      ("--pid", "2147483648", "invalid PID: '2147483648': Value too large for defined data type"),
      (
        "--max-unchanged-stats", "x",
        "invalid maximum number of unchanged stats between opens: 'x'"
      ),
    ] {
      #expect(throws: UsageError(message, isAboutUsage: false)) {
        try Self.options(["-f", option, value, "a"])
      }
    }
  }

  @Test func headersAndDelimiters() throws {
    #expect(try Self.options(["-q"]).headers == .never)
    #expect(try Self.options(["-v"]).headers == .always)
    #expect(try Self.options(["-z"]).delimiter == 0)
  }
}
