import Glibc
import SystemPackage
import Testing

@testable import XIOTestSupport

/// No program that a test starts can hold it up for ever, fill the memory or stay behind.
@Suite struct RunningProgramTests {
  /// A shell; what it starts itself belongs to its group.
  private func shell(_ script: String) -> TestProgram { TestProgram("/bin/sh", ["-c", script]) }

  private func isGone(_ process: pid_t) -> Bool {
    let state = processState(process)
    return state == nil || state == .zombie || state == .dead
  }

  @Test(arguments: ["", ">&2"]) func killsOneThatWritesWithoutEnd(_ redirection: String) throws {
    var program = shell("exec yes \(redirection)")
    program.outputLimit = 1 << 20
    var result: ProgramResult?
    try withKnownIssue {
      result = try program.run()
    } matching: {
      $0.comments.contains { $0.rawValue.contains("the limit of 1048576 bytes of output passed") }
    }
    let ended = try #require(result)
    #expect(ended.ending == .signal(SIGKILL), "\(ended.ending)")
    // What comes beyond the limit is no more than what is read at once.
    let count = max(ended.output.count, ended.errorOutput.count)
    #expect((1 << 20...(1 << 20) + (1 << 18)).contains(count), "\(count)")
  }

  @Test func keepsToTheTimeLimitWhileThereIsAlwaysOutput() throws {
    var program = shell("exec yes")
    program.timeLimit = .milliseconds(200)
    program.outputLimit = .max
    let running = try program.start()
    try withKnownIssue {
      let result = try running.wait()
      #expect(result.ending == .signal(SIGKILL))
      #expect(result.passedLimit == "the time limit of 0.2 seconds")
      #expect(!result.output.isEmpty)
    } matching: {
      $0.comments.contains { $0.rawValue.contains("the time limit of 0.2 seconds passed") }
    }
  }

  @Test func killsOneThatStopsItself() throws {
    var program = shell("kill -STOP $$; echo goes on")
    program.timeLimit = .seconds(1)
    let running = try program.start()
    try eventually("it is stopped") { processState(running.process) == .stopped }
    try withKnownIssue {
      let result = try running.wait()
      #expect(result.ending == .signal(SIGKILL) && result.output.isEmpty)
    } matching: {
      $0.comments.contains { $0.rawValue.contains("the time limit of 1.0 seconds passed") }
    }
  }

  /// Starts a program that has a child in its group, and says which two processes there are.
  private func startPair() throws -> (running: RunningProgram, child: pid_t) {
    let running = try shell("sleep 1000 & echo $!; wait").start()
    try eventually("the child is there") { running.outputSoFar.last == UInt8(ascii: "\n") }
    let text = String(decoding: running.outputSoFar.dropLast(), as: UTF8.self)
    return (running, try #require(pid_t(text)))
  }

  @Test func endsTheGroupOfOneThatIsDropped() throws {
    let before = try ProcessSnapshot()
    var pair: (running: RunningProgram, child: pid_t)? = try startPair()
    let processes = [try #require(pair?.running.process), try #require(pair?.child)]
    #expect(!processes.contains(where: isGone))
    pair = nil
    #expect(processState(processes[0]) == nil)
    try eventually("the child is gone") { isGone(processes[1]) }
    try before.expectNoNewDescriptors()
  }

  /// A test that throws drops what it has started.
  @Test func endsOneWhoseTestThrows() throws {
    struct Thrown: Error {}
    var process: pid_t = 0
    #expect(throws: Thrown.self) {
      let running = try shell("exec sleep 1000").start()
      process = running.process
      throw Thrown()
    }
    #expect(process > 0 && processState(process) == nil)
  }

  /// Somebody outside the group may keep an output open after the end of the program.
  @Test func doesNotWaitForAnOutputThatStaysOpen() throws {
    var program = shell("setsid sleep 1000 & echo $!")
    program.timeLimit = .seconds(1)
    let running = try program.start()
    try eventually("it has ended") {
      processState(running.process) == .zombie && running.outputSoFar.last == UInt8(ascii: "\n")
    }
    let text = String(decoding: running.outputSoFar.dropLast(), as: UTF8.self)
    let other = try #require(pid_t(text))
    defer { kill(other, SIGKILL) }
    try withKnownIssue {
      let result = try running.wait()
      #expect(result.ending == .status(0))
    } matching: {
      $0.comments.contains { $0.rawValue.contains("time limit") }
    }
  }

  @Test func signalsToOneThatHasEndedAreNoFailure() throws {
    let running = try shell("exit 3").start()
    #expect(try running.wait().ending == .status(3))
    try running.signal(SIGTERM)
    let other = try shell("exec sleep 1000").start()
    #expect(throws: SupportFailure.self) { try other.signal(1000) }
    #expect(!other.hasEnded)
  }

  /// A process may wait for a device where no signal reaches it; one that ignores what it is sent stands for it.
  @Test func reportsWhatCannotBeKilled() throws {
    var program = shell("exec sleep 1000")
    program.timeLimit = .milliseconds(100)
    program.killLimit = .milliseconds(100)
    program.killSignal = SIGURG
    let running = try program.start()
    let failure = #expect(throws: SupportFailure.self) { try running.wait() }
    #expect(failure?.description.contains("cannot be killed; it waits in the kernel in ") == true)
    #expect(failure?.description.contains("nanosleep") == true)
    #expect(running.hasEnded)
    try running.signal(SIGKILL)
    var status: CInt = 0
    try eventually("it ends") { waitpid(running.process, &status, WNOHANG) == running.process }
  }

  /// Whatever the test process has open, the program has the three standard streams.
  @Test(arguments: [false, true]) func nothingElseIsInherited(_ usesLauncher: Bool) throws {
    let path = FilePath("/etc/passwd")
    let open = try FileDescriptor.open(path, .readOnly)
    let high = dup2(open.rawValue, 200)
    defer { for descriptor in [open.rawValue, high] { close(descriptor) } }
    try #require(high == 200 && fcntl(high, F_GETFD) == 0)
    var program = TestProgram("/bin/ls", ["/proc/self/fd"])
    if usesLauncher { program.launcher = ["--rlimit", "nofile=256"] }
    // The last one is the directory that is listed.
    let result = try program.run()
    #expect(result.outputText == "0\n1\n2\n3\n", "\(result)")
  }
}
