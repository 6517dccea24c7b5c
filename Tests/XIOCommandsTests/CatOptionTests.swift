import ArgumentParser
import SystemPackage
import Testing
import XIOCat

@testable import XIOCommands

/// The options of cat come to what GNU's cat makes of them.
@Suite struct CatOptionTests {
  private static func format(_ arguments: [String]) throws -> LineFormat {
    let normal = try Normaliser.normalise(arguments, .cat, stopsAtOperand: false)
    let command = try #require(try Xio.parseAsRoot(["cat"] + normal) as? CatCommand)
    return command.output.format
  }

  private static func make(_ change: (inout LineFormat) -> Void) -> LineFormat {
    var format = LineFormat()
    change(&format)
    return format
  }

  @Test func shortAndLongOptionsAreTheSame() throws {
    for (short, long) in [
      ("-A", ["--show-all"]), ("-b", ["--number-nonblank"]), ("-E", ["--show-ends"]),
      ("-n", ["--number"]), ("-s", ["--squeeze-blank"]), ("-T", ["--show-tabs"]),
      ("-v", ["--show-nonprinting"]), ("-e", ["--show-nonprinting", "--show-ends"]),
      ("-t", ["--show-nonprinting", "--show-tabs"]), ("-u", []),
      ("-A", ["-v", "-E", "-T"]), ("-bs", ["--number-n", "--sq"]),
    ] {
      #expect(try Self.format([short]) == Self.format(long), "\(short)")
    }
  }

  @Test func numbersOfNonblankLinesWin() throws {
    let nonblank = Self.make { $0.numbering = .nonblank }
    #expect(try Self.format(["-n", "-b"]) == nonblank)
    #expect(try Self.format(["-bn"]) == nonblank)
    #expect(try Self.format(["-n"]) == Self.make { $0.numbering = .all })
  }

  /// Whether the parser has a look at them or not; no option depends on more than one other.
  @Test func everyPairOfOptionsComesToTheSame() throws {
    let letters = Array("AbeEnstTuv")
    for set in 0..<1 << letters.count where set.nonzeroBitCount <= 2 {
      let chosen = letters.enumerated().filter { set & 1 << $0.offset != 0 }.map(\.element)
      let arguments = (chosen.isEmpty ? [] : ["-" + String(chosen)]) + ["a", "-", "b"]
      let normal = try Normaliser.normalise(arguments, .cat, stopsAtOperand: false)
      let alone = try #require(CatCommand.formatAlone(normal))
      #expect(try alone.format == Self.format(arguments), "\(arguments)")
      #expect(alone.files == ["a", "-", "b"])
    }
  }

  @Test(arguments: ["--engine=auto", "--help", "--report", "--progress", "--version"])
  func otherOptionsAreTheParsers(_ option: String) throws {
    let normal = try Normaliser.normalise(["-n", option], .cat, stopsAtOperand: false)
    #expect(CatCommand.formatAlone(normal) == nil)
  }

  @Test func nothingIsChangedUnlessItIsAskedFor() throws {
    #expect(try Self.format([]) == LineFormat())
    #expect(try Self.format(["-u", "file"]) == LineFormat())
    let squeezed = Self.make { $0.squeezesBlank = true }
    #expect(try Self.format(["file", "-s"]) == squeezed)
  }

  @Test(arguments: ["-z", "--no-such", "--number=1", "--nu", "--show"])
  func badOptionsAreRefused(_ option: String) {
    #expect(throws: UsageError.self) { try Self.format([option]) }
  }
}
