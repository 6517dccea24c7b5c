import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What a follow prints and says, beside GNU tail.
@Suite struct FollowGNUTests {
  /// Runs a case with GNU tail and then with the program under test by the name of tail.
  private func besides(
    _ arguments: [String], _ play: (TestDirectory, RunningProgram) throws -> Void
  ) throws -> (gnu: ProgramResult, ours: ProgramResult) {
    let results = try [try findTool("tail"), try locateXio()].map { executable in
      let directory = try TestDirectory(on: .tmpfs)
      try directory.write("a", "a1\na2\na3\n".utf8)
      try directory.write("b", "b1\n".utf8)
      try directory.write("empty", "".utf8)
      var program = TestProgram(executable, arguments)
      program.argumentZero = "tail"
      program.workingDirectory = directory.path
      let running = try program.start()
      try play(directory, running)
      if !running.hasEnded { try running.signal(SIGTERM) }
      return try running.wait()
    }
    return (results[0], results[1])
  }

  private func append(_ text: String, to file: FilePath) throws {
    let descriptor = try FileDescriptor.open(
      file, .writeOnly, options: [.append, .create, .closeOnExec],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
    try descriptor.closeAfter { _ = try descriptor.writeAll(text.utf8) }
  }

  private func expectOutput(_ running: RunningProgram, _ end: String) throws {
    try eventually("\(end) is printed") {
      running.outputSoFar.suffix(end.utf8.count) == Array(end.utf8)[...]
    }
  }

  @Test(arguments: [
    ["-f"], ["-F"], ["-fn2"], ["-fn0"], ["-fv"], ["-fq"], ["-fc", "3"], ["-fn", "+2"],
  ])
  func headersAreThoseOfGNU(_ options: [String]) throws {
    let (gnu, ours) = try besides(options + ["a", "empty", "b"]) { directory, running in
      let known = options.contains("-fq") ? "b1\n" : options.contains("-fn0") ? "==> b <==\n" : ""
      if options.contains("-fn") {
        try expectOutput(running, "==> b <==\n")
      } else if known.isEmpty {
        try expectOutput(running, "b1\n")
      } else {
        try expectOutput(running, known)
      }
      // It has to be waiting before anything is appended: what comes sooner goes to the first part.
      try eventually("it waits") { isBlocked(running.process) }
      for (name, text) in [
        ("b", "b2\n"), ("b", "b3\n"), ("a", "a4\n"), ("empty", "e1\n"), ("a", "a5\n"),
      ] {
        try append(text, to: directory.path(of: name))
        try expectOutput(running, text)
      }
    }
    #expect(ours.output == gnu.output, "\(gnu)\n\(ours)")
    #expect(ours.errorOutput == gnu.errorOutput, "\(gnu)\n\(ours)")
    #expect(ours.ending == gnu.ending)
  }

  @Test func messagesAreThoseOfGNU() throws {
    let (gnu, ours) = try besides(["-F", "a"]) { directory, running in
      let a = directory.path(of: "a")
      func expectSaid(_ text: String) throws {
        do {
          try eventually("said") {
            String(decoding: running.errorOutputSoFar, as: UTF8.self).hasSuffix(text)
          }
        } catch {
          throw SupportFailure(
            "missing: \(text) in: \(String(decoding: running.errorOutputSoFar, as: UTF8.self))")
        }
      }
      try expectOutput(running, "a3\n")
      try eventually("it waits") { isBlocked(running.process) }
      try move(a, to: directory.path(of: "old"))
      try expectSaid("'a' has become inaccessible: No such file or directory\n")
      try append("new\n", to: a)
      try expectSaid("'a' has appeared;  following new file\n")
      try expectOutput(running, "new\n")
      try append("other\n", to: directory.path(of: "next"))
      try move(directory.path(of: "next"), to: a)
      try expectSaid("'a' has been replaced;  following new file\n")
      try expectOutput(running, "other\n")
      // Shorter than before, as GNU knows no other sign.
      let file = try FileDescriptor.open(a, .writeOnly, options: [.closeOnExec])
      try file.closeAfter { try file.resize(to: 0) }
      try expectSaid("a: file truncated\n")
      try append("cut\n", to: a)
      try expectOutput(running, "cut\n")
    }
    #expect(ours.errorText == gnu.errorText, "\(gnu)\n\(ours)")
    #expect(ours.output == gnu.output, "\(gnu)\n\(ours)")
  }

  @Test(arguments: [["-f", "missing"], ["--follow=name", "missing"], ["-f", "missing", "a"]])
  func missingFilesAreToldOfAsGNUDoes(_ arguments: [String]) throws {
    let (gnu, ours) = try besides(arguments) { _, running in
      if arguments.contains("a") {
        try expectOutput(running, "a3\n")
        try eventually("it waits") { isBlocked(running.process) }
      } else {
        try eventually("it ends") { running.hasEnded }
      }
    }
    #expect(ours.errorText == gnu.errorText && ours.ending == gnu.ending, "\(gnu)\n\(ours)")
    #expect(ours.output == gnu.output, "\(gnu)\n\(ours)")
  }
}
