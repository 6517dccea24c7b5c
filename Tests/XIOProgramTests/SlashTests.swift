import SystemPackage
import Testing
import XIOTestSupport

/// A name with a slash at its end is a directory's.
@Suite struct SlashTests {
  private func directory() throws -> TestDirectory {
    let directory = try TestDirectory()
    try directory.write("f", "text\n".utf8)
    try directory.makeDirectory("sub")
    try directory.write("sub/x", "x\n".utf8)
    return directory
  }

  @Test(
    arguments: [
      "cat f/", "cat -n f/", "cat -- f//", "tail f/", "tail -f f/", "tail -c 1 f/", "copy f/ g",
      "copy f g/", "fanin --no-follow f/", "fanin @f/", "cache show f/", "cache evict f/",
      "engines f/", "tail -f --checkpoint f/ f",
    ])
  func aFileIsNoDirectory(_ command: String) throws {
    let directory = try directory()
    let result = try runScript("$XIO \(command)", in: directory)
    #expect(result.status == 1, "\(result)")
    #expect(result.errorText.contains("Not a directory"), "\(result)")
    #expect(!result.outputText.contains("text"), "\(result)")
    #expect(try directory.names() == ["f", "sub"])
    #expect(try directory.read("f") == Array("text\n".utf8))
  }

  /// It is shown as it was typed.
  @Test func aDirectoryIsShownAsItWasTyped() throws {
    let directory = try directory()
    let result = try runScript("$XIO tail sub sub// ./sub/ missing/ sub/x", in: directory)
    #expect(
      result.outputText == "==> sub <==\n\n==> sub// <==\n\n==> ./sub/ <==\n\n==> sub/x <==\nx\n",
      "\(result)")
    let said = ["sub", "sub//", "./sub/"].map {
      "xio tail: error reading '\($0)': Is a directory\n"
    }
    #expect(
      result.errorText == said.joined()
        + "xio tail: cannot open 'missing/' for reading: No such file or directory\n", "\(result)")
    let cached = try runScript("$XIO cache -r show sub/", in: directory)
    #expect(cached.status == 0 && cached.outputText.contains("sub/x"), "\(cached)")
  }
}
