internal import CXIO
internal import Glibc
public import SystemPackage

/// Pages of a file in the page cache.
public struct PageCounts: Sendable, Equatable {
  /// Pages in the page cache, those still being read included.
  public var resident: UInt64
  /// Pages changed and not yet on their way to the device; nil where it cannot be known.
  public var dirty: UInt64?
  /// Pages on their way to the device; nil where it cannot be known.
  public var writeback: UInt64?
  /// Pages that were in the cache and were let go of; nil where it cannot be known.
  public var evicted: UInt64?
  /// Those of them that a little more memory would have kept; nil where it cannot be known.
  public var recentlyEvicted: UInt64?
}

/// The alignment in bytes that O_DIRECT asks of memory and of offsets and lengths.
public struct DirectAlignment: Sendable, Equatable {
  /// Of the address of memory.
  public var memory: Int
  /// Of offsets and lengths.
  public var offset: Int
  /// Whether the file system named them, rather than being assumed to want a page.
  public var isDeclared: Bool
}

extension System {
  /// Counts the pages of a file, or of a range of it, in the page cache.
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - offset: Where the range begins, in bytes.
  ///   - count: The length of the range in bytes; 0 for the rest of the file.
  /// - Returns: How many pages are resident, dirty and in writeback.
  /// - Throws: ENOSYS before Linux 6.5, EPERM for a file that the caller neither owns nor may write.
  ///
  /// The corresponding C function is `cachestat`.
  public static func cachedPages(
    _ descriptor: FileDescriptor, at offset: Int64 = 0, count: Int64 = 0
  ) throws(Errno) -> PageCounts {
    var counts = xio_cache_counts()
    try perform(.cachestat) {
      xio_cachestat(descriptor.rawValue, offset, count, &counts)
    }
    return PageCounts(
      resident: counts.cached, dirty: counts.dirty, writeback: counts.writeback,
      evicted: counts.evicted, recentlyEvicted: counts.recently_evicted)
  }

  /// The size of a page in bytes.
  ///
  /// The corresponding C function is `sysconf` with `_SC_PAGESIZE`.
  public static let pageSize = Int64(sysconf(Int32(_SC_PAGESIZE)))

  /// Counts the resident pages of a range of a file.
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - offset: Where the range begins, in bytes: a multiple of ``pageSize``.
  ///   - size: The length of the range in bytes.
  /// - Returns: How many pages are resident; nothing else can be known.
  /// - Throws: EPERM where the kernel would claim that every page is resident.
  ///
  /// The corresponding C function is `mincore`.
  public static func mappedPages(
    _ descriptor: FileDescriptor, at offset: Int64 = 0, size: Int64
  ) throws(Errno) -> PageCounts {
    var resident: UInt64 = 0
    try perform(.mincore) { xio_mincore(descriptor.rawValue, offset, size, &resident) }
    return PageCounts(resident: resident, dirty: nil, writeback: nil)
  }

  /// Drops clean pages of a range, for every process: only for ranges that this program wrote.
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - offset: Where the range begins, in bytes.
  ///   - count: The length of the range in bytes; 0 for the rest of the file.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `posix_fadvise` with `POSIX_FADV_DONTNEED`.
  public static func dropPages(
    _ descriptor: FileDescriptor, at offset: Int64, count: Int64
  ) throws(Errno) {
    try perform(.fadvise64) { xio_drop_cache(descriptor.rawValue, offset, count) }
  }

  /// Writes a range's dirty pages to the device and waits for them; the device may still cache them.
  ///
  /// - Throws: The error number, which can be that of an earlier write.
  ///
  /// The corresponding C function is `sync_file_range`.
  public static func writeBack(
    _ descriptor: FileDescriptor, at offset: Int64, count: Int64
  ) throws(Errno) {
    try perform(.syncFileRange) { xio_write_back(descriptor.rawValue, offset, count) }
  }

  /// Begins to write a range's dirty pages to the device, and does not wait for them: an error is told to
  /// whoever synchronises the file.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `sync_file_range` with `SYNC_FILE_RANGE_WRITE` alone.
  public static func beginWriteBack(
    _ descriptor: FileDescriptor, at offset: Int64, count: Int64
  ) throws(Errno) {
    try perform(.syncFileRange) { xio_begin_write_back(descriptor.rawValue, offset, count) }
  }

  /// Returns the alignment that O_DIRECT needs on a file, or nil where the file has no direct I/O.
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - fallback: What to assume, in bytes, where a file system on a device names none.
  /// - Returns: The alignment, or nil.
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `statx` with `STATX_DIOALIGN`, and `fstatfs`.
  public static func directAlignment(
    _ descriptor: FileDescriptor, fallback: Int = 4096
  ) throws(Errno) -> DirectAlignment? {
    var alignment = xio_direct_alignment()
    try perform(.statx) { xio_statx_direct(descriptor.rawValue, &alignment) }
    if alignment.known {
      guard alignment.memory > 0, alignment.offset > 0 else { return nil }
      let offset = max(alignment.offset, alignment.read_offset)
      return DirectAlignment(memory: Int(alignment.memory), offset: Int(offset), isDeclared: true)
    }
    // A file system in memory takes O_DIRECT and serves from the page cache all the same.
    if try isInMemory(descriptor) { return nil }
    return DirectAlignment(memory: fallback, offset: fallback, isDeclared: false)
  }

  /// How many bytes the kernel has taken for all files of the machine and not written yet; nil when it does
  /// not tell.
  ///
  /// The corresponding file is `/proc/meminfo`, its lines `Dirty` and `Writeback`.
  public static func unwrittenBytes() -> Int64? {
    guard let file = try? open("/proc/meminfo", .readOnly) else { return nil }
    defer { try? close(file) }
    return withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 1) { memory in
      guard let count = try? read(file, into: memory, at: nil) else { return nil }
      var total: Int64?
      for line in String(decoding: memory[..<count], as: UTF8.self).split(separator: "\n")
      where line.hasPrefix("Dirty:") || line.hasPrefix("Writeback:") {
        let number = line.split(separator: " ").dropFirst().first.flatMap { Int64($0) }
        total = (total ?? 0) + (number ?? 0) * 1024
      }
      return total
    }
  }

  /// Whether a file's file system has no device below it (tmpfs, ramfs).
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `fstatfs`.
  public static func isInMemory(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
    var fileSystem = xio_file_system()
    try perform(.fstatfs) { xio_fstatfs(descriptor.rawValue, &fileSystem) }
    return fileSystem.in_memory
  }

  /// Whether a read of a file ends where the file ended when the read began, so that what it brings from
  /// one page was there together. Elsewhere a file that is cut and written anew meanwhile can give the
  /// end of the old one and the middle of the new one at once.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `fstatfs`.
  public static func readsOneSize(_ descriptor: FileDescriptor) throws(Errno) -> Bool {
    var fileSystem = xio_file_system()
    try perform(.fstatfs) { xio_fstatfs(descriptor.rawValue, &fileSystem) }
    return fileSystem.reads_one_size
  }
}
