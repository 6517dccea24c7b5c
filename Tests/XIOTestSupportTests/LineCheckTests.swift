import Testing
import XIOTestSupport

@Suite struct LineCheckTests {
  private static let lines = (1...5).map { LogWriter.line($0) }

  private func check(_ lines: [[UInt8]]) -> LineCheck {
    LineCheck(lines.flatMap { $0 }, counts: [LogWriter.usualLetter: 5])
  }

  @Test func isContentWithEveryLineOnce() {
    #expect(check(Self.lines).isPerfect)
  }

  @Test func finds() {
    let lines = Self.lines
    #expect(check(Array(lines.dropLast())).lost == [5])
    #expect(check(lines + [lines[2]]).doubled == [3])
    #expect(check([lines[1], lines[0]] + lines[2...]).late == [1])
    let torn = check(lines.dropLast() + [Array(lines[4].dropLast())])
    #expect(torn.torn.count == 1 && torn.lost == [5])
    #expect(check(lines + [LogWriter.line(6)]).torn.count == 1)
    #expect(!check(lines + [[0, 0, 0]]).isPerfect)
  }

  @Test func tellsLogsApart() {
    let letters = Array("ab".utf8)
    let lines = letters.flatMap { LogWriter.line(1, letter: $0) }
    #expect(LineCheck(lines, counts: [letters[0]: 1, letters[1]: 1]).isPerfect)
    #expect(LineCheck(lines, counts: [letters[0]: 1, letters[1]: 2]).lost == [2])
  }

  @Test func writesWhatItChecks() throws {
    let directory = try TestDirectory()
    let writer = try LogWriter(directory.path(of: "log"))
    try writer.write(500)
    try writer.writeInTwoParts()
    let bytes = try directory.read("log")
    #expect(bytes.count == writer.byteCount)
    #expect(LineCheck(bytes, of: writer).isPerfect)
  }

  @Test func mountsAnOverlay() throws {
    let directory = try TestDirectory(on: .overlayfs)
    try directory.write("file", "text".utf8)
    let name = try runTool("stat", "-f", "-c", "%T", directory.path)
    #expect(name == "overlayfs\n")
  }
}
