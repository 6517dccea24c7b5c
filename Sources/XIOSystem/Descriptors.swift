internal import CXIO
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

  /// Whether a descriptor is a terminal.
  ///
  /// The corresponding C function is `isatty`.
  public static func isTerminal(_ descriptor: FileDescriptor) -> Bool {
    xio_isatty(descriptor.rawValue) == 1
  }
}
