public import CXIO
public import SystemPackage

/// Threads, each of which makes one call at a time and blocks in it, on behalf of one that must not.
///
/// A thread is started when it is needed first, and then kept. Threads take no signals.
public final class WorkerThreads {
  /// A call that a thread shall make. Offsets are bytes; nil is the descriptor's own position.
  public enum Call {
    case read(UnsafeMutableRawBufferPointer, at: Int64?, flags: TransferFlags)
    case write(UnsafeRawBufferPointer, at: Int64?, flags: TransferFlags)
    case waitReadable, waitWritable
    /// Memory that nobody touches until the call has returned.
    case waitForAny(UnsafeMutableBufferPointer<Interest>)
    case fsync(dataOnly: Bool)
  }

  /// What became of a call.
  public struct Return: Sendable {
    /// The count, or the error number.
    public var result: Result<Int, Errno>
    /// Processor time of the call in nanoseconds; 0 unless it was to be measured.
    public var processorTime: Nanoseconds
  }

  private let workers: OpaquePointer

  /// Prepares room for `capacity` threads.
  ///
  /// - Throws: ENOMEM.
  ///
  /// The corresponding C function is `sigaction`, for the signal that interrupts calls.
  public init(capacity: Int) throws(Errno) {
    var made: OpaquePointer?
    let failure = xio_workers_create(capacity, &made)
    guard failure == 0, let made else { throw Errno(rawValue: CInt(-failure)) }
    workers = made
  }

  deinit {
    xio_workers_destroy(workers)
  }

  /// Makes an eventfd that counts the calls that have returned, for one who waits for something else as well.
  ///
  /// - Returns: The eventfd, which the threads close at their end; there can be one.
  /// - Throws: EMFILE, ENFILE or ENOMEM.
  ///
  /// The corresponding C function is `eventfd`.
  public func makeRing() throws(Errno) -> FileDescriptor {
    let number = xio_workers_make_ring(workers)
    guard number >= 0 else { throw Errno(rawValue: CInt(-number)) }
    return FileDescriptor(rawValue: CInt(number))
  }

  /// Adds one to the eventfd, which whoever reads it is woken by.
  ///
  /// The corresponding C function is `write`.
  public func wake() {
    xio_workers_wake(workers)
  }

  /// Interrupts what still blocks and waits until all threads have ended; the next call starts new ones.
  ///
  /// The corresponding C functions are `pthread_kill` and `pthread_join`.
  public func end() {
    xio_workers_end(workers)
  }

  /// Lets the thread `index`, which has nothing to do, make a call.
  ///
  /// The call itself is counted by whoever submits it.
  ///
  /// - Parameters:
  ///   - call: The call.
  ///   - descriptor: What it works on; nil where the call says that itself.
  ///   - measures: Whether the processor time of the call is wanted.
  ///   - index: The thread.
  ///
  /// - Throws: EAGAIN when no thread can be had.
  ///
  /// The corresponding C functions are `pthread_create` and `futex`.
  public func submit(
    _ call: Call, _ descriptor: FileDescriptor? = nil, measures: Bool = false, index: Int
  ) throws(Errno) {
    var work = Self.work(call)
    work.fd = descriptor?.rawValue ?? -1
    work.measures = measures
    try System.perform(.futex) { xio_workers_submit(workers, index, &work) }
  }

  private static func work(_ call: Call) -> xio_work {
    var work = xio_work()
    switch call {
    case .read(let memory, let offset, let flags):
      work.verb = XIO_WORK_READ
      work.buffer = memory.baseAddress
      work.count = memory.count
      work.offset = offset ?? -1
      work.flags = flags.rawValue
    case .write(let memory, let offset, let flags):
      work.verb = XIO_WORK_WRITE
      work.buffer = UnsafeMutableRawPointer(mutating: memory.baseAddress)
      work.count = memory.count
      work.offset = offset ?? -1
      work.flags = flags.rawValue
    case .waitReadable:
      work.verb = XIO_WORK_WAIT_READABLE
    case .waitWritable:
      work.verb = XIO_WORK_WAIT_WRITABLE
    case .waitForAny(let interests):
      work.verb = XIO_WORK_WAIT_FOR_ANY
      work.buffer = UnsafeMutableRawPointer(interests.baseAddress)
      work.count = interests.count
    case .fsync(let dataOnly):
      work.verb = dataOnly ? XIO_WORK_FDATASYNC : XIO_WORK_FSYNC
    }
    return work
  }

  /// Takes what the call of the thread `index` returned, if it has.
  public func take(_ index: Int) -> Return? {
    var done = xio_work_done()
    guard xio_workers_take(workers, index, &done) else { return nil }
    let result: Result<Int, Errno> =
      done.result < 0 ? .failure(Errno(rawValue: CInt(-done.result))) : .success(Int(done.result))
    return Return(result: result, processorTime: done.cpu_ns)
  }

  /// How many calls have returned so far: to be asked for before looking at them, and then waited on.
  public var announced: UInt32 { xio_workers_announced(workers) }

  /// Waits until more calls have returned than `announced`.
  ///
  /// - Parameters:
  ///   - announced: What ``announced`` was before the last look.
  ///   - timeout: Nanoseconds, nil for ever.
  /// - Throws: EINTR after a signal.
  ///
  /// The corresponding C function is `futex`.
  public func wait(since announced: UInt32, timeout: Nanoseconds?) throws(Errno) {
    do throws(Errno) {
      try System.perform(.futex) { xio_workers_wait(workers, announced, timeout ?? -1) }
    } catch {
      // A call has just returned, or the time is over: whoever waits looks in any case.
      guard error == .wouldBlock || error == .timedOut else { throw error }
    }
  }

  /// Interrupts the call of the thread `index`, which ends with ECANCELED unless it has moved something.
  ///
  /// The signal can come too early to be felt, so this is to be repeated until the call has returned.
  ///
  /// The corresponding C function is `pthread_kill`.
  public func interrupt(_ index: Int) {
    xio_workers_interrupt(workers, index)
  }
}
