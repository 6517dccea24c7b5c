internal import CXIO
public import SystemPackage

/// What tells files apart over time, and who uses them.
extension System {
  /// The handle of a file, which differs when an inode number is used again.
  ///
  /// - Throws: EOPNOTSUPP where the file system has none.
  ///
  /// The corresponding C function is `name_to_handle_at`.
  public static func fileHandle(_ descriptor: FileDescriptor) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = try perform(.nameToHandleAt) {
      bytes.withUnsafeMutableBytes { xio_file_handle(descriptor.rawValue, $0.baseAddress, 128) }
    }
    return Array(bytes.prefix(count))
  }

  /// When a file was made, in nanoseconds since 1970.
  ///
  /// - Throws: ENODATA where the file system does not tell.
  ///
  /// The corresponding C function is `statx`.
  public static func birthTime(_ descriptor: FileDescriptor) throws(Errno) -> Int64 {
    var time: Int64 = 0
    try perform(.statx) { xio_birth_time(descriptor.rawValue, &time) }
    return time
  }

  /// The first offset in bytes, from `offset` on, that is not in a hole.
  ///
  /// - Throws: ENXIO when there is none.
  ///
  /// The corresponding C call is `lseek` with `SEEK_DATA`.
  public static func dataOffset(
    _ descriptor: FileDescriptor, from offset: Int64
  ) throws(Errno) -> Int64 {
    Int64(try perform(.lseek) { Int(xio_seek_data(descriptor.rawValue, offset)) })
  }

  /// Whether somebody has a file open for writing.
  ///
  /// - Throws: EACCES for a file of somebody else, EINVAL where leases are not known.
  ///
  /// The corresponding C call is `fcntl` with `F_SETLEASE`.
  public static func hasWriters(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
    try perform(.fcntl) { xio_has_writers(descriptor.rawValue) } == 1
  }

  /// Keeps the process alive when a lease is broken while it is being tried.
  public static func ignoreLeaseBreaks() {
    xio_ignore_sigio()
  }

  /// Asks for short turns of the processor, so that the calling thread is woken soon while others work.
  ///
  /// - Throws: EINVAL where somebody has chosen another policy, or the kernel knows no turns.
  ///
  /// The corresponding C function is `sched_setattr`.
  public static func requestShortTurns() throws(Errno) {
    try perform(.schedSetattr) { xio_request_short_turns() }
  }

  /// Opens a process, to learn of its end.
  ///
  /// - Throws: ESRCH when there is none.
  ///
  /// The corresponding C function is `pidfd_open`.
  public static func openProcess(_ number: Int32) throws(Errno) -> FileDescriptor {
    FileDescriptor(rawValue: CInt(try perform(.pidfdOpen) { xio_open_process(number) }))
  }

  /// Raises the limit on open descriptors as far as it may go.
  ///
  /// - Returns: The limit.
  ///
  /// The corresponding C function is `setrlimit` with `RLIMIT_NOFILE`.
  public static func raiseDescriptorLimit() -> Int {
    (try? perform(.prlimit64) { xio_raise_descriptor_limit() }) ?? 1024
  }
}

/// What wakes a loop that waits for data.
public enum Wake: UInt8, Sendable {
  /// Nobody reads standard output any more.
  case outputGone = 0x4F
  /// All processes that were named have ended.
  case processesGone = 0x50
  /// A report is wanted.
  case report = 0x52

  /// Starts a thread that watches standard output and processes, and has SIGUSR1 ask for a report.
  ///
  /// - Parameters:
  ///   - pipe: The write end by which messages of one byte arrive.
  ///   - output: What nobody may read any more one day.
  ///   - processes: Descriptors of ``System/openProcess(_:)``.
  ///   - reports: Whether SIGUSR1 is to be caught.
  /// - Throws: EAGAIN when there can be no more threads.
  ///
  /// The corresponding C functions are `pthread_create`, `ppoll` and `sigaction`.
  public static func arm(
    _ pipe: FileDescriptor, output: FileDescriptor, processes: [FileDescriptor], reports: Bool
  ) throws(Errno) {
    if reports { xio_catch_report(pipe.rawValue) }
    let numbers = processes.map(\.rawValue)
    try System.perform(.clone) {
      xio_start_sentinel(output.rawValue, numbers, numbers.count, pipe.rawValue)
    }
  }
}
