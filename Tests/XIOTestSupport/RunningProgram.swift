import CXIOTestSupport
public import Glibc
import Synchronization
import SystemPackage
public import Testing

/// A program that was started. One thread feeds it, reads what it writes and waits for its end.
public final class RunningProgram: Sendable {
  /// Its process id; also the id of its process group.
  public let process: pid_t

  private struct State {
    var output: [UInt8] = []
    var errorOutput: [UInt8] = []
    var result: ProgramResult?
  }

  private let program: TestProgram
  private let command: String
  private let started: ContinuousClock.Instant
  private let state = Mutex(State())
  private let thread = Mutex<pthread_t?>(nil)

  init(
    process: pid_t, program: TestProgram, command: String, streams: ProgramStreams,
    started: ContinuousClock.Instant
  ) throws {
    self.process = process
    self.program = program
    self.command = command
    self.started = started
    let box = Unmanaged.passRetained(Attendance(running: self, streams: streams))
    var created = pthread_t()
    let code = pthread_create(&created, nil, attend, box.toOpaque())
    guard code == 0 else {
      box.release()
      kill(-process, SIGKILL)
      throw SupportFailure.system("start a thread", code)
    }
    thread.withLock { $0 = created }
  }

  /// What has been captured of standard output so far.
  public var outputSoFar: [UInt8] { state.withLock { $0.output } }

  /// What has been captured of standard error so far.
  public var errorOutputSoFar: [UInt8] { state.withLock { $0.errorOutput } }

  /// Whether the program has ended.
  public var hasEnded: Bool { state.withLock { $0.result != nil } }

  /// Sends a signal to the program.
  ///
  /// - Parameter number: the signal.
  /// - Throws: `SupportFailure` when it has ended (kill(2)).
  public func signal(_ number: CInt) throws {
    guard kill(process, number) == 0 else {
      throw SupportFailure.system("send signal \(number) to \(command)")
    }
  }

  /// Waits for the end of the program.
  ///
  /// - Parameter sourceLocation: where an issue is recorded when the time limit passes.
  /// - Returns: how it ended and what it wrote.
  /// - Throws: `SupportFailure` when its status was lost.
  @discardableResult
  public func wait(sourceLocation: SourceLocation = #_sourceLocation) throws -> ProgramResult {
    thread.withLock { thread in
      if let joined = thread { pthread_join(joined, nil) }
      thread = nil
    }
    guard let result = state.withLock({ $0.result }) else {
      throw SupportFailure("the status of \(command) was lost")
    }
    if result.timedOut {
      Issue.record(
        "the time limit of \(program.timeLimit) passed: \(result)",
        sourceLocation: sourceLocation)
    }
    return result
  }

  fileprivate func append(output: some Sequence<UInt8>) {
    state.withLock { $0.output.append(contentsOf: output) }
  }

  fileprivate func append(errorOutput: some Sequence<UInt8>) {
    state.withLock { $0.errorOutput.append(contentsOf: errorOutput) }
  }

  fileprivate var deadline: ContinuousClock.Instant { started + program.timeLimit }

  /// Collects the status. Only after this may the kernel give the process id to another.
  fileprivate func collect(timedOut: Bool) {
    var status: CInt = 0
    var usage = rusage()
    while wait4(process, &status, 0, &usage) < 0 {
      guard errno == EINTR else { return }
    }
    let signal = status & 0x7f
    let ending: ProgramResult.Ending = signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal)
    let wallTime = ContinuousClock().now - started
    state.withLock { state in
      state.result = ProgramResult(
        command: command, workingDirectory: program.workingDirectory?.string ?? ".",
        ending: ending, output: state.output, errorOutput: state.errorOutput, wallTime: wallTime,
        usage: ResourceUsage(usage), timedOut: timedOut)
    }
  }
}

/// What the thread that attends to a program is given.
private final class Attendance {
  let running: RunningProgram
  private let streams: ProgramStreams
  private var pending: ArraySlice<UInt8>
  private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

  init(running: RunningProgram, streams: ProgramStreams) {
    self.running = running
    self.streams = streams
    pending = streams.inputBytes[...]
  }

  deinit { block.deallocate() }

  /// Serves the streams and waits for the end of the process, whatever comes first.
  func serve() {
    // A write to a program that has gone must not end the test process.
    var pipeSignal = sigset_t()
    sigemptyset(&pipeSignal)
    sigaddset(&pipeSignal, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)
    for descriptor in [streams.inputWriter, streams.outputReader, streams.errorReader] {
      if let descriptor { _ = fcntl(descriptor.rawValue, F_SETFL, O_NONBLOCK) }
    }
    var open: [CInt] = [streams.inputWriter, streams.outputReader, streams.errorReader].map {
      $0?.rawValue ?? -1
    }
    open.append(xio_test_pidfd_open(running.process))
    if open[0] >= 0 && pending.isEmpty { closeEntry(&open, 0) }
    var timedOut = false
    while open.contains(where: { $0 >= 0 }) {
      var watched = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      watched[0].events = Int16(POLLOUT)
      let remaining = running.deadline - ContinuousClock().now
      let milliseconds = max(0, remaining / .milliseconds(1)).rounded(.up)
      let count = poll(&watched, nfds_t(watched.count), CInt(milliseconds))
      if count == 0 {
        kill(-running.process, SIGKILL)
        timedOut = true
        break
      }
      if count > 0 { handle(watched, &open) }
    }
    for index in open.indices { closeEntry(&open, index) }
    running.collect(timedOut: timedOut)
  }

  private func handle(_ watched: [pollfd], _ open: inout [CInt]) {
    if watched[0].revents != 0 { feed(&open) }
    for index in 1...2 where watched[index].revents != 0 {
      let count = read(open[index], block.baseAddress, block.count)
      if count > 0 {
        let bytes = UnsafeRawBufferPointer(block).prefix(count)
        index == 1 ? running.append(output: bytes) : running.append(errorOutput: bytes)
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        closeEntry(&open, index)
      }
    }
    if watched[3].revents != 0 {
      closeEntry(&open, 3)
      // Input that nobody reads any more would keep the loop going.
      closeEntry(&open, 0)
    }
  }

  private func feed(_ open: inout [CInt]) {
    let count = pending.withUnsafeBytes { write(open[0], $0.baseAddress, $0.count) }
    if count > 0 { pending = pending.dropFirst(count) }
    if pending.isEmpty || (count < 0 && errno != EAGAIN && errno != EINTR) { closeEntry(&open, 0) }
  }

  private func closeEntry(_ open: inout [CInt], _ index: Int) {
    if open[index] >= 0 { close(open[index]) }
    open[index] = -1
  }
}

private func attend(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  Unmanaged<Attendance>.fromOpaque(argument).takeRetainedValue().serve()
  return nil
}
