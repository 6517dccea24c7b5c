import Glibc
import SystemPackage
import Testing

@testable import XIOTestSupport

@Suite struct LogWriterTests {
  @Test func doesNotWaitForEverForAReader() throws {
    let directory = try TestDirectory()
    let fifo = directory.path(of: "fifo")
    try runTool("mkfifo", fifo)
    let failure = #expect(throws: SupportFailure.self) {
      _ = try LogWriter(fifo, within: .milliseconds(50))
    }
    #expect(failure?.description.contains("somebody reads \(fifo)") == true)
  }

  @Test(arguments: [true, false]) func waitsForRoomInAFIFO(_ appends: Bool) throws {
    let directory = try TestDirectory()
    let fifo = directory.path(of: "fifo")
    try runTool("mkfifo", fifo)
    let cat = try TestProgram("/bin/cat", [fifo]).start()
    let writer = try LogWriter(fifo, appends: appends)
    // More than a FIFO holds: a writer that does not wait for room would fail.
    for number in try directoryEntries("/proc/self/fd") {
      let text = String(decoding: number, as: UTF8.self)
      guard linkTarget(FilePath("/proc/self/fd/\(text)")) == fifo.string else { continue }
      #expect(fcntl(try #require(CInt(text)), F_GETFL) & O_NONBLOCK == 0)
    }
    try writer.write(2000)
    try eventually("everything is read") { cat.outputSoFar.count == writer.byteCount }
    #expect(LineCheck(cat.outputSoFar, of: writer).isPerfect)
  }

  @Test func otherFailuresAreNotWaitedFor() throws {
    let directory = try TestDirectory()
    #expect(throws: Errno.isDirectory) { _ = try LogWriter(directory.path) }
    #expect(throws: Errno.noSuchFileOrDirectory) {
      _ = try LogWriter(directory.path(of: "absent/log"))
    }
  }
}
