internal import CXIO
internal import Glibc
public import SystemPackage

/// What kind of object a descriptor refers to.
public enum FileKind: String, Sendable, CaseIterable {
  case regular = "regular file"
  case directory
  case pipe = "pipe or FIFO"
  case socket
  case characterDevice = "character device"
  case blockDevice = "block device"
  case symbolicLink = "symbolic link"
  case anonymous = "anonymous inode"

  /// Whether reads and writes name an offset and never wait for another process.
  public var isPositional: Bool { self == .regular || self == .blockDevice }
}

/// What stat(2) says of a file, as far as it is used.
public struct FileStatus: Sendable {
  /// The kind of object.
  public var kind: FileKind
  /// The size in bytes.
  public var size: Int64
  /// The device and the inode, which together identify the file.
  public var device: UInt64, inode: UInt64
  /// The permission bits.
  public var permissions: UInt32
  /// The device number of a device file.
  public var deviceNumber: UInt64

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      case S_IFCHR: .characterDevice
      case S_IFBLK: .blockDevice
      case S_IFLNK: .symbolicLink
      default: .anonymous
      }
    size = Int64(status.st_size)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    permissions = status.st_mode & 0o7777
    deviceNumber = UInt64(status.st_rdev)
  }

  /// Whether both describe one file.
  public func isSameFile(as other: FileStatus) -> Bool {
    device == other.device && inode == other.inode
  }
}

/// How a file is to be opened.
public struct OpenFlags: OptionSet, Sendable {
  /// The bits, as open(2) takes them.
  public let rawValue: Int32

  /// Takes the bits as they are.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// For reading alone.
  public static let readOnly = OpenFlags([])
  /// For writing alone.
  public static let writeOnly = OpenFlags(rawValue: O_WRONLY)
  /// Made when it is not there.
  public static let create = OpenFlags(rawValue: O_CREAT)
  /// Made, and an error when it is there.
  public static let exclusive = OpenFlags(rawValue: O_EXCL)
  /// Emptied.
  public static let truncate = OpenFlags(rawValue: O_TRUNC)
  /// Not waiting for the other end of a FIFO.
  public static let nonBlocking = OpenFlags(rawValue: O_NONBLOCK)
  /// Without becoming the controlling terminal.
  public static let noTerminal = OpenFlags(rawValue: O_NOCTTY)
  /// Past the page cache.
  public static let direct = OpenFlags(rawValue: xio_o_direct)
}

/// Status flags of an open file description that can change, as F_GETFL returns them.
public struct StatusFlags: OptionSet, Sendable {
  /// The bits of fcntl(2).
  public let rawValue: Int32

  /// Takes the bits as they are.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// Calls fail with EAGAIN rather than wait.
  public static let nonBlocking = StatusFlags(rawValue: O_NONBLOCK)
  /// Every write goes to the end.
  public static let append = StatusFlags(rawValue: O_APPEND)
  /// Input and output announce themselves by a signal.
  public static let async = StatusFlags(rawValue: O_ASYNC)
  /// Past the page cache.
  public static let direct = StatusFlags(rawValue: xio_o_direct)

  /// Whether the description can be read from.
  public var canRead: Bool { rawValue & O_ACCMODE != O_WRONLY }
  /// Whether the description can be written to.
  public var canWrite: Bool { rawValue & O_ACCMODE != O_RDONLY }
}

extension System {
  /// Opens a file, close-on-exec; a signal that interrupts it is no reason to fail.
  ///
  /// - Throws: The error number; EINTR only once the program is asked to end.
  ///
  /// The corresponding C function is `open`.
  public static func open(
    _ path: FilePath, _ flags: OpenFlags, permissions: UInt32 = 0o666
  ) throws(Errno) -> FileDescriptor {
    while true {
      do throws(Errno) {
        let fd = try perform(.open) {
          path.withPlatformString { xio_open($0, flags.rawValue, permissions) }
        }
        return FileDescriptor(rawValue: CInt(fd))
      } catch {
        guard error == .interrupted, Termination.requested == nil else { throw error }
      }
    }
  }

  /// Opens a nameless file in the directory that holds `path`, to learn what its file system can do.
  ///
  /// - Throws: The error number; EOPNOTSUPP where the file system has no nameless files.
  ///
  /// The corresponding C call is `open` with `O_TMPFILE`.
  public static func openNameless(beside path: FilePath) throws(Errno) -> FileDescriptor {
    let fd = try perform(.open) { path.withPlatformString { xio_openat_parent_tmpfile($0) } }
    return FileDescriptor(rawValue: CInt(fd))
  }

  /// Closes a descriptor. After EINTR it is closed all the same.
  ///
  /// - Throws: The error number, which can be that of an earlier write.
  ///
  /// The corresponding C function is `close`.
  public static func close(_ descriptor: FileDescriptor) throws(Errno) {
    do throws(Errno) {
      try perform(.close) { xio_close(descriptor.rawValue) }
    } catch {
      guard error == .interrupted else { throw error }
    }
  }

  /// Returns what an open file is.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `fstat`.
  public static func status(_ descriptor: FileDescriptor) throws(Errno) -> FileStatus {
    var status = stat()
    try perform(.fstat) { xio_fstat(descriptor.rawValue, &status) }
    return FileStatus(status)
  }

  /// Returns what a name stands for, symbolic links followed.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `stat`.
  public static func status(_ path: FilePath) throws(Errno) -> FileStatus {
    var status = stat()
    try perform(.stat) { path.withPlatformString { xio_stat($0, &status) } }
    return FileStatus(status)
  }

  /// Whether a name is a symbolic link, not followed.
  ///
  /// The corresponding C function is `lstat`.
  public static func isSymbolicLink(_ path: FilePath) -> Bool {
    var status = stat()
    let found = try? perform(.lstat) { path.withPlatformString { xio_lstat($0, &status) } }
    return found != nil && FileStatus(status).kind == .symbolicLink
  }

  /// Returns a descriptor's own position in bytes.
  ///
  /// - Throws: ESPIPE where there is no position.
  ///
  /// The corresponding C function is `lseek`.
  public static func position(_ descriptor: FileDescriptor) throws(Errno) -> Int64 {
    Int64(try perform(.lseek) { xio_lseek(descriptor.rawValue, 0, SEEK_CUR) })
  }

  /// Sets a descriptor's own position in bytes.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `lseek`.
  public static func setPosition(_ descriptor: FileDescriptor, to offset: Int64) throws(Errno) {
    try perform(.lseek) { xio_lseek(descriptor.rawValue, offset, SEEK_SET) }
  }

  /// Returns the size in bytes of a block device, whose status has none.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `lseek` with `SEEK_END`.
  public static func endPosition(_ descriptor: FileDescriptor) throws(Errno) -> Int64 {
    let here = try position(descriptor)
    let end = Int64(try perform(.lseek) { xio_lseek(descriptor.rawValue, 0, SEEK_END) })
    try setPosition(descriptor, to: here)
    return end
  }

  /// Sets a file's size in bytes.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `ftruncate`.
  public static func truncate(_ descriptor: FileDescriptor, to size: Int64) throws(Errno) {
    try perform(.ftruncate) { xio_ftruncate(descriptor.rawValue, size) }
  }

  /// Reserves the first `size` bytes of a file and makes it at least that long.
  ///
  /// - Throws: The error number; EOPNOTSUPP where the file system cannot.
  ///
  /// The corresponding C function is `fallocate`.
  public static func allocate(_ descriptor: FileDescriptor, size: Int64) throws(Errno) {
    try perform(.fallocate) { xio_fallocate(descriptor.rawValue, 0, size) }
  }

  /// Removes a name.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `unlink`.
  public static func remove(_ path: FilePath) throws(Errno) {
    try perform(.unlink) { path.withPlatformString { xio_unlink($0) } }
  }

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
      withUnsafeMutableBytes(of: &ends) { xio_pipe($0.assumingMemoryBound(to: CInt.self).baseAddress) }
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
