internal import CXIO
internal import Glibc
public import SystemPackage

/// A file whose attributes are set: an open one, or a name in a directory, a link not followed.
public struct AttributeSubject {
  let directory: Int32
  let name: NamePointer?

  /// An open file.
  public init(_ descriptor: FileDescriptor) {
    directory = descriptor.rawValue
    name = nil
  }

  /// An open directory.
  public init(_ directory: Directory) {
    self.directory = directory.rawValue
    name = nil
  }

  /// A name in a directory.
  public init(_ name: NamePointer, in directory: Directory) {
    self.directory = directory.rawValue
    self.name = name
  }
}

/// Owners, modes, times and extended attributes.
extension System {
  /// Sets when a file was last read and changed.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `futimens` and `utimensat`.
  public static func setTimes(
    _ subject: AttributeSubject, accessed: EntryStatus.Moment, modified: EntryStatus.Moment
  ) throws(Errno) {
    try perform(.utimensat) {
      xio_tree_set_times(
        subject.directory, subject.name,
        xio_time(seconds: accessed.seconds, nanoseconds: accessed.nanoseconds),
        xio_time(seconds: modified.seconds, nanoseconds: modified.nanoseconds))
    }
  }

  /// Gives a file to somebody.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `fchown` and `fchownat`.
  public static func setOwner(
    _ subject: AttributeSubject, user: UInt32, group: UInt32
  ) throws(Errno) {
    try perform(subject.name == nil ? .fchown : .fchownat) {
      xio_tree_set_owner(subject.directory, subject.name, user, group)
    }
  }

  /// Sets permission bits; of a name that is no symbolic link.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C functions are `fchmod` and `fchmodat`.
  public static func setMode(_ subject: AttributeSubject, _ mode: UInt32) throws(Errno) {
    try perform(subject.name == nil ? .fchmod : .fchmodat) {
      xio_tree_set_mode(subject.directory, subject.name, mode)
    }
  }

  /// The names of a file's extended attributes, each with a NUL at its end: one call when there are none, two
  /// otherwise.
  ///
  /// - Throws: EOPNOTSUPP where the file system has none.
  ///
  /// The corresponding C functions are `flistxattr` and `llistxattr`.
  public static func attributeNames(
    _ subject: AttributeSubject
  ) throws(Errno) -> [ContiguousArray<CChar>] {
    let call: SystemCall = subject.name == nil ? .flistxattr : .llistxattr
    // Most files have none, and then nobody needs memory.
    let size = try perform(call) {
      xio_tree_list_attributes(subject.directory, subject.name, nil, 0)
    }
    guard size > 0 else { return [] }
    let text = try whole(call) {
      xio_tree_list_attributes(
        subject.directory, subject.name, $0?.assumingMemoryBound(to: CChar.self), $1)
    }
    return text.split(separator: 0).map {
      ContiguousArray($0.map { CChar(bitPattern: $0) } + [0])
    }
  }

  /// The value of an extended attribute.
  ///
  /// - Throws: ENODATA when the file has none of that name.
  ///
  /// The corresponding C functions are `fgetxattr` and `lgetxattr`.
  public static func attribute(
    _ key: NamePointer, of subject: AttributeSubject
  ) throws(Errno) -> [UInt8] {
    try whole(subject.name == nil ? .fgetxattr : .lgetxattr) {
      xio_tree_get_attribute(subject.directory, subject.name, key, $0, $1)
    }
  }

  /// Sets an extended attribute.
  ///
  /// - Throws: EOPNOTSUPP where the file system has none of that kind.
  ///
  /// The corresponding C functions are `fsetxattr` and `lsetxattr`.
  public static func setAttribute(
    _ key: NamePointer, of subject: AttributeSubject, to value: [UInt8]
  ) throws(Errno) {
    try perform(subject.name == nil ? .fsetxattr : .lsetxattr) {
      value.withUnsafeBytes {
        xio_tree_set_attribute(
          subject.directory, subject.name, key, $0.baseAddress, $0.count)
      }
    }
  }

  /// Removes an extended attribute.
  ///
  /// - Throws: ENODATA when the file has none of that name.
  ///
  /// The corresponding C functions are `fremovexattr` and `lremovexattr`.
  public static func removeAttribute(
    _ key: NamePointer, of subject: AttributeSubject
  ) throws(Errno) {
    try perform(subject.name == nil ? .fremovexattr : .lremovexattr) {
      xio_tree_remove_attribute(subject.directory, subject.name, key)
    }
  }

  /// Fills memory that is made as large as the answer.
  private static func whole(
    _ call: SystemCall, _ body: (UnsafeMutableRawPointer?, Int) -> Int
  ) throws(Errno) -> [UInt8] {
    var size = 512
    while true {
      var bytes = [UInt8](repeating: 0, count: size)
      do throws(Errno) {
        let count = try perform(call) {
          bytes.withUnsafeMutableBytes { body($0.baseAddress, size) }
        }
        bytes.removeLast(size - count)
        return bytes
      } catch {
        guard error == .outOfRange, size < 1 << 17 else { throw error }
        size *= 16
      }
    }
  }
}
