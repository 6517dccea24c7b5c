import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// Calls go by the names under which the kernel, and so strace(1), knows them.
@Suite struct CallNameTests {
  /// FICLONE is a request of ioctl(2); older versions of strace(1) show a new call by its number.
  private static let otherNames: [SystemCall: [String]] = [
    .ficlone: ["ioctl"], .cachestat: ["syscall_0x1c3"], .clone: ["clone3"],
  ]

  /// Traces the thread that makes the calls; the start of a row is marked by a name that is asked for.
  @Test func theKernelSeesTheSameCalls() throws {
    let rows = CallRow.all
    let directory = try TestDirectory()
    let log = directory.path(of: "log")
    let thread = try callingThread()
    let fixtures = try rows.map { _ in try CallFixture() }
    let tracer = TestProgram(try findTool("strace"), ["-o", log, "-p", thread])
    let running = try tracer.start()
    try eventually("strace has attached") {
      String(decoding: running.errorOutputSoFar, as: UTF8.self).contains("attached")
    }
    for (index, row) in rows.enumerated() {
      access("/row/\(index)", F_OK)
      try row.body(fixtures[index])
    }
    access("/row/\(rows.count)", F_OK)
    try running.signal(SIGINT)
    _ = try running.wait()
    let sections = String(decoding: try readFile(log), as: UTF8.self)
      .split(separator: "\"/row/").dropFirst()
    #expect(sections.count == rows.count + 1)
    for (row, section) in zip(rows, sections) {
      for (call, count) in row.counts where !call.isRequest {
        let names = [call.name] + Self.otherNames[call, default: []]
        let seen = section.split(separator: "\n").count { line in
          names.contains { line.hasPrefix("\($0)(") }
        }
        #expect(seen >= count, "\(row.testDescription): \(call.name) in \(section)")
      }
    }
  }
}

/// The id of the calling thread.
private func callingThread() throws -> String {
  String(try #require(linkTarget("/proc/thread-self").split(separator: "/").last))
}
