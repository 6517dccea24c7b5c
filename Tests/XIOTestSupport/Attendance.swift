import CXIOTestSupport
import Glibc
import Synchronization
import SystemPackage

/// What the thread that attends to a program works with: its streams, its limits and its end.
final class Attendance: Sendable {
  private struct State {
    var output: [UInt8] = []
    var errorOutput: [UInt8] = []
    var outcome: Result<ProgramResult, SupportFailure>?
    /// Until then its number cannot be that of another process.
    var isCollected = false
  }

  /// Why the thread no longer serves the streams.
  private enum Reason: Equatable {
    case end, stop
    case limit(String)
  }

  private let process: pid_t
  private let program: TestProgram
  private let command: String
  private let started: ContinuousClock.Instant
  private let streams: ProgramStreams
  /// Refers to this process for ever, as its number does not.
  private let handle: FileDescriptor
  /// Closing it ends the thread's wait.
  private let leash: Mutex<FileDescriptor?>
  private let leashReader: FileDescriptor
  private let state = Mutex(State())

  /// Takes over the process and the streams, also when it throws.
  init(
    process: pid_t, program: TestProgram, command: String, streams: ProgramStreams,
    started: ContinuousClock.Instant
  ) throws {
    self.process = process
    self.program = program
    self.command = command
    self.started = started
    self.streams = streams
    let opened = xio_test_pidfd_open(process)
    let code = errno
    guard opened >= 0, let pipe = try? closeOnExecPipe() else {
      // Nothing would tell its end: no limit could be kept.
      kill(-process, SIGKILL)
      streams.closeTestSides()
      if opened >= 0 { close(opened) }
      throw SupportFailure.system("watch process \(process)", opened >= 0 ? EMFILE : code)
    }
    handle = FileDescriptor(rawValue: opened)
    leash = Mutex(pipe.writer)
    leashReader = pipe.reader
  }

  deinit {
    stop()
    try? leashReader.close()
    try? handle.close()
  }

  var outputSoFar: [UInt8] { state.withLock { $0.output } }
  var errorOutputSoFar: [UInt8] { state.withLock { $0.errorOutput } }
  var outcome: Result<ProgramResult, SupportFailure>? { state.withLock { $0.outcome } }

  /// Tells the thread to kill the program, if that still runs, and to end.
  func stop() {
    leash.withLock { writer in
      try? writer?.close()
      writer = nil
    }
  }

  /// Sends a signal; one that has ended needs none any more.
  func signal(_ number: CInt) throws {
    guard xio_test_pidfd_send_signal(handle.rawValue, number) == 0 || errno == ESRCH else {
      throw SupportFailure.system("send signal \(number) to \(command)")
    }
  }

  /// Serves the streams until the process has ended and they are closed, or a limit has passed.
  func serve() {
    // A write to a program that has gone must not end the test process.
    var pipeSignal = sigset_t()
    sigemptyset(&pipeSignal)
    sigaddset(&pipeSignal, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)
    var service = StreamService(streams)
    let reason = serve(&service)
    if reason != .end { killGroup() }
    service.closeAll()
    finish(after: reason)
  }

  private func serve(_ service: inout StreamService) -> Reason {
    var isRunning = true
    while isRunning || service.isOpen {
      // Also while there is always something to read.
      let rest = started + program.timeLimit - ContinuousClock().now
      guard rest > .zero else { return .limit("the time limit of \(program.timeLimit)") }
      var watched =
        service.watched + [
          pollfd(fd: isRunning ? handle.rawValue : -1, events: Int16(POLLIN), revents: 0),
          pollfd(fd: leashReader.rawValue, events: Int16(POLLIN), revents: 0),
        ]
      guard poll(&watched, nfds_t(watched.count), pollTimeout(rest)) > 0 else { continue }
      if watched[4].revents != 0 { return .stop }
      service.serve(watched) { bytes, isError in
        state.withLock {
          isError ? $0.errorOutput.append(contentsOf: bytes) : $0.output.append(contentsOf: bytes)
        }
      }
      let most = state.withLock { max($0.output.count, $0.errorOutput.count) }
      guard most <= program.outputLimit else {
        return .limit("the limit of \(program.outputLimit) bytes of output")
      }
      if watched[3].revents != 0 {
        isRunning = false
        // Input that nobody reads any more would keep the loop going.
        service.closeInput()
      }
    }
    return .end
  }

  private func killGroup() {
    state.withLock { state in
      if !state.isCollected { _ = kill(-process, program.killSignal) }
    }
  }

  /// Collects the status. Only after this may the kernel give the process id to another.
  private func finish(after reason: Reason) {
    guard waitForEnd() else {
      let place = (try? readFile(FilePath("/proc/\(process)/wchan"))) ?? []
      let text = String(decoding: place, as: UTF8.self)
      return settle(
        .failure(SupportFailure("\(command) cannot be killed; it waits in the kernel in \(text)")))
    }
    guard let (status, usage) = collect() else {
      return settle(.failure(SupportFailure("the status of \(command) was lost")))
    }
    let signal = status & 0x7f
    var passedLimit: String?
    if case .limit(let text) = reason { passedLimit = text }
    let (output, errorOutput) = state.withLock { ($0.output, $0.errorOutput) }
    settle(
      .success(
        ProgramResult(
          command: command, workingDirectory: program.workingDirectory?.string ?? ".",
          ending: signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal),
          output: output, errorOutput: errorOutput, wallTime: ContinuousClock().now - started,
          usage: ResourceUsage(usage), passedLimit: passedLimit)))
  }

  /// Takes the status of the process that has ended.
  ///
  /// One that strace(1) has traced is the tracer's to take first, some moments later than it ended.
  private func collect() -> (status: CInt, usage: rusage)? {
    let end = ContinuousClock().now + program.killLimit
    var status: CInt = 0
    var usage = rusage()
    while ContinuousClock().now < end {
      let answer = state.withLock { state in
        let answer = wait4(process, &status, WNOHANG, &usage)
        if answer == process { state.isCollected = true }
        return answer
      }
      if answer == process { return (status, usage) }
      guard answer == 0 || errno == EINTR else { return nil }
      _ = poll(nil, 0, 1)
    }
    return nil
  }

  private func settle(_ outcome: Result<ProgramResult, SupportFailure>) {
    state.withLock { $0.outcome = outcome }
  }

  /// Waits until it has ended, which one that waits for a device may not even when it is killed.
  private func waitForEnd() -> Bool {
    let end = ContinuousClock().now + program.killLimit
    var watched = pollfd(fd: handle.rawValue, events: Int16(POLLIN), revents: 0)
    while case let rest = end - ContinuousClock().now, rest > .zero {
      if poll(&watched, 1, pollTimeout(rest)) > 0 { return true }
    }
    return poll(&watched, 1, 0) > 0
  }
}

/// A time for poll(2), rounded up, and of a day at most.
private func pollTimeout(_ time: Duration) -> CInt {
  CInt(min(86_400_000, max(0, time / .milliseconds(1))).rounded(.up))
}
