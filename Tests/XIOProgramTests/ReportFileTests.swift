import SystemPackage
import Testing
import XIOTestSupport

/// A report goes into a file of its own.
@Suite struct ReportFileTests {
  @Test(
    arguments: [
      (["copy", "source", "target"], "source"), (["copy", "source", "target"], "./source"),
      (["copy", "source", "target"], "target"), (["copy", "source", "below"], "below/source"),
      (["cat", "source"], "source"), (["cat", "/dev/null", "source"], "below/../source"),
    ])
  func neverOverwritesAFileOfTheJob(_ arguments: [String], _ report: String) throws {
    let directory = try TestDirectory()
    try directory.write("source", Array("text".utf8))
    try directory.makeDirectory("below")
    let result = try runXio(
      arguments + ["--report-to", report], workingDirectory: directory.path)
    #expect(result.status == 1)
    #expect(result.errorText.contains("are the same file\n"))
    #expect(result.output.isEmpty)
    #expect(try directory.read("source") == Array("text".utf8))
    #expect(try directory.names() == ["below", "source"])
  }

  @Test func isWrittenBesideTheOthers() throws {
    let directory = try TestDirectory()
    try directory.write("source", Array("text".utf8))
    let result = try runXio(
      ["copy", "source", "target", "--report-to", "report"], workingDirectory: directory.path)
    #expect(result.status == 0, "\(result)")
    #expect(String(decoding: try directory.read("report"), as: UTF8.self).hasPrefix("copy "))
    #expect(try directory.read("target") == Array("text".utf8))
  }
}
