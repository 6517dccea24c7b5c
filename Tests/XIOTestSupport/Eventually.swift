public import Glibc
import SystemPackage

/// Waits until a condition holds.
///
/// - Parameters:
///   - what: what is waited for, for the failure.
///   - limit: how long at most. Where the condition holds nothing is lost by a long time.
///   - condition: what is asked again and again, at growing intervals of up to 20 ms.
/// - Throws: `SupportFailure` when the limit has passed, or what the condition throws.
public func eventually(
  _ what: String, within limit: Duration = .seconds(60), _ condition: () throws -> Bool
) throws {
  let clock = ContinuousClock()
  let deadline = clock.now + limit
  var delay: UInt32 = 100
  while try !condition() {
    guard clock.now < deadline else {
      throw SupportFailure("waited \(limit) in vain for: \(what)")
    }
    usleep(delay)
    delay = min(delay * 2, 20_000)
  }
}

/// Lets time pass, where the time itself is the case: a pause of a writer, or a time of idleness.
///
/// - Parameter time: how long.
public func letPass(_ time: Duration) {
  let clock = ContinuousClock()
  let end = clock.now + time
  while case let rest = end - clock.now, rest > .zero {
    usleep(UInt32(min(500_000, max(1, rest / .microseconds(1)))))
  }
}

/// What a process does, as the kernel tells it.
public enum ProcessState: Character, Sendable {
  /// On a processor or waiting for one.
  case running = "R"
  /// Waiting for an event or a signal.
  case sleeping = "S"
  /// Waiting for a device.
  case waitingForDevice = "D"
  /// Stopped by a signal.
  case stopped = "T"
  /// Stopped by a tracer.
  case traced = "t"
  /// Ended, its status not yet collected.
  case zombie = "Z"
  /// Going away.
  case dead = "X"
  /// An idle thread of the kernel.
  case idle = "I"
}

/// Returns what a process does.
///
/// - Parameter process: its id.
/// - Returns: its state, or nil when there is no such process.
public func processState(_ process: pid_t) -> ProcessState? {
  guard let bytes = try? readFile(FilePath("/proc/\(process)/stat")) else { return nil }
  // The name of the program, in parentheses, may itself hold spaces and parentheses.
  guard let end = bytes.lastIndex(of: UInt8(ascii: ")")), end + 2 < bytes.count else { return nil }
  return ProcessState(rawValue: Character(Unicode.Scalar(bytes[end + 2])))
}

/// Returns the number of the system call that a process is blocked in.
///
/// - Parameter process: its id.
/// - Returns: the number, or nil when it runs, is outside any call, or is gone.
public func blockingSystemCall(_ process: pid_t) -> Int? {
  guard let bytes = try? readFile(FilePath("/proc/\(process)/syscall")) else { return nil }
  let field = String(decoding: bytes, as: UTF8.self).split(separator: " ").first ?? ""
  return Int(field).flatMap { $0 >= 0 ? $0 : nil }
}

/// Tells whether a process sleeps in a system call.
///
/// - Parameter process: its id.
/// - Returns: true when it waits there; false when it runs or is gone.
public func isBlocked(_ process: pid_t) -> Bool {
  let state = processState(process)
  guard state == .sleeping || state == .waitingForDevice else { return false }
  return blockingSystemCall(process) != nil
}
