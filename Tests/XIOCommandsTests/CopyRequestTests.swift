import ArgumentParser
import SystemPackage
import Testing
import XIOCopy

@testable import XIOCommands

/// Requests that are understood without the parser come to what it would make of them.
@Suite struct CopyRequestTests {
  private static func normalise(_ arguments: [String]) throws -> [String] {
    try Normaliser.normalise(arguments, .copy, stopsAtOperand: false)
  }

  @Test func everyPairOfOptionsComesToTheSame() throws {
    let letters = Array("aRdpPHLfvxT")
    for set in 0..<1 << letters.count where set.nonzeroBitCount <= 2 {
      let chosen = letters.enumerated().filter { set & 1 << $0.offset != 0 }.map(\.element)
      let words = try Self.normalise((chosen.isEmpty ? [] : ["-" + String(chosen)]) + ["a", "b/"])
      let plain = try #require(try CopyRequest.plain(words))
      let parsed = try #require(try Xio.parseAsRoot(["copy"] + words) as? CopyCommand)
      #expect(try "\(plain.options)" == "\(parsed.options())", "\(words)")
      #expect(plain.operands.targetIsNoDirectory == parsed.selection.noTargetDirectory)
      #expect(plain.operands.sources.map(\.path) == ["a"])
      #expect(plain.operands.target.path == "b/.")
    }
  }

  @Test func valuesComeToTheSame() throws {
    for options in [
      ["--preserve=mode,links"], ["-a", "--preserve=xattr"], ["--preserve=all", "-r"],
    ] {
      let words = try Self.normalise(options + ["a", "b"])
      let plain = try #require(try CopyRequest.plain(words))
      let parsed = try #require(try Xio.parseAsRoot(["copy"] + words) as? CopyCommand)
      #expect(try "\(plain.options)" == "\(parsed.options())", "\(words)")
    }
  }

  @Test(arguments: [
    "--engine=auto", "--help", "--report", "--progress", "--version", "-u", "-t", "-b", "-i", "-n",
    "-s",
    "-l", "--parents", "--atomic", "--no-preserve=mode", "--debug", "--jobs=2", "--sparse=never",
  ])
  func otherOptionsAreTheParsers(_ option: String) throws {
    let request = try CopyRequest.plain(Self.normalise(["-r", option, "x", "y"]))
    #expect(request == nil)
  }

  @Test func rolesAreTheSame() throws {
    for (arguments, message) in [
      ([], "missing file operand"), (["a"], "missing destination file operand after 'a'"),
      (["-T", "a", "b", "c"], "extra operand 'c'"),
      (["--preserve=y", "a", "b"], nil),
    ] {
      let error = #expect(throws: UsageError.self) {
        try CopyRequest.plain(Self.normalise(arguments))
      }
      if let message { #expect(error?.message == message) }
    }
  }
}
