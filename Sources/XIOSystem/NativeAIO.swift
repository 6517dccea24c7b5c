public import CXIO
internal import Glibc
public import SystemPackage

/// A context of Linux native asynchronous I/O. Requests live in numbered places.
///
/// Made only when it is used: a process that ever had one takes tens of milliseconds longer to exit.
/// See io_submit(2).
public struct NativeAIO: ~Copyable {
  /// One completion: the place of the request, and a count or a negated error number.
  public typealias Event = xio_native_event

  /// What a request does.
  public enum Verb {
    case read(UnsafeMutableRawBufferPointer, at: Int64)
    case write(UnsafeRawBufferPointer, at: Int64)
    case waitReadable, waitWritable
    case synchronize(dataOnly: Bool)
  }

  private let context: OpaquePointer

  /// Makes a context for `capacity` requests.
  ///
  /// - Throws: EAGAIN when `fs.aio-max-nr` is used up, ENOSYS.
  ///
  /// The corresponding C function is `io_setup`.
  public init(capacity: Int) throws(Errno) {
    var made: OpaquePointer?
    try System.perform(.ioSetup) { xio_native_create(capacity, &made) }
    guard let made else { throw .noMemory }
    context = made
  }

  deinit {
    xio_count_system_call(SystemCall.ioDestroy.rawValue, 1)
    xio_native_destroy(context)
  }

  /// How many requests wait for ``submit()``.
  public var prepared: Int { xio_native_prepared(context) }

  /// Prepares a request in the place `index`, which must be free.
  ///
  /// The corresponding C functions are `io_prep_pread` and its relatives.
  public borrowing func prepare(
    _ verb: Verb, _ descriptor: FileDescriptor, flags: TransferFlags, index: Int
  ) {
    let fd = descriptor.rawValue
    switch verb {
    case .read(let memory, let offset):
      xio_native_prepare(
        context, index, XIO_NATIVE_READ, fd, memory.baseAddress, memory.count, offset,
        flags.rawValue)
    case .write(let memory, let offset):
      xio_native_prepare(
        context, index, XIO_NATIVE_WRITE, fd, UnsafeMutableRawPointer(mutating: memory.baseAddress),
        memory.count, offset, flags.rawValue)
    case .waitReadable:
      xio_native_prepare(context, index, XIO_NATIVE_POLL, fd, nil, Int(POLLIN), 0, 0)
    case .waitWritable:
      xio_native_prepare(context, index, XIO_NATIVE_POLL, fd, nil, Int(POLLOUT), 0, 0)
    case .synchronize(let dataOnly):
      let verb = dataOnly ? XIO_NATIVE_FDSYNC : XIO_NATIVE_FSYNC
      xio_native_prepare(context, index, verb, fd, nil, 0, 0, 0)
    }
  }

  /// Hands prepared requests to the kernel, as many as it takes in one call.
  ///
  /// - Returns: The place and error of a request that the kernel refused, if it refused one.
  /// - Throws: EAGAIN when nothing can be taken before events are reaped, EINTR.
  ///
  /// The corresponding C function is `io_submit`.
  public borrowing func submit() throws(Errno) -> (index: Int, errno: Errno)? {
    var failed = UInt64.max
    do throws(Errno) {
      try System.perform(.ioSubmit) { xio_native_submit(context, &failed) }
      return nil
    } catch {
      guard failed != .max else { throw error }
      return (Int(failed), error)
    }
  }

  /// Waits for `count` events and writes them to the front of `events`.
  ///
  /// - Parameters:
  ///   - count: How many events to wait for.
  ///   - events: Where they are written.
  ///   - timeout: Nanoseconds, nil for ever.
  /// - Returns: How many came, fewer after the timeout.
  /// - Throws: EINTR after a signal.
  ///
  /// The corresponding C function is `io_getevents`.
  public borrowing func wait(
    for count: Int, into events: inout [Event], timeout: Int64?
  ) throws(Errno) -> Int {
    try System.perform(.ioGetevents) {
      xio_native_wait(context, count, &events, events.count, timeout ?? -1)
    }
  }

  /// Asks for the end of the request in the place `index`; its event still follows.
  ///
  /// - Throws: EINVAL for a request that cannot be cancelled.
  ///
  /// The corresponding C function is `io_cancel`.
  public borrowing func cancel(_ index: Int) throws(Errno) {
    do throws(Errno) {
      try System.perform(.ioCancel) { xio_native_cancel(context, index) }
    } catch {
      guard error == .nowInProgress else { throw error }
    }
  }
}
