import Testing
import XIOTestSupport

/// More of a pipe than fits into memory, where no file can be made for it.
@Suite struct TailRoomTests {
  @Test func memoryHasToDo() throws {
    let directory = try TestDirectory()
    let result = try runScript(
      "head -c 72M /dev/zero | TMPDIR=/nonexistent $XIO tail -c 70M | wc -c", in: directory)
    #expect(result.outputText == "\(70 << 20)\n" && result.errorOutput.isEmpty, "\(result)")
  }

  @Test func aLimitOfMemoryIsKept() throws {
    let directory = try TestDirectory()
    let result = try runScript(
      "head -c 8M /dev/zero | TMPDIR=/nonexistent $XIO tail -c 7M --memory 1M", in: directory)
    #expect(result.status == 1 && result.output.isEmpty, "\(result.errorText)")
    #expect(
      result.errorText.hasPrefix(
        "xio tail: '/nonexistent': TMPDIR cannot hold what exceeds the memory: No such file"),
      "\(result.errorText)")
  }

  /// A file that is written while it is read, and stands at its beginning, is no loop.
  @Test func catWritesOverWhatItHasRead() throws {
    let directory = try TestDirectory()
    try directory.write("fx", "x\n".utf8)
    try directory.write("fy", "y\n".utf8)
    let result = try runScript("$XIO cat fx fy 1<>fx", in: directory)
    #expect(result.status == 0, "\(result)")
    #expect(try directory.read("fx") == Array("x\ny\n".utf8))
  }
}
