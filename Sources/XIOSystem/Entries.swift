internal import CXIO
internal import Glibc
public import SystemPackage

/// Entries of directories: made, opened, listed and removed by their name in an open directory.
extension System {
  /// Opens an entry, close-on-exec; a signal that interrupts it is no reason to fail.
  ///
  /// - Throws: The error number; EINTR only once the program is asked to end.
  ///
  /// The corresponding C function is `openat`.
  public static func open(
    _ name: NamePointer, in directory: Directory, _ flags: OpenFlags, permissions: UInt32 = 0
  ) throws(Errno) -> FileDescriptor {
    let fd = try retry { () throws(Errno) in
      try perform(.open) { xio_tree_open(directory.rawValue, name, flags.rawValue, permissions) }
    }
    return FileDescriptor(rawValue: CInt(fd))
  }

  /// Reads the next entries of a directory.
  ///
  /// - Parameters:
  ///   - directory: An open directory; its position moves on.
  ///   - memory: Where the records go.
  /// - Returns: How many bytes of records there are; 0 at the end.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `getdents64`.
  public static func readEntries(
    _ directory: FileDescriptor, into memory: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    try perform(.getdents64) {
      xio_tree_entries(directory.rawValue, memory.baseAddress, memory.count)
    }
  }

  /// Makes a directory.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `mkdirat`.
  public static func makeDirectory(
    _ name: NamePointer, in directory: Directory, permissions: UInt32
  ) throws(Errno) {
    try perform(.mkdirat) { xio_tree_make_directory(directory.rawValue, name, permissions) }
  }

  /// Makes a FIFO, a socket or a device node.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - directory: Where to make it.
  ///   - mode: The kind and the permissions, as stat(2) has them.
  ///   - node: What a device node stands for.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `mknodat`.
  public static func makeNode(
    _ name: NamePointer, in directory: Directory, mode: UInt32, node: UInt64
  ) throws(Errno) {
    try perform(.mknodat) { xio_tree_make_node(directory.rawValue, name, mode, node) }
  }

  /// Gives a file a second name.
  ///
  /// - Parameters:
  ///   - name: The name it has.
  ///   - directory: Where that is.
  ///   - newName: The name it gets.
  ///   - newDirectory: Where that goes.
  ///   - follows: Whether a symbolic link stands for what it leads to.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `linkat`.
  public static func makeLink(
    _ name: NamePointer, in directory: Directory, to newName: NamePointer,
    in newDirectory: Directory, follows: Bool
  ) throws(Errno) {
    try perform(.linkat) {
      xio_tree_make_link(directory.rawValue, name, newDirectory.rawValue, newName, follows)
    }
  }

  /// Gives a file that was opened without a name one.
  ///
  /// - Parameters:
  ///   - name: The name it gets.
  ///   - directory: Where that goes: a directory on the same file system.
  ///   - descriptor: A file of ``OpenFlags/nameless``.
  /// - Throws: The error number; EEXIST when there is such a name, ENOENT also where neither a privilege
  ///   nor /proc lets the file be found.
  ///
  /// The corresponding C function is `linkat`.
  public static func makeName(
    _ name: NamePointer, in directory: Directory, of descriptor: FileDescriptor
  ) throws(Errno) {
    try perform(.linkat) {
      xio_tree_name_file(descriptor.rawValue, directory.rawValue, name)
    }
  }

  /// Locks a file against others that lock it, until its description is closed.
  ///
  /// - Throws: EWOULDBLOCK when somebody else has.
  ///
  /// The corresponding C function is `flock`.
  public static func lock(_ descriptor: FileDescriptor) throws(Errno) {
    try perform(.flock) { xio_tree_lock(descriptor.rawValue) }
  }

  /// Makes a symbolic link.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `symlinkat`.
  public static func makeSymbolicLink(
    containing text: NamePointer, named name: NamePointer, in directory: Directory
  ) throws(Errno) {
    try perform(.symlinkat) { xio_tree_make_symbolic_link(text, directory.rawValue, name) }
  }

  /// What a symbolic link contains, with a NUL at its end.
  ///
  /// - Throws: The error number; ENAMETOOLONG beyond 64 KiB, where no file system has links.
  ///
  /// The corresponding C function is `readlinkat`.
  public static func readLink(
    _ name: NamePointer, in directory: Directory
  ) throws(Errno) -> ContiguousArray<CChar> {
    var size = 256
    while size <= 1 << 16 {
      var text = ContiguousArray<CChar>(repeating: 0, count: size)
      let count = try perform(.readlinkat) {
        text.withUnsafeMutableBufferPointer {
          xio_tree_read_link(directory.rawValue, name, $0.baseAddress, size)
        }
      }
      if count < size {
        text.removeLast(size - count - 1)
        return text
      }
      size *= 4
    }
    throw .fileNameTooLong
  }

  /// Removes a name; a directory must be empty and be called one.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `unlinkat`.
  public static func remove(
    _ name: NamePointer, in directory: Directory, isDirectory: Bool = false
  ) throws(Errno) {
    try perform(.unlinkat) { xio_tree_remove(directory.rawValue, name, isDirectory) }
  }

  /// Gives a file another name.
  ///
  /// - Parameters:
  ///   - name: The name it has.
  ///   - directory: Where that is.
  ///   - newName: The name it gets.
  ///   - newDirectory: Where that goes.
  ///   - replaces: Whether a file that has the new name already is given up.
  /// - Throws: The error number; EEXIST when there is such a file that must stay.
  ///
  /// The corresponding C function is `renameat2`, without replacing with `RENAME_NOREPLACE`.
  public static func rename(
    _ name: NamePointer, in directory: Directory, to newName: NamePointer,
    in newDirectory: Directory, replaces: Bool
  ) throws(Errno) {
    try perform(.renameat2) {
      xio_tree_rename(directory.rawValue, name, newDirectory.rawValue, newName, replaces)
    }
  }

  /// Writes everything of a file system that is not on the device yet.
  ///
  /// - Throws: The error number, which can be that of an earlier write.
  ///
  /// The corresponding C function is `syncfs`.
  public static func synchronizeFileSystem(of descriptor: FileDescriptor) throws(Errno) {
    try perform(.syncfs) { xio_tree_sync_file_system(descriptor.rawValue) }
  }

  /// The first offset in bytes, from `offset` on, that is in a hole; the end of the file is one.
  ///
  /// - Throws: ENXIO beyond the end.
  ///
  /// The corresponding C call is `lseek` with `SEEK_HOLE`.
  public static func holeOffset(
    _ descriptor: FileDescriptor, from offset: Int64
  ) throws(Errno) -> Int64 {
    Int64(try perform(.lseek) { Int(xio_tree_seek_hole(descriptor.rawValue, offset)) })
  }

  /// Whether the caller may write to a file.
  ///
  /// The corresponding C function is `faccessat` with `AT_EACCESS`.
  public static func mayWrite(_ name: NamePointer, in directory: Directory) -> Bool {
    (try? checkMayWrite(name, in: directory)) != nil
  }

  /// Fails where the caller may not write to a file.
  ///
  /// - Throws: The error number, such as EACCES.
  ///
  /// The corresponding C function is `faccessat` with `AT_EACCESS`.
  public static func checkMayWrite(
    _ name: NamePointer, in directory: Directory
  ) throws(Errno) {
    try perform(.faccessat2) { xio_tree_may_write(directory.rawValue, name) }
  }

  /// The permissions that new files do not get. It is to be asked for first while there is one thread: the
  /// question takes a moment in which nothing is masked.
  ///
  /// The corresponding C function is `umask`.
  public static let modeMask = UInt32(xio_tree_mode_mask())
}

/// One entry in a buffer that ``System/readEntries(_:into:)`` has filled.
public struct RawEntry {
  /// The name, in the buffer.
  public let name: NamePointer
  /// What it is, as far as the directory tells: nil when it does not.
  public let kind: FileKind?
  /// Where the next entry begins in the directory.
  public let nextPosition: Int64

  /// Takes a record, as getdents64(2) writes it.
  fileprivate init(_ record: UnsafeRawPointer) {
    name = (record + RawEntries.headerSize).assumingMemoryBound(to: CChar.self)
    kind = Self.kind(record.load(fromByteOffset: 18, as: UInt8.self))
    nextPosition = record.loadUnaligned(fromByteOffset: 8, as: Int64.self)
  }

  fileprivate var isDots: Bool {
    name[0] == 46 && (name[1] == 0 || name[1] == 46 && name[2] == 0)
  }

  private static func kind(_ type: UInt8) -> FileKind? {
    // The numbers of d_type are those of the mode, shifted.
    type == 0 ? nil : FileKind(mode: UInt32(type) << 12)
  }
}

/// The entries in a buffer that ``System/readEntries(_:into:)`` has filled, without `.` and `..`.
public struct RawEntries: Sequence, IteratorProtocol {
  fileprivate static let headerSize = 19

  /// The records that have not been taken yet.
  public private(set) var rest: UnsafeRawBufferPointer

  /// Takes the records. They must stay as long as entries are in use.
  public init(_ records: UnsafeRawBufferPointer) {
    rest = records
  }

  /// Takes the next entry.
  public mutating func next() -> RawEntry? {
    while let length = Self.length(of: rest), let record = rest.baseAddress {
      rest = UnsafeRawBufferPointer(rebasing: rest[length...])
      let entry = RawEntry(record)
      if !entry.isDots { return entry }
    }
    return nil
  }

  /// Gives up the second half of what is left, by its size in bytes.
  ///
  /// - Returns: The records of that half; empty when only one is left.
  public mutating func splitOff() -> UnsafeRawBufferPointer {
    var middle = 0
    while middle < rest.count / 2,
      let length = Self.length(of: UnsafeRawBufferPointer(rebasing: rest[middle...]))
    {
      middle += length
    }
    let half = UnsafeRawBufferPointer(rebasing: rest[middle...])
    rest = UnsafeRawBufferPointer(rebasing: rest[..<middle])
    return half
  }

  /// The length in bytes of the first record.
  private static func length(of records: UnsafeRawBufferPointer) -> Int? {
    guard records.count > headerSize else { return nil }
    let length = Int(records.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
    return length > headerSize && length <= records.count ? length : nil
  }
}
