public import CXIO
public import SystemPackage

/// One descriptor that somebody waits for.
public typealias Interest = xio_interest

extension xio_interest {
  /// Waits for `descriptor` to become readable, writable or both.
  public init(_ descriptor: FileDescriptor, read: Bool, write: Bool) {
    self.init(fd: descriptor.rawValue, wants_read: read, wants_write: write, ready: false)
  }
}

/// Waiting for descriptors. Timeouts are nanoseconds, nil for none.
extension System {
  /// The number of descriptors that select(2) can name (`FD_SETSIZE`).
  public static let selectLimit = Int32(XIO_SELECT_LIMIT)

  /// Waits until an interest is ready; says how many are.
  ///
  /// - Throws: EINTR after a signal; EBADF for a descriptor beyond ``selectLimit``.
  ///
  /// The corresponding C function is `pselect`.
  public static func select(_ interests: inout [Interest], timeout: Int64?) throws(Errno) -> Int {
    try perform(.pselect6) { xio_select(&interests, interests.count, timeout ?? -1) }
  }

  /// Waits until an interest is ready; says how many are.
  ///
  /// - Throws: EINTR after a signal.
  ///
  /// The corresponding C function is `ppoll`.
  public static func poll(_ interests: inout [Interest], timeout: Int64?) throws(Errno) -> Int {
    try perform(.ppoll) { xio_poll(&interests, interests.count, timeout ?? -1) }
  }

  /// Waits until one descriptor is ready.
  ///
  /// - Returns: Whether it is, rather than the timeout having passed.
  /// - Throws: EINTR after a signal.
  ///
  /// The corresponding C function is `ppoll`.
  public static func waitUntilReady(
    _ descriptor: FileDescriptor, forWriting: Bool, timeout: Int64?
  ) throws(Errno) -> Bool {
    var interest = Interest(descriptor, read: !forWriting, write: forWriting)
    return try perform(.ppoll) { xio_poll(&interest, 1, timeout ?? -1) } > 0
  }

  /// Makes an epoll instance.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `epoll_create1`.
  public static func makeEpoll() throws(Errno) -> FileDescriptor {
    FileDescriptor(rawValue: CInt(try perform(.epollCreate1) { xio_epoll_create() }))
  }

  /// Tells an epoll instance what is wanted of a descriptor; `token` comes back with the event.
  ///
  /// - Throws: EPERM for a file that is always ready, such as a regular one.
  ///
  /// The corresponding C function is `epoll_ctl`.
  public static func setEpoll(
    _ epoll: FileDescriptor, _ interest: Interest, token: UInt64, change: Bool
  ) throws(Errno) {
    try perform(.epollCtl) {
      xio_epoll_set(
        epoll.rawValue, interest.fd, change, interest.wants_read, interest.wants_write, token)
    }
  }

  /// Takes a descriptor out of an epoll instance.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `epoll_ctl` with `EPOLL_CTL_DEL`.
  public static func removeEpoll(
    _ epoll: FileDescriptor, _ descriptor: FileDescriptor
  ) throws(Errno) {
    try perform(.epollCtl) { xio_epoll_remove(epoll.rawValue, descriptor.rawValue) }
  }

  /// Waits for events and writes their tokens to the front of `tokens`.
  ///
  /// - Throws: EINTR after a signal.
  ///
  /// The corresponding C function is `epoll_wait`.
  public static func waitEpoll(
    _ epoll: FileDescriptor, tokens: inout [UInt64], timeout: Int64?
  ) throws(Errno) -> Int {
    try perform(.epollWait) {
      xio_epoll_wait(epoll.rawValue, &tokens, tokens.count, timeout ?? -1)
    }
  }

  /// Whether epoll accepts a descriptor, found out by trying.
  ///
  /// The corresponding C function is `epoll_ctl`.
  public static func isEpollable(_ descriptor: FileDescriptor) -> Bool {
    for call in [SystemCall.epollCreate1, .epollCtl, .close] {
      xio_count_system_call(call.rawValue, 1)
    }
    return xio_is_epollable(descriptor.rawValue)
  }

  /// Lets time pass.
  ///
  /// - Parameter nanoseconds: How long; 0 gives the processor to whoever else is ready.
  ///
  /// The corresponding C functions are `nanosleep` and `sched_yield`.
  public static func pause(nanoseconds: Int64) {
    // A signal ends the pause early, which whoever pauses finds out by looking again.
    _ = try? perform(nanoseconds > 0 ? .nanosleep : .schedYield) {
      nanoseconds > 0 ? xio_nanosleep(nanoseconds) : xio_sched_yield()
    }
  }
}
