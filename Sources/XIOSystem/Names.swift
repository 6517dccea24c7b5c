internal import CXIO
internal import Glibc
public import SystemPackage

/// What is known of a file whose growth matters.
public struct NameStatus: Sendable {
  private let found: xio_name_status

  init(_ found: xio_name_status) {
    self.found = found
  }

  /// The device and the inode, which together identify the file.
  public var device: UInt64 { found.device }
  /// The inode.
  public var inode: UInt64 { found.inode }
  /// The size in bytes.
  public var size: Int64 { found.size }
  /// When data was last changed, in nanoseconds since 1970.
  public var modified: Int64 { found.modified_ns }
  /// When the file or its name was last changed, in nanoseconds since 1970.
  public var changed: Int64 { found.changed_ns }
  /// The kind of object.
  public var kind: FileKind { FileKind(mode: found.mode) }
}

/// The name of an entry of a directory, ready for system calls.
public final class EntryName: Sendable {
  /// The bytes, and a NUL.
  fileprivate let storage: ContiguousArray<CChar>

  /// Takes the bytes of a name or of a path.
  public init(_ bytes: some Sequence<UInt8>) {
    storage = ContiguousArray(bytes.map { CChar(bitPattern: $0) } + [0])
  }

  fileprivate func withPointer<Output>(_ body: (UnsafePointer<CChar>?) -> Output) -> Output {
    storage.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}

/// Files by their name in a directory.
extension System {
  /// Opens a directory as a place to look names up in.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `open` with `O_PATH`.
  public static func openDirectory(_ path: FilePath) throws(Errno) -> FileDescriptor {
    let fd = try perform(.open) { path.withPlatformString { xio_open_directory($0) } }
    return FileDescriptor(rawValue: CInt(fd))
  }

  /// Opens a file by its name in a directory, close-on-exec.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - directory: Where to look it up; nil is the working directory.
  ///   - flags: How to open it.
  /// - Returns: The descriptor.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `openat`.
  public static func open(
    _ name: EntryName, in directory: FileDescriptor?, _ flags: OpenFlags
  ) throws(Errno) -> FileDescriptor {
    let fd = try perform(.open) {
      name.withPointer { xio_open_at(directory?.rawValue ?? -1, $0, flags.rawValue) }
    }
    return FileDescriptor(rawValue: CInt(fd))
  }

  /// Returns what a name in a directory stands for, symbolic links followed.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - directory: Where to look it up; nil is the working directory.
  /// - Returns: What is known of the file.
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `fstatat`.
  public static func status(
    of name: EntryName, in directory: FileDescriptor?
  ) throws(Errno) -> NameStatus {
    var found = xio_name_status()
    try perform(.stat) {
      name.withPointer { xio_status_at(directory?.rawValue ?? -1, $0, &found) }
    }
    return NameStatus(found)
  }

  /// Returns what an open file is.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `fstat`.
  public static func nameStatus(_ descriptor: FileDescriptor) throws(Errno) -> NameStatus {
    var found = xio_name_status()
    try perform(.fstat) { xio_status_of(descriptor.rawValue, &found) }
    return NameStatus(found)
  }

  /// Where a symbolic link leads; nil for what is none.
  ///
  /// The corresponding C function is `readlink`.
  public static func linkTarget(_ path: FilePath) -> FilePath? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4097) { buffer in
      let length = try? perform(.readlink) {
        path.withPlatformString { xio_readlink($0, buffer.baseAddress, 4096) }
      }
      guard let length, let start = buffer.baseAddress else { return nil }
      buffer[length] = 0
      return FilePath(platformString: start)
    }
  }

  /// The names in a directory, in no order.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `opendir` and `readdir`.
  public static func entries(of directory: FilePath) throws(Errno) -> [[UInt8]] {
    var stream: OpaquePointer?
    try perform(.getdents64) {
      stream = directory.withPlatformString { opendir($0) }
      return stream == nil ? -Int(Glibc.errno) : 0
    }
    guard let stream else { return [] }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != [46], name != [46, 46] { names.append(name) }
    }
    return names
  }
}
