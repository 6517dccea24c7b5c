import SystemPackage
import Testing
import XIOTestSupport

/// Under the names of GNU's tools the program says what GNU's say, whole, and nothing more; under its own
/// name a hint follows.
@Suite struct VoiceTests {
  private func said(_ name: String, _ arguments: [String]) throws -> ProgramResult {
    let directory = try TestDirectory()
    try directory.write("f", "1\n2\n".utf8)
    var program = try xioProgram(arguments)
    program.argumentZero = name
    program.workingDirectory = directory.path
    return try program.run()
  }

  @Test(
    arguments: [
      (["tail", "-n", "x", "f"], "tail: invalid number of lines: 'x'\n"),
      (["tail", "-5", "f", "f"], "tail: option used in invalid context -- 5\n"),
      (["tail", "-f", "-s", "x", "f"], "tail: invalid number of seconds: 'x'\n"),
      (["tail", "-F"], "tail: cannot follow '-' by name\n"),
      (
        ["tail", "--bogus=3"],
        "tail: unrecognized option '--bogus=3'\nTry 'tail --help' for more information.\n"
      ),
      (
        ["tail", "--s"],
        "tail: option '--s' is ambiguous; possibilities: '--silent' '--sleep-interval'\n"
          + "Try 'tail --help' for more information.\n"
      ),
      (
        ["tail", "--follow=x", "f"],
        "tail: invalid argument 'x' for '--follow'\nValid arguments are:\n  - 'descriptor'\n"
          + "  - 'name'\nTry 'tail --help' for more information.\n"
      ),
      (["cat", "-x"], "cat: invalid option -- 'x'\nTry 'cat --help' for more information.\n"),
      (
        ["cat", "--numb"],
        "cat: option '--numb' is ambiguous; possibilities: '--number-nonblank' '--number'\n"
          + "Try 'cat --help' for more information.\n"
      ),
      (["cat", "missing"], "cat: missing: No such file or directory\n"),
      (["cp", "-dash"], "cp: invalid option -- 'h'\nTry 'cp --help' for more information.\n"),
      (["cat", "\u{fc}:"], "cat: ''$'\\303\\274'':': No such file or directory\n"),
      (["cp"], "cp: missing file operand\nTry 'cp --help' for more information.\n"),
      (
        ["cp", "-T", "-t", ".", "f"],
        "cp: cannot combine --target-directory (-t) and --no-target-directory (-T)\n"
      ),
    ] as [([String], String)])
  func saysWhatGNUSaysAndNoMore(_ command: [String], _ expected: String) throws {
    let result = try said(command[0], Array(command.dropFirst()))
    #expect(result.errorText == expected)
    #expect(result.status == 1)
  }

  @Test(
    arguments: [
      (["tail", "--bogus"], "xio tail: unrecognized option '--bogus'\nhint: "),
      (["tail", "-n", "x"], "xio tail: invalid number of lines: 'x'\nhint: "),
      (
        ["tail", "--follow=nam3", "f"],
        "xio tail: invalid argument 'nam3' for '--follow'; valid are 'descriptor', 'name'\n"
          + "hint: did you mean 'name'?\n"
      ),
      (["cat", "-x"], "xio cat: invalid option -- 'x'\nhint: "),
      (["copy"], "xio copy: missing file operand\nhint: "),
    ] as [([String], String)])
  func hintsUnderItsOwnName(_ command: [String], _ expected: String) throws {
    let result = try said("xio", command)
    #expect(result.errorText.hasPrefix(expected), "\(result)")
    #expect(!result.errorText.contains("Try '"), "\(result)")
    #expect(result.status == 1)
  }

  /// One fails, and under GNU's name nothing is added that GNU's would not say.
  @Test func noHintFollowsWhatFails() throws {
    let result = try said(
      "tail", ["-c", "5", "--engine", "uring", "--cache", "direct", "/proc/version"])
    #expect(!result.errorText.contains("hint:"), "\(result)")
  }

  @Test(arguments: [["---disable-inotify"], ["---dis", "-s", "0.01"]])
  func looksWithoutInotify(_ options: [String]) throws {
    let directory = try TestDirectory()
    let file = try directory.write("f", "1\n".utf8)
    let follower = try Follower(options + ["-f", "--debug", file] as [any ByteString])
    try follower.expect(saying: "using polling mode")
    try follower.expect(2)
    let descriptor = try FileDescriptor.open(file, .writeOnly, options: .append)
    _ = try descriptor.closeAfter { try descriptor.writeAll("2\n".utf8) }
    try follower.expect(4)
    #expect(try !openFiles(follower).contains { $0.contains("inotify") })
    #expect(try follower.finish().outputText == "1\n2\n")
  }

  private func openFiles(_ follower: Follower) throws -> [String] {
    let script = "ls -l /proc/\(follower.running.process)/fd"
    return try TestProgram("/bin/bash", ["-c", script]).run().outputText
      .split(separator: "\n").map(String.init)
  }
}
