internal import CXIO
internal import SystemPackage
internal import XIOSystem

/// A thread that waits for streams on behalf of one who waits for requests as well.
///
/// When it has found one ready it lets a request go on that reads an eventfd, so that all of it is waited for in one
/// call. Which stream it was is to be asked of the streams.
final class ReadinessThread {
  private static let interruptionInterval: Nanoseconds = 1_000_000
  private static let longestEnd: Nanoseconds = 1_000_000_000

  private let aio: PosixAIO
  /// The place of the request among all.
  private let place: Int
  private let worker: WorkerThreads
  private let ring: FileDescriptor
  /// Where the count goes that is read there.
  private let count: UnsafeMutableRawBufferPointer
  private var isListening = false
  /// What is waited for; nil while the thread has nothing to do.
  private var interests: UnsafeMutableBufferPointer<Interest>?

  /// Prepares the thread, which begins with the first wait.
  ///
  /// - Parameters:
  ///   - aio: What else is waited for.
  ///   - place: A place in it that nobody else uses.
  /// - Throws: EMFILE, ENFILE or ENOMEM.
  init(_ aio: PosixAIO, place: Int) throws(Errno) {
    self.aio = aio
    self.place = place
    worker = try WorkerThreads(capacity: 1)
    ring = try worker.makeRing()
    count = .allocate(
      byteCount: MemoryLayout<UInt64>.size, alignment: MemoryLayout<UInt64>.alignment)
  }

  deinit {
    stop()
    count.deallocate()
  }

  /// Has the thread wait until one of some streams is ready, and a request in flight that ends then.
  ///
  /// - Throws: EAGAIN when there can be no further thread.
  func wait(for streams: [Interest]) throws(Errno) {
    if !isListening {
      try aio.submit(.read, ring, count, at: nil, index: place)
      isListening = true
    }
    takeReturn()
    guard interests?.elementsEqual(streams, by: { $0.isSame(as: $1) }) != true else { return }
    stop()
    let list = UnsafeMutableBufferPointer<Interest>.allocate(capacity: streams.count)
    _ = list.initialize(fromContentsOf: streams)
    interests = list
    do throws(Errno) {
      try worker.submit(.waitForAny(list), index: 0)
    } catch {
      freeInterests()
      throw error
    }
  }

  /// Takes note of the end of the request; to be done before streams are asked, as what becomes ready
  /// afterwards ends the next one.
  func collect() {
    if isListening, aio.take(place) != nil { isListening = false }
  }

  /// Lets go of a descriptor, which the thread would keep open.
  func forget(_ descriptor: FileDescriptor) {
    if interests?.contains(where: { $0.fd == descriptor.rawValue }) == true { stop() }
  }

  /// Ends the wait and the request.
  ///
  /// - Returns: Whether the request is over, whose memory must be left alone until then.
  func end() -> Bool {
    stop()
    worker.wake()
    let limit = Clock.monotonic + Self.longestEnd
    while isListening, Clock.monotonic < limit {
      _ = try? aio.wait(timeout: Self.interruptionInterval)
      collect()
    }
    return !isListening
  }

  private func stop() {
    while interests != nil {
      let announced = worker.announced
      takeReturn()
      guard interests != nil else { return }
      worker.interrupt(0)
      // A signal that comes before the thread has entered the kernel is not felt there.
      try? worker.wait(since: announced, timeout: Self.interruptionInterval)
    }
  }

  private func takeReturn() {
    if interests != nil, worker.take(0) != nil { freeInterests() }
  }

  private func freeInterests() {
    interests?.deallocate()
    interests = nil
  }
}

extension Interest {
  fileprivate func isSame(as other: Interest) -> Bool {
    fd == other.fd && wants_read == other.wants_read && wants_write == other.wants_write
  }
}
