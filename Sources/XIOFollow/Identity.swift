public import XIOSystem

/// What makes a file the same file, whatever its name.
public struct FileIdentity: Sendable, Hashable {
  /// The device and the inode.
  public var device: UInt64, inode: UInt64

  /// Takes what fstat(2) says.
  public init(_ status: FileStatus) {
    device = status.device
    inode = status.inode
  }
}
