import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Standard input and output that are seldom what they are here: what is there comes out, or what is wrong
/// is said, and the descriptor is left as it was.
@Suite struct OddDescriptorTests {
  /// Kinds that are read.
  private static let inputs = OddDescriptor.Kind.allCases.filter {
    ![.readOnly, .full, .socketToNobody, .hungUp, .appended, .written].contains($0)
  }
  /// Kinds that are written to, and take nothing.
  private static let deaf: [OddDescriptor.Kind] = [
    .readOnly, .place, .placeOfDirectory, .directory, .unconnected, .full, .hungUp,
  ]
  /// What goes through memory of the process in different ways, and what does not.
  private static let engines =
    runsFullSize ? EngineVariant.all : [.auto, EngineVariant("uring"), EngineVariant("poll")]

  /// A command, and what of the text it prints.
  struct Command: Sendable, CustomTestStringConvertible {
    let words: [String]
    let output: @Sendable (String) -> String
    var testDescription: String { words.joined(separator: " ") }
    var isCat: Bool { words[0] == "cat" }
    var follows: Bool { words.contains("-f") }

    static func lines(_ text: String) -> [Substring] {
      text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }

    static let all = [
      Command(words: ["cat"]) { $0 },
      Command(words: ["cat", "-"]) { $0 },
      Command(words: ["cat", "-E"]) { $0.replacing("\n", with: "$\n") },
      Command(words: ["tail", "-n", "1"]) { lines($0).suffix(1).map { "\($0)\n" }.joined() },
      Command(words: ["tail", "-n", "+2", "-"]) {
        lines($0).dropFirst().map { "\($0)\n" }.joined()
      },
      Command(words: ["tail", "-c", "3"]) { String($0.suffix(3)) },
      Command(words: ["tail", "-c", "+3"]) { String($0.dropFirst(2)) },
      Command(words: ["tail", "-f", "-n", "+1", "--pid", "999999999"]) { $0 },
    ]
  }

  @Test(arguments: Command.all, inputs)
  func isRead(_ command: Command, _ kind: OddDescriptor.Kind) throws {
    // When what somebody types, or what the kernel makes up, is followed to is for another suite.
    if command.follows, kind == .terminal || kind == .procFile { return }
    for engine in Self.engines where engine != .kernel {
      let directory = try TestDirectory()
      let odd = try OddDescriptor(kind, in: directory)
      let flags = statusFlags(odd.descriptor)
      let result = try runXio(
        command.words + (engine == .auto ? [] : engine.options), input: .descriptor(odd.descriptor))
      let what: Comment = "\(engine.testDescription): \(result)"
      if let content = odd.content {
        #expect(result.outputText == command.output(content), what)
        #expect(result.status == 0 && result.errorOutput.isEmpty, what)
      } else {
        let reason = try #require(odd.reason(writing: false))
        let name = command.isCat ? "xio cat: -" : "xio tail: error reading 'standard input'"
        #expect(result.errorText.hasPrefix("\(name): \(reason)\n"), what)
        #expect(result.status == 1 && result.output.isEmpty, what)
      }
      #expect(statusFlags(odd.descriptor) == flags, what)
    }
  }

  /// By GNU's names what is wrong is said in GNU's words, and by its own in its own.
  @Test(arguments: ["cat", "tail"], deaf)
  func takesNothing(_ tool: String, _ kind: OddDescriptor.Kind) throws {
    for isLink in [false, true] {
      let directory = try TestDirectory()
      let source = try directory.write("source", OddDescriptor.text.utf8)
      let odd = try OddDescriptor(kind, in: directory)
      let reason = try #require(odd.reason(writing: true))
      let link = try directory.makeLink(isLink ? tool : "xio", to: try locateXio())
      var program = TestProgram(link, (isLink ? [] : [tool]) + [source])
      program.argumentZero = isLink ? tool : "xio"
      program.output = .descriptor(odd.descriptor)
      let result = try program.run()
      let words = tool == "tail" || isLink ? "write error" : "error writing standard output"
      #expect(
        result.errorText == "\(isLink ? tool : "xio \(tool)"): \(words): \(reason)\n", "\(result)")
      #expect(result.status == 1, "\(result)")
    }
  }

  @Test(arguments: ["cat", "tail", "copy"], [OddDescriptor.Kind.pipeToNobody, .socketToNobody])
  func endsWithoutAReader(_ tool: String, _ kind: OddDescriptor.Kind) throws {
    let directory = try TestDirectory()
    let source = try directory.write("source", OddDescriptor.text.utf8)
    // A socket has no name by which it could be opened.
    if tool == "copy", kind == .socketToNobody { return }
    for missing in tool == "tail" ? [[], [directory.path(of: "missing")]] : [[]] {
      let odd = try OddDescriptor(kind, in: directory)
      let target: [FilePath] = tool == "copy" ? ["/dev/stdout"] : missing
      let result = try runXio([tool, source] + target, output: .descriptor(odd.descriptor))
      #expect(result.ending == .signal(SIGPIPE) && result.errorOutput.isEmpty, "\(result)")
    }
  }

  @Test(arguments: ["cat", "tail"], [OddDescriptor.Kind.appended, .written])
  func isWrittenWhereItStands(_ tool: String, _ kind: OddDescriptor.Kind) throws {
    let directory = try TestDirectory()
    let source = try directory.write("source", "new".utf8)
    let odd = try OddDescriptor(kind, in: directory)
    expectQuietSuccess(try runXio([tool, source], output: .descriptor(odd.descriptor)))
    let text = OddDescriptor.text
    let expected =
      kind == .appended ? text + "new" : text.prefix(6) + "new" + text.dropFirst(9)
    #expect(try directory.read("odd-\(kind.rawValue)") == Array(expected.utf8))
  }

  /// The closed descriptor's name leads nowhere, also where links themselves are copied.
  @Test(arguments: ["-r", "-a", "-P", "-s", "-l", ""], ["/dev/fd/0", "/proc/self/fd/0"])
  func aClosedDescriptorIsNoLink(_ option: String, _ name: String) throws {
    let directory = try TestDirectory()
    try directory.write("kept", "text".utf8)
    for target in ["kept", "new"] {
      let result = try runScript("$XIO copy \(option) \(name) \(target) <&-", in: directory)
      #expect(
        result.errorText == "xio copy: cannot stat '\(name)': No such file or directory\n",
        "\(result)")
      #expect(result.status == 1)
    }
    #expect(try directory.names() == ["kept"] && directory.read("kept") == Array("text".utf8))
  }

  @Test(arguments: [("cat", "cat: standard output"), ("tail", "tail: write error")])
  func gnusNamesSayThatItIsClosed(_ tool: String, _ words: String) throws {
    let directory = try TestDirectory()
    let source = try directory.write("source", "text".utf8)
    var program = TestProgram(try directory.makeLink(tool, to: try locateXio()), [source])
    program.argumentZero = tool
    program.output = .closed
    #expect(try program.run().errorText == "\(words): Bad file descriptor\n")
    program.arguments = []
    (program.output, program.input) = (.capture, .closed)
    let both =
      tool == "cat"
      ? "cat: -: Bad file descriptor\ncat: closing standard input: Bad file descriptor\n"
      : "tail: cannot fstat 'standard input': Bad file descriptor\ntail: -: Bad file descriptor\n"
    #expect(try program.run().errorText == both)
  }

  /// What a directory is followed as, and a socket that nobody can open.
  @Test func whatCannotBeFollowedIsNamed() throws {
    let directory = try TestDirectory()
    try directory.makeDirectory("sub")
    try directory.write("file", "text\n".utf8)
    let result = try runScript("$XIO tail -f --pid 999999999 file sub file", in: directory)
    #expect(
      result.outputText == "==> file <==\ntext\n\n==> sub <==\n\n==> file <==\ntext\n", "\(result)")
    let input = try runScript("$XIO tail -f < sub", in: directory)
    #expect(
      input.errorText.hasPrefix("xio tail: error reading 'standard input': Is a directory\n"),
      "\(input)")
  }
}
