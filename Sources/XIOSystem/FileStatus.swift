internal import CXIO
internal import Glibc

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

  /// Takes the kind out of the mode of stat(2).
  init(mode: UInt32) {
    self =
      switch mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      case S_IFCHR: .characterDevice
      case S_IFBLK: .blockDevice
      case S_IFLNK: .symbolicLink
      default: .anonymous
      }
  }

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

  init(_ status: stat) {
    kind = FileKind(mode: status.st_mode)
    size = Int64(status.st_size)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    permissions = status.st_mode & 0o7777
  }

  /// Whether both describe one file.
  public func isSameFile(as other: FileStatus) -> Bool {
    device == other.device && inode == other.inode
  }
}
