internal import CXIO
public import SystemPackage

/// Room on a file system.
public struct Room: Sendable {
  /// Bytes that somebody without privileges can have.
  public var freeBytes: UInt64
  /// How many files can be made; the largest number where there is no limit.
  public var freeFiles: UInt64
  /// The kind of file system, such as `ext4`; the number of the kind in hexadecimal where it is a rare one.
  public var fileSystem: String

  private static let names: [UInt32: String] = [
    0xef53: "ext4", 0x5846_5342: "xfs", 0x9123_683e: "btrfs", 0x0102_1994: "tmpfs",
    0x8584_58f6: "ramfs", 0x6969: "nfs", 0x794c_7630: "overlay", 0xff53_4d42: "cifs",
    0xf2f5_2010: "f2fs", 0x2fc1_2fc1: "zfs", 0xca45_1a4e: "bcachefs", 0x4d44: "vfat",
    0x6573_5546: "fuse", 0x0102_1997: "9p", 0x9fa0: "proc", 0x0bd0_0bd0: "lustre",
  ]

  init(_ room: xio_room) {
    freeBytes = room.free_bytes
    freeFiles = room.free_files
    fileSystem = Self.names[room.magic] ?? "0x" + String(room.magic, radix: 16)
  }
}

extension System {
  /// How much room there is where a file lies.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `fstatfs`.
  public static func room(_ descriptor: FileDescriptor) throws(Errno) -> Room {
    var room = xio_room()
    try perform(.fstatfs) { xio_free_room(descriptor.rawValue, &room) }
    return Room(room)
  }
}
