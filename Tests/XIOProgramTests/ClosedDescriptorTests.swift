import SystemPackage
import Testing
import XIOTestSupport

/// A standard descriptor that is closed and is reached by its name: nothing is there.
@Suite struct ClosedDescriptorTests {
  private static let nothing = "No such file or directory\n"

  @Test(
    arguments: [
      "cat", "tail", "tail -f", "tail -F --pid 999999999", "copy -t .", "fanin --no-follow",
    ],
    ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
  func cannotBeRead(_ command: String, _ name: String) throws {
    let directory = try TestDirectory()
    let result = try runScript("$XIO \(command) \(name) <&-", in: directory)
    #expect(result.status == 1, "\(result)")
    #expect(result.output.isEmpty && result.errorText.contains(Self.nothing), "\(result)")
  }

  @Test(arguments: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
  func cannotBeWritten(_ name: String) throws {
    let directory = try TestDirectory()
    try directory.write("a", "precious\n".utf8)
    let result = try runScript("$XIO copy a \(name) >&-; echo $? >&2", in: directory)
    #expect(result.errorText.hasSuffix("\(Self.nothing)1\n"), "\(result)")
  }

  @Test func whatIsThereIsKept() throws {
    let directory = try TestDirectory()
    try directory.write("a", "precious\n".utf8)
    let result = try runScript("$XIO copy /dev/stdin a <&-", in: directory)
    #expect(result.status == 1, "\(result)")
    #expect(try directory.read("a") == Array("precious\n".utf8))
  }

  @Test func standardErrorIsNoExceptionTo() throws {
    let directory = try TestDirectory()
    let result = try runScript("$XIO cat /dev/fd/2 2>&-; echo $?", in: directory)
    #expect(result.outputText == "1\n", "\(result)")
  }

  /// Following has GNU's words for both ends.
  @Test func followingSaysWhichEndIsClosed() throws {
    let directory = try TestDirectory()
    let input = try runScript("$XIO tail -f - <&-", in: directory)
    #expect(
      input.errorText == "xio tail: cannot fstat 'standard input': Bad file descriptor\n"
        + "xio tail: no files remaining\n", "\(input)")
    #expect(input.status == 1)
    let output = try runScript("$XIO tail -f /dev/null >&-", in: directory)
    #expect(output.errorText == "xio tail: standard output: Bad file descriptor\n", "\(output)")
    #expect(output.status == 1)
  }
}
