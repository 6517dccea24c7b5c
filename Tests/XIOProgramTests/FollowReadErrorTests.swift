import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Files that are followed by their names and cannot be read for a while.
@Suite struct FollowReadErrorTests {
  private static let commands = [["tail", "-F", "-s", "0.05"], ["fanin", "-s", "0.05"]]

  /// Begins a follow of `log` in which reads fail.
  private func follow(
    _ command: [String], _ engine: String, in directory: TestDirectory, failing reads: String,
    of file: String
  ) throws -> RunningProgram {
    var program = try xioProgram(command + ["--engine", engine, "log"])
    program.workingDirectory = directory.path
    program.strace =
      straceInjecting(["pread64:error=EIO:when=\(reads)", "preadv2:error=EIO:when=\(reads)"])
      + ["-P", directory.path(of: file).string]
    return try program.start()
  }

  private func append(_ text: String, to file: FilePath) throws {
    let descriptor = try FileDescriptor.open(
      file, .writeOnly, options: [.append, .create, .closeOnExec],
      permissions: [.ownerReadWrite])
    try descriptor.closeAfter { _ = try descriptor.writeAll(text.utf8) }
  }

  private func expect(_ text: String, from running: RunningProgram) throws {
    try eventually("\(text) is printed") { running.outputSoFar == Array(text.utf8) }
  }

  @Test(arguments: commands, ["epoll", "blocking", "nonblocking", "posix-aio"])
  func areReadOnAndToldOfOnce(_ command: [String], _ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = try directory.write("log", "0\n".utf8)
    let running = try follow(command, engine, in: directory, failing: "6..9", of: "log")
    var expected = "0\n"
    try expect(expected, from: running)
    for number in 1...12 {
      try append("\(number)\n", to: log)
      expected += "\(number)\n"
      try expect(expected, from: running)
    }
    try running.signal(SIGTERM)
    let result = try running.wait()
    // Each thread of the others has a count of its own of the calls that are to fail.
    if ["epoll", "nonblocking"].contains(engine) {
      #expect(result.errorText.split(separator: "\n").count == 1, "\(result)")
    }
    #expect(result.errorText.contains("error reading 'log': Input/output error"), "\(result)")
  }

  @Test(arguments: commands, ["epoll", "blocking"])
  func areGivenUpWithoutTheirName(_ command: [String], _ engine: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let log = try directory.write("log", "0\n".utf8)
    let running = try follow(command, engine, in: directory, failing: "1+", of: "log.1")
    try expect("0\n", from: running)
    try running.signal(SIGSTOP)
    try append("1\n", to: log)
    try move(log, to: directory.path(of: "log.1"))
    try running.signal(SIGCONT)
    try eventually("the failure is told of") {
      String(decoding: running.errorOutputSoFar, as: UTF8.self).contains("error reading 'log'")
    }
    try append("2\n", to: log)
    try expect("0\n2\n", from: running)
    try running.signal(SIGTERM)
    _ = try running.wait()
  }
}
