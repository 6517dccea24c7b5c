internal import CXIO
internal import Glibc
public import SystemPackage

/// How a child process has ended.
public enum ChildEnd: Sendable, Equatable {
  case status(Int32), signal(Int32)
}

/// Child processes.
extension System {
  /// Runs a command of the shell, with nothing to read, in a process group of its own.
  ///
  /// - Parameter command: The bytes of the command.
  /// - Returns: The process, and what it prints.
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `pipe2` and `posix_spawn`.
  public static func spawn(
    shell command: [UInt8]
  ) throws(Errno) -> (process: Int32, output: FileDescriptor) {
    var process: Int32 = 0
    var output: Int32 = -1
    xio_count_system_call(SystemCall.pipe2.rawValue, 1)
    let text = command.map { CChar(bitPattern: $0) } + [0]
    try perform(.clone) { xio_spawn_shell(text, &process, &output) }
    return (process, FileDescriptor(rawValue: output))
  }

  /// How a child has ended, which can be asked once.
  ///
  /// - Throws: EAGAIN while it runs.
  ///
  /// The corresponding C function is `waitpid`.
  public static func reap(_ process: Int32) throws(Errno) -> ChildEnd {
    var status: Int32 = 0
    try perform(.wait4) { xio_reap(process, &status) }
    return status & 0x7f == 0 ? .status(status >> 8 & 0xff) : .signal(status & 0x7f)
  }

  /// Asks a child and its children to end.
  ///
  /// - Throws: ESRCH when there are none.
  ///
  /// The corresponding C function is `kill` with `SIGTERM`.
  public static func endGroup(of process: Int32) throws(Errno) {
    try perform(.kill) { xio_signal_group(process, SIGTERM) }
  }
}
