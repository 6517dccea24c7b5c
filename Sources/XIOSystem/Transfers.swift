internal import CXIO
public import SystemPackage

/// How the kernel shall treat one read or write of a file.
public struct TransferFlags: OptionSet, Sendable, Hashable {
  /// The bits, as preadv2(2) takes them.
  public let rawValue: Int32

  /// Takes the bits as they are.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// Fail with EAGAIN rather than wait (`RWF_NOWAIT`).
  public static let noWait = TransferFlags(rawValue: Int32(XIO_RWF_NOWAIT))
  /// Leave no new pages in the page cache (`RWF_DONTCACHE`).
  public static let dontCache = TransferFlags(rawValue: Int32(XIO_RWF_DONTCACHE))
}

extension System {
  /// The most bytes that one call moves, whatever was asked (`MAX_RW_COUNT`).
  public static let transferLimit = 0x7fff_f000

  /// Reads bytes into memory.
  ///
  /// - Parameters:
  ///   - descriptor: What to read from.
  ///   - memory: What to fill.
  ///   - offset: The position in bytes, or nil for the descriptor's own.
  ///   - flags: How the kernel shall treat the call.
  /// - Returns: The number of bytes, 0 at the end.
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `read`, `pread` and, with flags, `preadv2`.
  @inline(__always)
  public static func read(
    _ descriptor: FileDescriptor, into memory: UnsafeMutableRawBufferPointer, at offset: Int64?,
    flags: TransferFlags = []
  ) throws(Errno) -> Int {
    let fd = descriptor.rawValue
    let base = memory.baseAddress
    if !flags.isEmpty {
      return try transfer(.preadv2, memory.count) {
        xio_preadv2(fd, base, $0, offset ?? -1, flags.rawValue)
      }
    }
    guard let offset else { return try transfer(.read, memory.count) { xio_read(fd, base, $0) } }
    return try transfer(.pread64, memory.count) { xio_pread(fd, base, $0, offset) }
  }

  /// Finds out whether the kernel can read what a descriptor stands for, and takes nothing from it: what an
  /// epoll instance refuses at once is never announced to whoever waits first.
  ///
  /// - Parameters:
  ///   - descriptor: What is to be read from.
  ///   - kind: What that is.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `preadv2`, for no bytes.
  public static func checkRead(
    _ descriptor: FileDescriptor, _ kind: FileKind
  ) throws(Errno) {
    guard kind == .anonymous else { return }
    try perform(.preadv2) { xio_preadv2(descriptor.rawValue, nil, 0, -1, 0) }
  }

  /// Writes bytes from memory.
  ///
  /// - Parameters:
  ///   - descriptor: What to write to.
  ///   - memory: What to write.
  ///   - offset: The position in bytes, or nil for the descriptor's own.
  ///   - flags: How the kernel shall treat the call.
  /// - Returns: The number of bytes that were accepted.
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `write`, `pwrite` and, with flags, `pwritev2`.
  @inline(__always)
  public static func write(
    _ descriptor: FileDescriptor, from memory: UnsafeRawBufferPointer, at offset: Int64?,
    flags: TransferFlags = []
  ) throws(Errno) -> Int {
    let fd = descriptor.rawValue
    let base = memory.baseAddress
    if !flags.isEmpty {
      return try transfer(.pwritev2, memory.count) {
        xio_pwritev2(fd, base, $0, offset ?? -1, flags.rawValue)
      }
    }
    guard let offset else { return try transfer(.write, memory.count) { xio_write(fd, base, $0) } }
    return try transfer(.pwrite64, memory.count) { xio_pwrite(fd, base, $0, offset) }
  }

  /// Makes `target` share all of the extents of `source`.
  ///
  /// - Throws: The error number; EOPNOTSUPP, EXDEV and EINVAL mean that the files cannot share.
  ///
  /// The corresponding C call is `ioctl` with `FICLONE`.
  public static func clone(_ source: FileDescriptor, to target: FileDescriptor) throws(Errno) {
    try perform(.ficlone) { xio_ficlone(target.rawValue, source.rawValue) }
  }

  /// Copies between two files inside the kernel.
  ///
  /// - Parameters:
  ///   - source: The file to read.
  ///   - sourceOffset: Where to read in bytes, or nil for the descriptor's own position.
  ///   - target: The file to write.
  ///   - targetOffset: Where to write in bytes, or nil for the descriptor's own position.
  ///   - count: At most so many bytes; keep it to 1 GiB, since some C libraries return larger counts wrong.
  /// - Returns: The number of bytes copied, 0 at the end.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `copy_file_range`.
  public static func copyRange(
    _ source: FileDescriptor, at sourceOffset: Int64?, to target: FileDescriptor,
    at targetOffset: Int64?, count: Int
  ) throws(Errno) -> Int {
    try transfer(.copyFileRange, count) {
      xio_copy_file_range(
        source.rawValue, sourceOffset ?? -1, target.rawValue, targetOffset ?? -1, $0)
    }
  }

  /// Sends at most `count` bytes of a file, from an offset in bytes or from its own position on, to a
  /// descriptor inside the kernel, and returns how many it were.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `sendfile`.
  public static func sendFile(
    _ source: FileDescriptor, at offset: Int64?, to target: FileDescriptor, count: Int
  ) throws(Errno) -> Int {
    try transfer(.sendfile, count) {
      xio_sendfile(target.rawValue, source.rawValue, offset ?? -1, $0)
    }
  }

  /// Moves bytes between two descriptors, one of which is a pipe.
  ///
  /// - Parameters:
  ///   - source: What to read from.
  ///   - sourceOffset: Where to read in bytes, or nil for the descriptor's own position.
  ///   - target: What to write to.
  ///   - targetOffset: Where to write in bytes, or nil for the descriptor's own position.
  ///   - count: At most so many bytes.
  /// - Returns: The number of bytes moved, 0 at the end.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `splice`.
  public static func splice(
    _ source: FileDescriptor, at sourceOffset: Int64?, to target: FileDescriptor,
    at targetOffset: Int64?, count: Int
  ) throws(Errno) -> Int {
    try transfer(.splice, count) {
      xio_splice(
        source.rawValue, sourceOffset ?? -1, target.rawValue, targetOffset ?? -1, $0)
    }
  }

  /// Writes a file's data, and with `dataOnly` false its metadata, to the device.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `fdatasync` and `fsync`.
  public static func synchronize(_ descriptor: FileDescriptor, dataOnly: Bool) throws(Errno) {
    try perform(dataOnly ? .fdatasync : .fsync) { xio_fsync(descriptor.rawValue, dataOnly) }
  }
}
