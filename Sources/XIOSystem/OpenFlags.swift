internal import CXIO
internal import Glibc

/// How a file is to be opened.
public struct OpenFlags: OptionSet, Sendable {
  /// The bits, as open(2) takes them.
  public let rawValue: Int32

  /// Takes the bits as they are.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// For reading alone.
  public static let readOnly = OpenFlags([])
  /// For writing alone.
  public static let writeOnly = OpenFlags(rawValue: O_WRONLY)
  /// For both.
  public static let readWrite = OpenFlags(rawValue: O_RDWR)
  /// Made when it is not there.
  public static let create = OpenFlags(rawValue: O_CREAT)
  /// Made, and an error when it is there.
  public static let exclusive = OpenFlags(rawValue: O_EXCL)
  /// Emptied.
  public static let truncate = OpenFlags(rawValue: O_TRUNC)
  /// Not waiting for the other end of a FIFO.
  public static let nonBlocking = OpenFlags(rawValue: O_NONBLOCK)
  /// Without becoming the controlling terminal.
  public static let noTerminal = OpenFlags(rawValue: O_NOCTTY)
  /// Past the page cache.
  public static let direct = OpenFlags(rawValue: xio_o_direct)
  /// Not through a symbolic link in the place of the last name.
  public static let noFollow = OpenFlags(rawValue: xio_o_no_follow)
  /// A directory or nothing.
  public static let directory = OpenFlags(rawValue: xio_o_directory)
  /// A file without a name; the directory that it is opened by says where its data goes.
  public static let nameless = OpenFlags(rawValue: xio_o_nameless)
  /// A place in the file system, and not what is there.
  public static let place = OpenFlags(rawValue: xio_o_path)
}

/// Status flags of an open file description that can change, as F_GETFL returns them.
public struct StatusFlags: OptionSet, Sendable {
  /// The bits of fcntl(2).
  public let rawValue: Int32

  /// Takes the bits as they are.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// Calls fail with EAGAIN rather than wait.
  public static let nonBlocking = StatusFlags(rawValue: O_NONBLOCK)
  /// Every write goes to the end.
  public static let append = StatusFlags(rawValue: O_APPEND)
  /// Input and output announce themselves by a signal.
  public static let async = StatusFlags(rawValue: O_ASYNC)
  /// Past the page cache.
  public static let direct = StatusFlags(rawValue: xio_o_direct)

  /// Whether the description can be read from.
  public var canRead: Bool { !isPlace && rawValue & O_ACCMODE != O_WRONLY }
  /// Whether the description can be written to.
  public var canWrite: Bool { !isPlace && rawValue & O_ACCMODE != O_RDONLY }
  /// Whether it is a place in the file system alone, and not what is there.
  public var isPlace: Bool { rawValue & xio_o_path != 0 }
}
