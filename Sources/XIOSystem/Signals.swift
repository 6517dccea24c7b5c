internal import CXIO
internal import Glibc
public import SystemPackage

/// The wish of a user or of the system that the program end.
public enum Termination {
  /// Begins to catch SIGHUP, SIGINT and SIGTERM, for work that leaves something to clean up. A second
  /// signal of a kind ends the process at once.
  ///
  /// The corresponding C function is `sigaction`.
  public static func catchSignals() {
    xio_catch_termination()
  }

  /// The signal that asked for the end, if one did.
  public static var requested: Int32? {
    let signal = xio_termination_signal()
    return signal == 0 ? nil : signal
  }

  /// Takes note of the wish, to fulfil it after what has to be done before; another signal asks anew.
  public static func postpone() {
    xio_postpone_termination()
  }

  /// The signal that the process shall end by: one that asks for the end, or did so and was put off.
  public static var signal: Int32? {
    requested ?? (xio_postponed_signal() == 0 ? nil : xio_postponed_signal())
  }

  /// Ends the process by a signal, as if it had never been caught.
  ///
  /// The corresponding C function is `raise`.
  public static func raise(_ signal: Int32) {
    xio_raise_default(signal)
  }

  /// Ignores SIGPIPE, so that a reader who left shows as EPIPE.
  ///
  /// - Returns: Whether it was ignored before.
  ///
  /// The corresponding C function is `signal`.
  public static func ignoreBrokenPipes() -> Bool {
    xio_ignore_sigpipe()
  }
}

/// A signal that announces I/O.
public enum IOSignal: Sendable {
  /// The descriptor with this number may be ready; with `isRoom` for writing alone.
  case ready(Int32, isRoom: Bool)
  /// So many signals were due that the kernel's queue was full: any descriptor may be ready.
  case overflow
}

extension System {
  /// Prepares the calling thread to take SIGIO and its real-time companion with ``takeSignal(timeout:)``.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `pthread_sigmask`.
  public static func blockIOSignals() throws(Errno) {
    try perform(.rtSigprocmask) { xio_block_signal(xio_sigio_number()) }
    try perform(.rtSigprocmask) { xio_block_signal(Int32(SIGIO)) }
  }

  /// Asks for a signal to the calling thread whenever a descriptor becomes ready.
  ///
  /// - Returns: Whether it will come: files that never signal accept the request all the same.
  /// - Throws: The error number.
  ///
  /// The corresponding C calls are `fcntl` with `F_SETOWN_EX`, `F_SETSIG` and `F_SETFL`.
  public static func armSignal(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
    var sticks = false
    xio_count_system_call(SystemCall.fcntl.rawValue, 4)  // and the one counted by perform
    try perform(.fcntl) { xio_arm_sigio(descriptor.rawValue, &sticks) }
    return sticks
  }

  /// Takes back ``armSignal(_:)``.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `fcntl` with `F_SETFL`.
  public static func disarmSignal(_ descriptor: FileDescriptor) throws(Errno) {
    xio_count_system_call(SystemCall.fcntl.rawValue, 2)
    try perform(.fcntl) { xio_disarm_sigio(descriptor.rawValue) }
  }

  /// Waits for a signal that announces I/O.
  ///
  /// - Parameter timeout: Nanoseconds, nil for ever.
  /// - Returns: What it announces, nil after the timeout.
  /// - Throws: EINTR after another signal.
  ///
  /// The corresponding C function is `sigtimedwait`.
  public static func takeSignal(timeout: Int64?) throws(Errno) -> IOSignal? {
    var taken = xio_signal()
    let number = try perform(.rtSigtimedwait) {
      xio_take_signal(xio_sigio_number(), Int32(SIGIO), timeout ?? -1, &taken)
    }
    if number == 0 { return nil }
    return taken.signal == SIGIO ? .overflow : .ready(taken.fd, isRoom: taken.is_room)
  }
}
