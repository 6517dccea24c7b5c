public import CXIO
public import SystemPackage

/// An io_uring instance, used by one thread.
///
/// See io_uring(7). Requests are numbered by tokens that come back with their completions.
public struct Ring: ~Copyable {
  /// One completion.
  public typealias Completion = xio_ring_completion

  /// Setup flags that a kernel may or may not know.
  public struct Features: OptionSet, Sendable {
    /// The bits of the C layer.
    public let rawValue: UInt32

    /// Takes the bits as they are.
    public init(rawValue: UInt32) {
      self.rawValue = rawValue
    }

    /// One thread submits (`IORING_SETUP_SINGLE_ISSUER`).
    public static let singleIssuer = Features(rawValue: UInt32(XIO_RING_SINGLE_ISSUER))
    /// Completions are worked on when the thread asks for them (`IORING_SETUP_DEFER_TASKRUN`).
    public static let deferredTaskRun = Features(rawValue: UInt32(XIO_RING_DEFER_TASKRUN))
    /// Completions do not interrupt the thread (`IORING_SETUP_COOP_TASKRUN`).
    public static let cooperativeTaskRun = Features(rawValue: UInt32(XIO_RING_COOP_TASKRUN))
  }

  private let ring: OpaquePointer

  /// Sets up a ring, with the newest setup flags that the kernel accepts.
  ///
  /// - Parameter entries: How many requests may be in flight.
  /// - Throws: EPERM or ENOSYS where io_uring is switched off or filtered, ENOMEM.
  ///
  /// The corresponding C function is `io_uring_queue_init`.
  public init(entries: Int) throws(Errno) {
    var made: OpaquePointer?
    var setups: UInt32 = 0
    try System.perform(.ioUringSetup) { xio_ring_create(UInt32(entries), &made, &setups) }
    xio_count_system_call(SystemCall.ioUringSetup.rawValue, UInt64(max(setups, 1)) - 1)
    guard let made else { throw .noMemory }
    ring = made
  }

  deinit {
    xio_ring_destroy(ring)
  }

  /// The setup flags in force.
  public var features: Features { Features(rawValue: xio_ring_flags(ring)) }

  /// How many requests can be prepared before the next submission.
  public var room: Int { Int(xio_ring_room(ring)) }

  /// How many prepared requests the kernel has not seen.
  public var unsubmitted: Int { Int(xio_ring_unsubmitted(ring)) }

  /// Pins buffers for requests that name them by index.
  ///
  /// - Parameters:
  ///   - memory: The buffers, one after the other.
  ///   - size: The size of each in bytes.
  /// - Throws: ENOMEM beyond `RLIMIT_MEMLOCK`.
  ///
  /// The corresponding C function is `io_uring_register_buffers`.
  public borrowing func registerBuffers(
    _ memory: UnsafeMutableRawBufferPointer, size: Int
  ) throws(Errno) {
    try System.perform(.ioUringRegister) {
      xio_ring_register_buffers(ring, memory.baseAddress, size, UInt32(memory.count / size))
    }
  }

  /// Prepares a read; see ``System/read(_:into:at:flags:)``.
  public borrowing func read(
    _ descriptor: FileDescriptor, into memory: UnsafeMutableRawBufferPointer, at offset: Int64?,
    flags: TransferFlags, registered index: Int?, token: UInt64
  ) {
    xio_ring_read(
      ring, descriptor.rawValue, memory.baseAddress, UInt32(memory.count), offset ?? -1,
      flags.rawValue, Int32(index ?? -1), token)
  }

  /// Prepares a write; see ``System/write(_:from:at:flags:)``.
  public borrowing func write(
    _ descriptor: FileDescriptor, from memory: UnsafeRawBufferPointer, at offset: Int64?,
    flags: TransferFlags, registered index: Int?, token: UInt64
  ) {
    xio_ring_write(
      ring, descriptor.rawValue, memory.baseAddress, UInt32(memory.count), offset ?? -1,
      flags.rawValue, Int32(index ?? -1), token)
  }

  /// Prepares a wait for readiness; with `linked` the next request begins when it ends well.
  public borrowing func poll(
    _ descriptor: FileDescriptor, forWriting: Bool, linked: Bool, token: UInt64
  ) {
    xio_ring_poll(ring, descriptor.rawValue, !forWriting, linked, token)
  }

  /// Prepares an fsync.
  public borrowing func synchronize(_ descriptor: FileDescriptor, dataOnly: Bool, token: UInt64) {
    xio_ring_fsync(ring, descriptor.rawValue, dataOnly, token)
  }

  /// Prepares the cancellation of the request with the token `target`.
  public borrowing func cancel(_ target: UInt64, token: UInt64) {
    xio_ring_cancel(ring, target, token)
  }

  /// Prepares a request that does nothing.
  public borrowing func doNothing(token: UInt64) {
    xio_ring_nop(ring, token)
  }

  /// Submits what is prepared and waits for `count` completions.
  ///
  /// - Returns: How many requests were submitted.
  /// - Throws: EINTR after a signal, EBUSY and EAGAIN when completions must be taken first.
  ///
  /// The corresponding C function is `io_uring_submit_and_wait`.
  @discardableResult
  public borrowing func submit(waitingFor count: Int) throws(Errno) -> Int {
    try System.perform(.ioUringEnter) { xio_ring_submit(ring, UInt32(count)) }
  }

  /// Submits what is prepared and waits for `count` completions, unless there are some already.
  ///
  /// - Parameters:
  ///   - count: How many completions.
  ///   - timeout: Nanoseconds.
  /// - Throws: ETIME after the timeout, EINTR after a signal, EBUSY and EAGAIN when completions must be
  ///   taken first.
  ///
  /// The corresponding C function is `io_uring_submit_and_wait_timeout`.
  public borrowing func submit(waitingFor count: Int, timeout: Int64) throws(Errno) {
    guard unsubmitted > 0 || !xio_ring_has_completions(ring) else { return }
    try System.perform(.ioUringEnter) { xio_ring_submit_until(ring, UInt32(count), timeout) }
  }

  /// Waits for `count` completions.
  ///
  /// - Parameters:
  ///   - count: How many completions.
  ///   - timeout: Nanoseconds, nil for ever.
  /// - Throws: ETIME after the timeout, EINTR after a signal.
  ///
  /// The corresponding C function is `io_uring_enter2`.
  public borrowing func wait(for count: Int, timeout: Int64?) throws(Errno) {
    try System.perform(.ioUringEnter) { xio_ring_wait(ring, UInt32(count), timeout ?? -1) }
  }

  /// Takes completions that are there, at most as many as `buffer` holds.
  ///
  /// - Returns: How many were written to the front of `buffer`.
  ///
  /// The corresponding C function is `io_uring_peek_batch_cqe`.
  public borrowing func take(_ buffer: UnsafeMutableBufferPointer<Completion>) -> Int {
    xio_ring_take(ring, buffer.baseAddress, buffer.count)
  }
}
