import ArgumentParser
import Testing

@testable import XIOCommands

/// Whatever GNU's tools understand comes out as long options, a terminator and operands.
@Suite struct NormaliserTests {
  @Test(
    arguments: [
      ([], ["--"]), (["a", "b"], ["--", "a", "b"]), (["-"], ["--", "-"]),
      (["-n5"], ["--lines=5", "--"]), (["-n", "5", "a"], ["--lines=5", "--", "a"]),
      (["-n", "-5"], ["--lines=-5", "--"]), (["--lines", "-5"], ["--lines=-5", "--"]),
      (["--lines=+5"], ["--lines=+5", "--"]), (["--lin=5"], ["--lines=5", "--"]),
      (["-qzn5"], ["--quiet", "--zero-terminated", "--lines=5", "--"]),
      (["-fn5"], ["--follow=descriptor", "--lines=5", "--"]),
      (["-F", "a"], ["--follow=name", "--retry", "--", "a"]),
      (["--follow"], ["--follow=descriptor", "--"]),
      (["--follow", "name"], ["--follow=descriptor", "--", "name"]),
      (["--follow=name"], ["--follow=name", "--"]),
      (["a", "-q", "b"], ["--quiet", "--", "a", "b"]),
      (["a", "--", "-q"], ["--", "a", "-q"]), (["--silent"], ["--quiet", "--"]),
      (["--sil"], ["--quiet", "--"]), (["--re"], ["--retry", "--"]),
      (["--report"], ["--report=text", "--"]), (["--report=json"], ["--report=json", "--"]),
      (["-n3", "-c5"], ["--bytes=5", "--"]), (["-c5", "-n3"], ["--lines=3", "--"]),
      (["-q", "-v"], ["--verbose", "--"]), (["--pid=1", "--pid=2"], ["--pid=1", "--pid=2", "--"]),
      (["--engine", "uring"], ["--engine=uring", "--"]), (["-s.5"], ["--sleep-interval=.5", "--"]),
      (["--engine="], ["--engine", "", "--"]),
    ] as [([String], [String])])
  func optionsComeFirst(_ given: [String], _ expected: [String]) throws {
    #expect(try Normaliser.normalise(given, .tail, stopsAtOperand: false) == expected)
  }

  @Test(
    arguments: [
      (["-5"], ["--lines=5", "--"]), (["+5"], ["--lines=+5", "--"]),
      (["-5f"], ["--lines=5", "--follow=descriptor", "--"]),
      (["-5", "a"], ["--lines=5", "--", "a"]), (["-5", "-"], ["--lines=5", "--", "-"]),
      (["-5", "--", "a"], ["--lines=5", "--", "a"]), (["-20c"], ["--bytes=20", "--"]),
      (["+2cf", "a"], ["--bytes=+2", "--follow=descriptor", "--", "a"]),
      (["-2b"], ["--bytes=2b", "--"]), (["-7l"], ["--lines=7", "--"]),
      (["+", "a"], ["--lines=+10", "--", "a"]),
      (["a", "+5"], ["--", "a", "+5"]), (["+5", "a", "b"], ["--", "+5", "a", "b"]),
      (["+5x"], ["--", "+5x"]),
    ] as [([String], [String])])
  func oldFormsAreUnderstood(_ given: [String], _ expected: [String]) throws {
    #expect(try Normaliser.normalise(given, .tail, stopsAtOperand: false) == expected)
  }

  @Test(
    arguments: [
      (["-y"], "invalid option -- 'y'"), (["-qy"], "invalid option -- 'y'"),
      (["--foo"], "unrecognized option '--foo'"),
      (["--foo=1"], "unrecognized option '--foo=1'"),
      (["-n"], "option requires an argument -- 'n'"),
      (["--lines"], "option '--lines' requires an argument"),
      (["--retry=1"], "option '--retry' doesn't allow an argument"),
      (
        ["--ver"], "option '--ver' is ambiguous; possibilities: '--verbose' '--version'"
      ),
      (["--=5"], "unrecognized option '--=5'"),
    ] as [([String], String)])
  func whatIsWrongIsSaidAsGNUDoes(_ given: [String], _ expected: String) {
    #expect(throws: UsageError(expected)) {
      try Normaliser.normalise(given, .tail, stopsAtOperand: false)
    }
  }

  @Test func posixEndsOptionsAtTheFirstOperand() throws {
    let arguments = ["-q", "a", "-v"]
    #expect(
      try Normaliser.normalise(arguments, .tail, stopsAtOperand: true)
        == ["--quiet", "--", "a", "-v"])
  }

  /// The table and what the parser declares cannot drift apart: each name of one is known to the other.
  @Test func theTableIsWhatTheParserDeclares() throws {
    let help = Xio.helpMessage(for: TailCommand.self, columns: 200)
    let declared = help.split { !($0.isLetter || $0 == "-") }.filter { $0.hasPrefix("--") }
      .map { String($0.dropFirst(2)) }
    let known = Set(OptionTable.tail.long.keys).union(OptionTable.tail.synonyms.keys)
    #expect(Set(declared).subtracting(known) == [], "unknown to the table")
    #expect(known.subtracting(declared).subtracting(["version"]) == [], "unknown to the parser")
  }
}
