internal import CXIO
internal import Glibc
public import SystemPackage

/// All that a copy keeps of what stat(2) says of a file.
public struct EntryStatus: Sendable {
  private var found: stat

  init(_ found: stat) {
    self.found = found
  }

  /// What tells a file from all others.
  public struct Identity: Hashable, Sendable {
    /// The device.
    public var device: UInt64
    /// The inode on it.
    public var inode: UInt64
  }

  /// A moment, to the nanosecond, before or after 1970.
  public struct Moment: Sendable, Equatable, Comparable {
    /// Whole seconds, rounded down, and what remains.
    public var seconds: Int64, nanoseconds: Int64

    /// Takes both parts.
    public init(seconds: Int64, nanoseconds: Int64) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }

    /// Whether `first` came before `second`.
    public static func < (first: Moment, second: Moment) -> Bool {
      (first.seconds, first.nanoseconds) < (second.seconds, second.nanoseconds)
    }

    init(_ time: timespec) {
      self.init(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }
  }

  /// The device and the inode.
  public var identity: Identity {
    Identity(device: UInt64(found.st_dev), inode: UInt64(found.st_ino))
  }
  /// The kind of object.
  public var kind: FileKind { FileKind(mode: found.st_mode) }
  /// The kind and the permissions, as mknod(2) takes them.
  public var mode: UInt32 { found.st_mode }
  /// The permission bits, with setuid, setgid and sticky.
  public var permissions: UInt32 { found.st_mode & 0o7777 }
  /// Who owns it.
  public var user: UInt32 { found.st_uid }
  /// The group it belongs to.
  public var group: UInt32 { found.st_gid }
  /// The size in bytes.
  public var size: Int64 { Int64(found.st_size) }
  /// The bytes that its blocks take.
  public var allocated: Int64 { Int64(found.st_blocks) * 512 }
  /// The number of its names.
  public var links: UInt64 { UInt64(found.st_nlink) }
  /// What a device node stands for.
  public var node: UInt64 { UInt64(found.st_rdev) }
  /// When it was last read.
  public var accessed: Moment { Moment(found.st_atim) }
  /// When its data was last changed.
  public var modified: Moment { Moment(found.st_mtim) }
  /// When it or its names were last changed.
  public var changed: Moment { Moment(found.st_ctim) }

  /// The status of a file that differs in its permission bits alone.
  public func having(permissions: UInt32) -> EntryStatus {
    var other = self
    other.found.st_mode = found.st_mode & ~0o7777 | permissions
    return other
  }

  /// Whether data or size have changed since `earlier`.
  public func hasChanged(since earlier: EntryStatus) -> Bool {
    size != earlier.size || modified != earlier.modified
  }
}

/// A directory that names are looked up in, or the working directory.
public struct Directory: Sendable, Equatable {
  /// The descriptor, or AT_FDCWD.
  public let rawValue: Int32

  /// Takes an open directory.
  public init(_ descriptor: FileDescriptor) {
    rawValue = descriptor.rawValue
  }

  private init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The working directory.
  public static let working = Directory(rawValue: AT_FDCWD)
}

/// The name of an entry, NUL at its end; valid as long as what lent it.
public typealias NamePointer = UnsafePointer<CChar>

extension System {
  /// Returns what a name in a directory stands for.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - directory: Where to look it up.
  ///   - follows: Whether a symbolic link stands for what it leads to.
  /// - Returns: What is known of the file.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `fstatat`.
  public static func entryStatus(
    _ name: NamePointer, in directory: Directory, follows: Bool
  ) throws(Errno) -> EntryStatus {
    var found = stat()
    try perform(.stat) { xio_tree_status(directory.rawValue, name, follows, &found) }
    return EntryStatus(found)
  }

  /// Returns what a file is whose attributes are at hand; of a name, a symbolic link itself.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `fstat` and `fstatat`.
  public static func entryStatus(_ subject: AttributeSubject) throws(Errno) -> EntryStatus {
    guard let name = subject.name else {
      return try entryStatus(FileDescriptor(rawValue: subject.directory))
    }
    return try entryStatus(
      name, in: Directory(FileDescriptor(rawValue: subject.directory)), follows: false)
  }

  /// Returns what an open file is.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `fstat`.
  public static func entryStatus(_ descriptor: FileDescriptor) throws(Errno) -> EntryStatus {
    var found = stat()
    try perform(.fstat) { xio_fstat(descriptor.rawValue, &found) }
    return EntryStatus(found)
  }
}
