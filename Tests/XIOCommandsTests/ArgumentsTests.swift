import SystemPackage
import Testing
import XIOTestSupport

@testable import XIOCommands

/// Arguments are bytes: whatever a name is, it comes back as it was.
@Suite struct ArgumentsTests {
  private static let odd: [[UInt8]] = [
    [], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xED, 0xA0, 0x80],
    [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xEF, 0x9E, 0x80],
    [0xEF, 0x9F, 0xBF], [0xEF, 0x9E, 0x7F], [0xEF, 0x9E, 0x80, 0xFF], [0x80, 0xEF, 0x9E, 0x80],
    [0xEF, 0xBB, 0xBF], [0xEF, 0xBF, 0xBD], [0x65, 0xCC, 0x81], [0xCC, 0x81], [0x0D, 0x0A],
  ]

  @Test(arguments: odd) func oddBytesComeBack(_ bytes: [UInt8]) {
    #expect(Arguments.decode(Arguments.encode(bytes)) == bytes)
    #expect(Operand(argument: Arguments.encode(bytes)).path.rawBytes == bytes)
  }

  @Test func everyByteAndPairComesBack() {
    for first in UInt8(1)...255 {
      #expect(Arguments.decode(Arguments.encode([first])) == [first])
      let differing = (UInt8(1)...255).filter { second in
        Arguments.decode(Arguments.encode([first, second])) != [first, second]
      }
      #expect(differing == [], "after \(first)")
    }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>) func randomBytesComeBack(_ seed: UInt64) {
    var random = RandomBytes(seed: seed)
    // Lead and continuation bytes of what the encoding uses itself turn up far too seldom by chance.
    let alphabet: [UInt8] = [
      0xEF, 0x9E, 0x9F, 0x80, 0xBF, 0x7F, 0xC3, 0xA9, 0xF0, 0x2D, 0x61, 0xFF,
    ]
    for length in 1...500 {
      let bytes = random.next(length).map { $0 == 0 ? 1 : $0 }
      let mixed = bytes.map { alphabet[Int($0) % alphabet.count] }
      for name in [bytes, mixed] where Arguments.decode(Arguments.encode(name)) != name {
        Issue.record("\(name)")
      }
    }
  }

  @Test(arguments: ["a", "--report", "\u{E9}", "e\u{301}", "\u{1F600}", "\u{FFFD}", "\u{F6FF}"])
  func textStaysItself(_ text: String) {
    #expect(Array(Arguments.encode(Array(text.utf8)).unicodeScalars) == Array(text.unicodeScalars))
  }

  @Test func encodedBytesAreShownAsEscapes() {
    #expect(Arguments.display(Arguments.encode([0x61, 0xFF, 0x62])) == "a\\377b")
    #expect(Arguments.display("a\u{E9}") == "a\u{E9}")
  }

  @Test(
    arguments: [
      ("xio", ["copy", "a"], "copy", "xio copy"), ("xio", ["cat"], "cat", "xio cat"),
      ("/usr/bin/xio", ["engines"], "engines", "xio engines"), ("xio", [], nil, "xio"),
      ("xio", ["--version"], nil, "xio"), ("xio", ["nothing"], "nothing", "xio"),
      ("/bin/cat", ["a"], "cat", "cat"), ("cp", ["copy", "b"], "copy", "cp"),
      ("./copy", [], "copy", "copy"), ("", ["cat"], "cat", "xio cat"),
      ("concat", ["cat"], "cat", "xio cat"),
    ] as [(String, [String], String?, String)])
  func commandsAreFound(
    _ program: String, _ arguments: [String], _ command: String?, _ name: String
  ) {
    let parsed = Arguments(program: Array(program.utf8), arguments.map { Array($0.utf8) })
    #expect(parsed.command == command)
    #expect(parsed.programName == name)
  }

  @Test(
    arguments: [
      (["engines", "--report", "a"], ["engines", "--report=text", "a"]),
      (["engines", "a", "--report"], ["engines", "a", "--report=text"]),
      (["engines", "--report=json"], ["engines", "--report=json"]),
      (["engines", "--", "--report"], ["engines", "--", "--report"]),
      (["engines", "--report", "--", "--report"], ["engines", "--report=text", "--", "--report"]),
      (["engines", "--report-to", "a"], ["engines", "--report-to", "a"]),
      (["--report"], ["--report=text"]),
    ])
  func reportMayHaveNoValue(_ arguments: [String], _ expected: [String]) throws {
    let parsed = Arguments(program: Array("xio".utf8), arguments.map { Array($0.utf8) })
    #expect(try parsed.forParser() == expected)
  }

  @Test func aLinkedNameIsACommand() throws {
    let parsed = Arguments(program: Array("/bin/cp".utf8), [Array("a".utf8), [0xFF]])
    #expect(try parsed.forParser() == ["copy", "--", "a", "\u{F7FF}"])
  }

  @Test(
    arguments: [
      ([], true), (["a", "-"], true), ([""], true), (["-a"], false), (["a", "--"], false),
      (["--report"], false),
    ] as [([String], Bool)])
  func plainOperandsAreTold(_ arguments: [String], _ isPlain: Bool) {
    let parsed = Arguments(program: Array("cat".utf8), arguments.map { Array($0.utf8) })
    #expect(parsed.hasOperandsOnly == isPlain)
    #expect(parsed.operands.map(\.string) == arguments)
  }
}
