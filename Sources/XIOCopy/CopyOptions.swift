public import SystemPackage
public import XIOEngines
internal import XIOSystem

/// What a copy is to keep and to do, as the options of `cp` say it.
public struct CopyOptions: Sendable {
  /// Which symbolic links stand for what they lead to.
  public enum Dereference: Sendable {
    case never, operands, always
  }

  /// What becomes of a file that is in the way.
  public enum Overwriting: Sendable {
    /// It is overwritten.
    case always
    /// It is overwritten when somebody says so.
    case ask
    /// It stays, and that is no failure.
    case skip
    /// It stays, and that is a failure.
    case refuse
  }

  /// How a file that is in the way is kept under another name.
  public enum Backup: Sendable {
    case none, simple, numbered
    /// Numbered where there are numbered ones already, else simple.
    case existing
  }

  /// Whether something is done.
  public enum When: Sendable {
    case auto, always, never
  }

  /// What a copy has in common with its source.
  public struct Attributes: OptionSet, Sendable {
    /// A bit each.
    public let rawValue: Int

    /// Takes the bits.
    public init(rawValue: Int) {
      self.rawValue = rawValue
    }

    /// Permissions and access control lists.
    public static let mode = Attributes(rawValue: 1)
    /// User and group.
    public static let ownership = Attributes(rawValue: 2)
    /// When it was read and changed.
    public static let timestamps = Attributes(rawValue: 4)
    /// That several names are one file.
    public static let links = Attributes(rawValue: 8)
    /// The security context.
    public static let context = Attributes(rawValue: 16)
    /// Extended attributes.
    public static let xattr = Attributes(rawValue: 32)
    /// Everything.
    public static let all: Attributes = [.mode, .ownership, .timestamps, .links, .context, .xattr]
  }

  /// What is made in the place of a copy.
  public enum Product: Sendable {
    case copy, hardLink, symbolicLink
  }

  /// What is on the device when the copy is done.
  public enum Durability: String, Sendable {
    /// Whatever the kernel has written by then.
    case cached
    /// The data of every file.
    case data
    /// Every file before it takes its name, and then its directory.
    case full
    /// Everything, by one call for each file system at the end.
    case batch
  }

  /// What copies are compared with their sources by.
  public enum Verification: String, Sendable {
    /// What the page cache holds of both.
    case flight
    /// What the device returns of the copy.
    case media
  }

  /// Whether directories are copied with all that is in them.
  public var isRecursive = false
  /// Which symbolic links are followed.
  public var dereference = Dereference.always
  /// Whether special files are read like regular ones in a recursive copy.
  public var copiesContents = false
  /// What is kept, and what is left out although it usually is kept.
  public var kept: Attributes = [], dropped: Attributes = []
  /// What must be kept, or the copy has failed.
  public var required: Attributes = []
  /// Whether data stays behind.
  public var attributesOnly = false
  /// What is made.
  public var product = Product.copy
  /// What becomes of files in the way, and whether only older ones are overwritten.
  public var overwriting = Overwriting.always, onlyOlder = false
  /// Whether a target that cannot be opened is removed, and whether every one is removed first.
  public var forces = false, removesDestination = false
  /// How files in the way are kept, and what simple backups end in.
  public var backup = Backup.none, suffix = "~"
  /// Whether source directories are made in the target.
  public var parents = false
  /// Whether other file systems are left out.
  public var staysOnFileSystem = false
  /// Whether a symbolic link to a directory in the target stands for that.
  public var keepsDirectoryLinks = false
  /// Whether dangling symbolic links are written through, as POSIX has it.
  public var writesThroughDanglingLinks = false
  /// Whether extents are shared, and holes made.
  public var reflink = When.auto, sparse = When.auto
  /// Whether the kernel may copy by itself, which may share extents and sees no zeros.
  var allowsOffload: Bool { reflink != .never && sparse == .auto }
  /// Whether the copy must have blocks of its own.
  public var isPhysical = false
  /// Whether each file appears complete or not at all, and what was begun is gone on with.
  public var isAtomic = false, resumes = false
  /// What is on the device in the end.
  public var durability = Durability.cached
  /// How copies are compared with their sources; nil is not at all.
  public var verification: Verification?
  /// Whether what is done is said, and how.
  public var verbose = false, debug = false
  /// Whether slashes at the end of sources are taken away.
  public var stripsSlashes = false
  /// The security context that copies get.
  public var context: String?
  /// How many threads copy trees; nil is what was measured to be best.
  public var jobs: Int?
  /// How bytes move.
  public var transfer = TransferOptions()

  /// Copies the way `cp` does without options.
  public init() {}

  /// Whether entries of a new directory can be copied without a look at what is in the way.
  var isPlain: Bool {
    product == .copy && !attributesOnly && backup == .none
  }

  /// Whether files take their names when they are complete.
  var appearsWhole: Bool {
    (isAtomic || resumes || durability == .full) && !attributesOnly
  }

  /// Whether there is more to do for a file than to copy it.
  var isCareful: Bool {
    appearsWhole || durability != .cached || verification != nil
  }
}

/// The name of a file as it was given: bytes, with the slashes at its end.
public struct PathName: Sendable, Equatable {
  /// The bytes.
  public var bytes: [UInt8]

  /// Takes the bytes.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Whether it ends in a slash: it must be a directory's.
  public var endsInSlash: Bool { bytes.last == UInt8(ascii: "/") }

  /// The name for messages, which show a slash at its end.
  public var path: FilePath { FilePath(name: bytes) }

  /// The name for system calls, with a NUL at its end.
  var text: ContiguousArray<CChar> {
    ContiguousArray(bytes.map { CChar(bitPattern: $0) } + [0])
  }

  /// The name without slashes at its end.
  var stripped: PathName {
    var bytes = bytes
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    return PathName(bytes)
  }

  /// The last part of the name, without slashes at its end.
  var last: [UInt8] {
    let name = stripped.bytes
    return name.lastIndex(of: UInt8(ascii: "/")).map { Array(name[($0 + 1)...]) } ?? name
  }

  /// Everything before the last part; `.` when there is nothing.
  var directory: PathName {
    let name = stripped.bytes
    guard let slash = name.lastIndex(of: UInt8(ascii: "/")) else { return PathName([46]) }
    return PathName(slash == 0 ? [47] : Array(name[..<slash])).stripped
  }

  /// A name in this directory.
  func appending(_ name: [UInt8]) -> PathName {
    PathName(endsInSlash ? bytes + name : bytes + [UInt8(ascii: "/")] + name)
  }
}
