public import Glibc
import Synchronization
public import Testing

/// A program that was started. One thread feeds it, reads what it writes and waits for its end.
///
/// It is killed with all of its process group when nobody holds this object any more: a test that
/// fails half-way leaves nothing running.
public final class RunningProgram: Sendable {
  /// Its process id; also the id of its process group.
  public let process: pid_t

  private let attendance: Attendance
  private let thread: Mutex<pthread_t?>

  /// Takes over the process and the streams, also when it throws.
  init(
    process: pid_t, program: TestProgram, command: String, streams: ProgramStreams,
    started: ContinuousClock.Instant
  ) throws {
    self.process = process
    attendance = try Attendance(
      process: process, program: program, command: command, streams: streams, started: started)
    // The thread holds what it needs and not this object, which can therefore go while it runs.
    let box = Unmanaged.passRetained(attendance)
    var created = pthread_t()
    let code = pthread_create(&created, nil, attend, box.toOpaque())
    thread = Mutex(code == 0 ? created : nil)
    guard code == 0 else {
      box.release()
      throw SupportFailure.system("start a thread", code)
    }
  }

  deinit {
    attendance.stop()
    join()
  }

  /// What has been captured of standard output so far.
  public var outputSoFar: [UInt8] { attendance.outputSoFar }

  /// What has been captured of standard error so far.
  public var errorOutputSoFar: [UInt8] { attendance.errorOutputSoFar }

  /// Whether the program has ended.
  public var hasEnded: Bool { attendance.outcome != nil }

  /// Sends a signal to the program, unless it has ended (pidfd_send_signal(2)).
  ///
  /// - Parameter number: the signal.
  /// - Throws: `SupportFailure` when it may not be sent.
  public func signal(_ number: CInt) throws { try attendance.signal(number) }

  /// Waits for the end of the program.
  ///
  /// - Parameter sourceLocation: where an issue is recorded when a limit of the program was passed.
  /// - Returns: how it ended and what it wrote.
  /// - Throws: `SupportFailure` when it cannot be killed, or its status was lost.
  @discardableResult
  public func wait(sourceLocation: SourceLocation = #_sourceLocation) throws -> ProgramResult {
    join()
    guard let outcome = attendance.outcome else {
      throw SupportFailure("nobody attended to process \(process)")
    }
    let result = try outcome.get()
    if let limit = result.passedLimit {
      Issue.record("\(limit) passed: \(result)", sourceLocation: sourceLocation)
    }
    return result
  }

  private func join() {
    thread.withLock { thread in
      if let joined = thread { pthread_join(joined, nil) }
      thread = nil
    }
  }
}

private func attend(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  Unmanaged<Attendance>.fromOpaque(argument).takeRetainedValue().serve()
  return nil
}
