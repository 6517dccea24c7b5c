internal import CXIO
internal import Glibc
public import SystemPackage

/// What a child process has used, from its start to its end.
public struct ChildUsage: Sendable {
  /// Processor time in nanoseconds.
  public var user: Nanoseconds, system: Nanoseconds
  /// How often it gave up the processor, and how often it was taken away.
  public var voluntarySwitches: Int64, involuntarySwitches: Int64
  /// Page faults without and with a read from the device.
  public var minorFaults: Int64, majorFaults: Int64
  /// The most memory that it had at once, in bytes.
  public var residentBytes: Int64
}

/// Children that run this program with other arguments.
extension System {
  /// Runs this program, in a process group of its own, with signals as a shell would leave them.
  ///
  /// - Parameters:
  ///   - arguments: All of them, the name of the program first.
  ///   - input: Its standard input; /dev/null without one, as for the others.
  ///   - output: Its standard output.
  ///   - error: Its standard error.
  /// - Returns: The process.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `posix_spawn`.
  public static func spawnSelf(
    _ arguments: [[UInt8]], input: FileDescriptor? = nil, output: FileDescriptor? = nil,
    error: FileDescriptor? = nil
  ) throws(Errno) -> Int32 {
    let words = arguments.map { word -> UnsafeMutablePointer<CChar> in
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: word.count + 1)
      for (index, byte) in word.enumerated() { copy[index] = CChar(bitPattern: byte) }
      copy[word.count] = 0
      return copy
    }
    defer { for word in words { word.deallocate() } }
    let list = words.map { Optional($0) } + [nil]
    var process: Int32 = 0
    try perform(.clone) {
      xio_spawn_self(
        list, input?.rawValue ?? -1, output?.rawValue ?? -1, error?.rawValue ?? -1, &process)
    }
    return process
  }

  /// Waits for the end of a child.
  ///
  /// - Returns: How it has ended, and what it has used.
  /// - Throws: EINTR once the program is asked to end.
  ///
  /// The corresponding C function is `wait4`.
  public static func awaitEnd(
    of process: Int32
  ) throws(Errno) -> (end: ChildEnd, usage: ChildUsage) {
    var status: Int32 = 0
    var used = xio_usage()
    var resident: Int64 = 0
    try retry { () throws(Errno) in
      _ = try perform(.wait4) { xio_await(process, &status, &used, &resident) }
    }
    let usage = ChildUsage(
      user: used.user_ns, system: used.system_ns, voluntarySwitches: used.voluntary_switches,
      involuntarySwitches: used.involuntary_switches, minorFaults: used.minor_faults,
      majorFaults: used.major_faults, residentBytes: resident)
    return (status & 0x7f == 0 ? .status(status >> 8 & 0xff) : .signal(status & 0x7f), usage)
  }

  /// Ends a child and its children at once.
  ///
  /// - Throws: ESRCH when there are none.
  ///
  /// The corresponding C function is `kill` with `SIGKILL`.
  public static func killGroup(of process: Int32) throws(Errno) {
    try perform(.kill) { xio_signal_group(process, SIGKILL) }
  }

  /// The number of this process.
  ///
  /// The corresponding C function is `getpid`.
  public static var processNumber: Int32 { getpid() }
}
