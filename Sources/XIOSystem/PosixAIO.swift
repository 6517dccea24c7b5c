internal import CXIO
public import SystemPackage

/// How POSIX asynchronous I/O says that a request is done.
public enum AIONotification: String, CaseIterable, Sendable {
  /// The caller sleeps in `aio_suspend`.
  case suspend
  /// The caller asks `aio_error` again and again.
  case poll
  /// A real-time signal is queued to the process (`SIGEV_SIGNAL`).
  case signal
  /// A function is called on a thread of its own (`SIGEV_THREAD`).
  case thread
}

/// A table of POSIX asynchronous I/O requests, which glibc carries out on helper threads.
///
/// See aio(7).
public final class PosixAIO {
  /// What a request does.
  public enum Verb: Sendable {
    case read, write, synchronize
  }

  private let table: OpaquePointer
  private let notification: AIONotification

  /// Makes a table of `capacity` requests.
  ///
  /// - Throws: ENOMEM.
  ///
  /// The corresponding C function is `aio_init`.
  public init(capacity: Int, notification: AIONotification) throws(Errno) {
    self.notification = notification
    let mode =
      switch notification {
      case .suspend: XIO_AIO_SUSPEND
      case .poll: XIO_AIO_POLL
      case .signal: XIO_AIO_SIGNAL
      case .thread: XIO_AIO_THREAD
      }
    var made: OpaquePointer?
    let failure = xio_aio_create(capacity, mode, &made)
    guard failure == 0, let made else { throw Errno(rawValue: CInt(-failure)) }
    table = made
  }

  deinit {
    // A request that still runs keeps its control block, which only the end of the process frees.
    var calls = xio_aio_calls()
    _ = xio_aio_destroy(table, &calls)
    // Callbacks that were late have been waited for.
    xio_count_system_call(SystemCall.ppoll.rawValue, calls.ppoll)
    xio_count_system_call(SystemCall.read.rawValue, calls.read)
  }

  /// Hands over a request; it occupies the place `index` until it is taken.
  ///
  /// - Throws: EAGAIN when no helper thread can be had.
  ///
  /// The corresponding C functions are `aio_read`, `aio_write` and `aio_fsync`.
  public func submit(
    _ verb: Verb, _ descriptor: FileDescriptor, _ memory: UnsafeMutableRawBufferPointer,
    at offset: Int64?, index: Int
  ) throws(Errno) {
    let kind =
      switch verb {
      case .read: XIO_AIO_READ
      case .write: XIO_AIO_WRITE
      case .synchronize: XIO_AIO_FSYNC
      }
    let failure = xio_aio_submit(
      table, index, descriptor.rawValue, kind, memory.baseAddress, memory.count, offset ?? 0)
    guard failure == 0 else { throw Errno(rawValue: CInt(-failure)) }
  }

  /// Takes the result of the request in the place `index`, if it is done.
  ///
  /// The corresponding C functions are `aio_error` and `aio_return`.
  public func take(_ index: Int) -> Result<Int, Errno>? {
    xio_count_system_call(SystemCall.aioError.rawValue, 1)
    var result = 0
    guard xio_aio_take(table, index, &result) else { return nil }
    return result < 0 ? .failure(Errno(rawValue: CInt(-result))) : .success(result)
  }

  /// Waits, in the way that was chosen, until a request may be done.
  ///
  /// - Parameter timeout: Nanoseconds, nil for ever.
  /// - Returns: Whether a request was announced. Look in any case: an announcement can get lost, so
  ///   the wait for one ends after a while.
  /// - Throws: EINTR after a signal.
  ///
  /// The corresponding C functions are `aio_suspend`, `sched_yield`, `sigtimedwait` and `ppoll`.
  public func wait(timeout: Int64?) throws(Errno) -> Bool {
    let call: SystemCall =
      switch notification {
      case .suspend: .aioSuspend
      case .poll: .schedYield
      case .signal: .rtSigtimedwait
      case .thread: .ppoll
      }
    // Of the two calls that wait for a callback the second is made only when there was one.
    defer { xio_count_system_call(SystemCall.read.rawValue, xio_aio_take_calls(table).read) }
    return try System.perform(call) { xio_aio_wait(table, timeout ?? -1) } > 0
  }

  /// Asks for the end of a request.
  ///
  /// - Returns: Whether it is cancelled; one that a helper thread works on goes on.
  ///
  /// The corresponding C function is `aio_cancel`.
  public func cancel(_ index: Int) -> Bool {
    xio_count_system_call(SystemCall.aioCancel.rawValue, 1)
    return xio_aio_cancel(table, index) == 1
  }

  /// Whether a helper thread waits for data of a descriptor, of which it then has taken none.
  ///
  /// - Returns: The same where that cannot be known.
  ///
  /// See proc_pid_syscall(5).
  public static func waitsForData(_ descriptor: FileDescriptor) -> Bool {
    xio_sleeps_in_read(descriptor.rawValue) != 0
  }
}
