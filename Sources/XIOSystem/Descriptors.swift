internal import CXIO
internal import Synchronization
public import SystemPackage

/// Descriptors, whatever they refer to.
extension System {
  /// Returns a second descriptor of the same open file, close-on-exec and above 2.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `fcntl` with `F_DUPFD_CLOEXEC`.
  public static func duplicate(_ descriptor: FileDescriptor) throws(Errno) -> FileDescriptor {
    FileDescriptor(rawValue: CInt(try perform(.fcntl) { xio_dup(descriptor.rawValue) }))
  }

  /// Keeps a number from being given to a file: what has it then can be neither read nor written, and not
  /// be opened by the number's name either.
  ///
  /// - Parameter number: The lowest number that is free.
  /// - Throws: The error number; ENOENT where no numbers have names.
  ///
  /// The corresponding C calls are `epoll_create1`, `open` with `O_PATH`, and `dup3`.
  public static func hold(_ number: FileDescriptor) throws(Errno) {
    try perform(.open) { xio_hold_number(number.rawValue) }
    held.store(true, ordering: .relaxed)
  }

  /// Whether any number is held.
  public static var hasHeld: Bool { held.load(ordering: .relaxed) }

  private static let held = Atomic(false)

  /// Whether a descriptor holds a number that is not to be used; see ``hold(_:)``.
  ///
  /// The corresponding C calls are `fcntl` with `F_GETFL`, and `fstat`.
  public static func isHeld(_ number: FileDescriptor) -> Bool {
    guard let flags = try? statusFlags(number), flags.isPlace else { return false }
    return (try? status(number))?.kind == .anonymous
  }

  /// Returns the status flags of an open file description.
  ///
  /// - Throws: EBADF when the descriptor is not open.
  ///
  /// The corresponding C call is `fcntl` with `F_GETFL`.
  public static func statusFlags(_ descriptor: FileDescriptor) throws(Errno) -> StatusFlags {
    StatusFlags(
      rawValue: Int32(try perform(.fcntl) { xio_get_status_flags(descriptor.rawValue) }))
  }

  /// Sets the status flags of an open file description, for every process that shares it.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `fcntl` with `F_SETFL`.
  public static func setStatusFlags(
    _ descriptor: FileDescriptor, _ flags: StatusFlags
  ) throws(Errno) {
    try perform(.fcntl) { xio_set_status_flags(descriptor.rawValue, flags.rawValue) }
  }

  /// Makes a pipe, close-on-exec.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `pipe2`.
  public static func pipe() throws(Errno) -> (readEnd: FileDescriptor, writeEnd: FileDescriptor) {
    var ends: (CInt, CInt) = (-1, -1)
    try perform(.pipe2) {
      withUnsafeMutableBytes(of: &ends) {
        xio_pipe($0.assumingMemoryBound(to: CInt.self).baseAddress)
      }
    }
    return (FileDescriptor(rawValue: ends.0), FileDescriptor(rawValue: ends.1))
  }

  /// Asks for a pipe of `size` bytes.
  ///
  /// - Throws: The error number; EPERM beyond `/proc/sys/fs/pipe-max-size`.
  ///
  /// The corresponding C call is `fcntl` with `F_SETPIPE_SZ`.
  public static func setPipeSize(_ descriptor: FileDescriptor, to size: Int) throws(Errno) {
    try perform(.fcntl) { xio_set_pipe_size(descriptor.rawValue, CInt(size)) }
  }

  /// Returns how many bytes a pipe holds when its pages are full.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `fcntl` with `F_GETPIPE_SZ`.
  public static func pipeSize(_ descriptor: FileDescriptor) throws(Errno) -> Int {
    try perform(.fcntl) { xio_get_pipe_size(descriptor.rawValue) }
  }

  /// Makes a pipe hold up to `size` bytes, or less where the kernel grants no more.
  ///
  /// A pipe that is smaller than usual stays so: somebody wants it to be, or the kernel made it so
  /// because its user has more than `/proc/sys/fs/pipe-user-pages-soft` allows.
  ///
  /// The corresponding C calls are `fcntl` with `F_GETPIPE_SZ` and `F_SETPIPE_SZ`.
  public static func growPipe(_ descriptor: FileDescriptor, to size: Int) {
    guard let now = try? pipeSize(descriptor), now >= usualPipeSize else { return }
    var wanted = size
    // Beyond `pipe-max-size`, or the user's share, less may still be had.
    while wanted > now, (try? setPipeSize(descriptor, to: wanted)) == nil { wanted /= 2 }
  }

  /// What a new pipe holds, in bytes.
  private static let usualPipeSize = 16 * 4096

  /// Whether a descriptor is a terminal.
  ///
  /// The corresponding C function is `isatty`.
  public static func isTerminal(_ descriptor: FileDescriptor) -> Bool {
    xio_isatty(descriptor.rawValue) == 1
  }

  /// How many characters fit into a line of a terminal; nil when it does not say.
  ///
  /// The corresponding C function is `ioctl` with `TIOCGWINSZ`.
  public static func columns(ofTerminal descriptor: FileDescriptor) -> Int? {
    let columns = xio_terminal_columns(descriptor.rawValue)
    return columns > 0 ? columns : nil
  }

  /// Whether the process is the job that a terminal is given to, and not one in the background.
  ///
  /// The corresponding C function is `tcgetpgrp`.
  public static func isInForeground(ofTerminal descriptor: FileDescriptor) -> Bool {
    xio_is_foreground(descriptor.rawValue) == 1
  }
}
