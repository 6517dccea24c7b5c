internal import CXIO
internal import Glibc
public import SystemPackage

/// What inotify(7) can announce, and how it is asked.
public struct WatchMask: OptionSet, Sendable {
  /// The bits, as inotify(7) names them.
  public let rawValue: UInt32

  /// Takes the bits as they are.
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// The file was written to or truncated.
  public static let modify = WatchMask(rawValue: 0x2)
  /// Its metadata has changed.
  public static let attributes = WatchMask(rawValue: 0x4)
  /// Somebody who could write has closed it.
  public static let closeWrite = WatchMask(rawValue: 0x8)
  /// A name has left the directory, or has come into it.
  public static let movedFrom = WatchMask(rawValue: 0x40), movedTo = WatchMask(rawValue: 0x80)
  /// A name was made, or removed.
  public static let create = WatchMask(rawValue: 0x100), delete = WatchMask(rawValue: 0x200)
  /// What is watched was removed, or renamed.
  public static let deleteSelf = WatchMask(rawValue: 0x400), moveSelf = WatchMask(rawValue: 0x800)
  /// Its file system was unmounted.
  public static let unmount = WatchMask(rawValue: 0x2000)
  /// Events were lost.
  public static let overflow = WatchMask(rawValue: 0x4000)
  /// The watch has ended.
  public static let ignored = WatchMask(rawValue: 0x8000)
  /// Only directories are to be watched.
  public static let onlyDirectory = WatchMask(rawValue: 0x0100_0000)
  /// What is watched already stays watched.
  public static let add = WatchMask(rawValue: 0x2000_0000)
}

/// One event of inotify(7).
public struct WatchEvent: Sendable {
  /// The watch, what happened, and what pairs the two halves of a renaming.
  public var watch: Int32, mask: WatchMask, cookie: UInt32
  /// The name in the directory; empty for what is watched itself.
  public var name: [UInt8]

}

/// The events that a read of an inotify instance has brought.
public struct WatchEvents: Sequence, IteratorProtocol {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  /// Takes the bytes, which must stay where they are meanwhile.
  public init(in bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next event; nil after the last one.
  public mutating func next() -> WatchEvent? {
    guard at + 16 <= bytes.count else { return nil }
    let length = Int(bytes.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self))
    let field = bytes[(at + 16)..<Swift.min(bytes.count, at + 16 + length)]
    defer { at += 16 + length }
    return WatchEvent(
      watch: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self),
      mask: WatchMask(rawValue: bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)),
      cookie: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt32.self),
      name: length == 0 ? [] : Array(field.prefix { $0 != 0 }))
  }
}

/// Watching names and files.
extension System {
  /// Makes an inotify instance, close-on-exec.
  ///
  /// - Parameter blocking: Whether reads wait.
  /// - Returns: The descriptor to read events from.
  /// - Throws: EMFILE when the user has too many (`fs.inotify.max_user_instances`).
  ///
  /// The corresponding C function is `inotify_init1`.
  public static func makeInotify(blocking: Bool) throws(Errno) -> FileDescriptor {
    FileDescriptor(rawValue: CInt(try perform(.inotifyInit1) { xio_inotify_create(blocking) }))
  }

  /// Watches a file or directory.
  ///
  /// - Returns: The number of the watch, the same for the same file.
  /// - Throws: ENOSPC when the user has too many watches (`fs.inotify.max_user_watches`).
  ///
  /// The corresponding C function is `inotify_add_watch`.
  public static func watch(
    _ inotify: FileDescriptor, _ path: FilePath, _ mask: WatchMask
  ) throws(Errno) -> Int32 {
    Int32(
      try perform(.inotifyAddWatch) {
        path.withPlatformString { xio_inotify_watch(inotify.rawValue, $0, mask.rawValue) }
      })
  }

  /// Watches an open file by its descriptor, whatever its name.
  ///
  /// - Returns: The number of the watch, the same for the same file.
  /// - Throws: ENOSPC when the user has too many watches (`fs.inotify.max_user_watches`).
  ///
  /// The corresponding C function is `inotify_add_watch` on `/proc/self/fd`.
  public static func watch(
    _ inotify: FileDescriptor, _ file: FileDescriptor, _ mask: WatchMask
  ) throws(Errno) -> Int32 {
    try watch(inotify, FilePath("/proc/self/fd/\(file.rawValue)"), mask)
  }

  /// Ends a watch.
  ///
  /// - Throws: EINVAL when it has ended already.
  ///
  /// The corresponding C function is `inotify_rm_watch`.
  public static func unwatch(_ inotify: FileDescriptor, _ watch: Int32) throws(Errno) {
    try perform(.inotifyRmWatch) { xio_inotify_unwatch(inotify.rawValue, watch) }
  }

  /// How many bytes can be read at once.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `ioctl` with `FIONREAD`.
  public static func readableBytes(_ descriptor: FileDescriptor) throws(Errno) -> Int {
    try perform(.ioctl) { xio_readable_bytes(descriptor.rawValue) }
  }
}
