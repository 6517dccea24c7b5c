internal import CXIO
internal import Glibc
public import SystemPackage

/// Files by name, and their sizes.
extension System {
  /// Opens a file, close-on-exec; a signal that interrupts it is no reason to fail.
  ///
  /// - Throws: The error number; EINTR only once the program is asked to end.
  ///
  /// The corresponding C function is `open`.
  public static func open(
    _ path: FilePath, _ flags: OpenFlags, permissions: UInt32 = 0o666
  ) throws(Errno) -> FileDescriptor {
    let fd = try retry { () throws(Errno) in
      try perform(.open) { path.withPlatformString { xio_open($0, flags.rawValue, permissions) } }
    }
    return FileDescriptor(rawValue: CInt(fd))
  }

  /// Opens a file whose name is at hand as the kernel takes it.
  ///
  /// - Throws: As ``open(_:_:permissions:)``.
  ///
  /// The corresponding C function is `open`.
  public static func open(
    cString name: UnsafePointer<CChar>, _ flags: OpenFlags, permissions: UInt32 = 0o666
  ) throws(Errno) -> FileDescriptor {
    let fd = try retry { () throws(Errno) in
      try perform(.open) { xio_open(name, flags.rawValue, permissions) }
    }
    return FileDescriptor(rawValue: CInt(fd))
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
    let result = path.withPlatformString { name in
      Result { () throws(Errno) in try status(cString: name) }
    }
    return try result.get()
  }

  /// Returns what a name stands for that is at hand as the kernel takes it.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `stat`.
  public static func status(cString name: UnsafePointer<CChar>) throws(Errno) -> FileStatus {
    var status = stat()
    try perform(.stat) { xio_stat(name, &status) }
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

  /// Reserves the first `size` bytes of a file.
  ///
  /// - Parameters:
  ///   - descriptor: The file, open for writing.
  ///   - size: How much to reserve, in bytes.
  ///   - keepsSize: Whether the file stays as long as it is; otherwise it is at least `size` long then.
  /// - Throws: The error number; EOPNOTSUPP where the file system cannot.
  ///
  /// The corresponding C function is `fallocate`.
  public static func allocate(
    _ descriptor: FileDescriptor, size: Int64, keepsSize: Bool = false
  ) throws(Errno) {
    try perform(.fallocate) { xio_fallocate(descriptor.rawValue, 0, size, keepsSize) }
  }

  /// Gives a range of a file back to the file system; it reads as zeros, and the size stays.
  ///
  /// - Parameters:
  ///   - descriptor: The file, open for writing.
  ///   - offset: Where the range begins, in bytes.
  ///   - count: Its length in bytes; only whole blocks of the file system become free.
  /// - Throws: The error number; EOPNOTSUPP where the file system cannot.
  ///
  /// The corresponding C function is `fallocate` with `FALLOC_FL_PUNCH_HOLE`.
  public static func punchHole(
    _ descriptor: FileDescriptor, at offset: Int64, count: Int64
  ) throws(Errno) {
    try perform(.fallocate) { xio_punch_hole(descriptor.rawValue, offset, count) }
  }

  /// Opens a file that has no name, or has lost it at once, for reading and writing.
  ///
  /// - Parameter directory: Where its data goes.
  /// - Returns: The descriptor.
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `open` with `O_TMPFILE`, or else with `O_EXCL`, and `unlink`.
  public static func openTemporary(in directory: FilePath) throws(Errno) -> FileDescriptor {
    let name = ".xio-\(getpid())-\(Clock.monotonic)"
    let path = directory.appending(FilePath.Component(name) ?? "xio")
    do throws(Errno) {
      return try openNameless(beside: path)
    } catch {
      guard [.notSupported, .isDirectory, .invalidArgument, .noSuchFileOrDirectory].contains(error)
      else { throw error }
    }
    let opened = try open(path, [.readWrite, .create, .exclusive], permissions: 0o600)
    try? remove(path)
    return opened
  }

  /// The directory for files that are of use to nobody else: `TMPDIR`, or `/tmp`.
  public static var temporaryDirectory: FilePath {
    guard let value = getenv("TMPDIR"), value.pointee != 0 else { return "/tmp" }
    return FilePath(platformString: value)
  }

  /// Removes a name.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `unlink`.
  public static func remove(_ path: FilePath) throws(Errno) {
    try perform(.unlink) { path.withPlatformString { xio_unlink($0) } }
  }

  /// Gives a file another name, whatever had that before.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `rename`.
  public static func rename(_ path: FilePath, to target: FilePath) throws(Errno) {
    try perform(.rename) {
      path.withPlatformString { old in target.withPlatformString { xio_rename(old, $0) } }
    }
  }
}
