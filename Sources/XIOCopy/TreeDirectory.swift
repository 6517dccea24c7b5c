internal import Synchronization
internal import SystemPackage
internal import XIOSystem

/// A directory that is being copied: both ends, and how far it has come.
final class TreeDirectory: @unchecked Sendable {
  let parent: TreeDirectory?
  /// The names in the parents, or the paths of an operand.
  let sourceName: ContiguousArray<CChar>, targetName: ContiguousArray<CChar>
  /// What the source was when it was found.
  let status: EntryStatus
  /// Whether the target was made by this job, and with which permissions beyond those it shall have.
  let isNew: Bool
  /// The permissions that the target gets in the end; nil leaves them.
  let finalMode: UInt32?
  /// Whether symbolic links in the place of the directories are followed.
  let followsSource: Bool, followsTarget: Bool
  /// The file system that the operand is on.
  let rootDevice: UInt64

  /// Tells it from all other directories of this run of the program.
  let number = TreeDirectory.made.add(1, ordering: .relaxed).newValue
  private static let made = Atomic<Int>(0)

  // Set by whoever opens the target first, and never again: each thread looks at it before it goes on.
  private let found = Mutex<Bool>(false)
  private(set) var targetIdentity: EntryStatus.Identity?
  /// Whether the target can only be opened as a place for names.
  private(set) var targetIsPlace = false
  /// The group that files in the target get when they are made, if that is certain.
  private(set) var newGroup: UInt32?

  /// Where the listing goes on; only whoever lists touches it.
  var position: Int64 = 0
  /// What has begun and not ended below: the listing itself is one.
  private let pending = Atomic<Int>(1)
  /// Whether files in the target get an access control list when they are made.
  private let inheritance = Atomic<UInt8>(0)
  private let failed = Atomic<Bool>(false)

  init(
    parent: TreeDirectory?, sourceName: ContiguousArray<CChar>,
    targetName: ContiguousArray<CChar>, status: EntryStatus, isNew: Bool, finalMode: UInt32?,
    followsSource: Bool, followsTarget: Bool
  ) {
    self.parent = parent
    self.sourceName = sourceName
    self.targetName = targetName
    self.status = status
    self.isNew = isNew
    self.finalMode = finalMode
    self.followsSource = followsSource
    self.followsTarget = followsTarget
    rootDevice = parent?.rootDevice ?? status.identity.device
  }

  /// Tells whether a directory that was opened as the target is it: the same as before.
  ///
  /// - Parameters:
  ///   - status: What was opened.
  ///   - isPlace: Whether it can only be opened as a place for names.
  /// - Returns: Whether it may be written into.
  func isTarget(_ status: EntryStatus, isPlace: Bool) -> Bool {
    found.withLock { wasFound in
      if wasFound { return targetIdentity == status.identity }
      wasFound = true
      targetIdentity = status.identity
      targetIsPlace = isPlace
      // Whether the directory hands its group down is a matter of its mode and of how it is mounted.
      newGroup = status.group == Caller.group ? Caller.group : nil
      return true
    }
  }

  /// Something in the directory begins.
  func beginOne() {
    pending.add(1, ordering: .relaxed)
  }

  /// Something in the directory has ended.
  ///
  /// - Returns: Whether nothing is left.
  func endOne() -> Bool {
    pending.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }

  /// Whether everything in the directory has ended.
  var isFinished: Bool { pending.load(ordering: .relaxed) == 0 }

  /// Whether something in the directory has failed.
  var hasFailed: Bool { failed.load(ordering: .relaxed) }

  /// Something in the directory has failed.
  func markFailed() {
    failed.store(true, ordering: .relaxed)
  }

  /// Whether files in the target get an access control list when they are made; looked up once.
  func inheritsList(_ look: () -> Bool) -> Bool {
    let known = inheritance.load(ordering: .relaxed)
    if known != 0 { return known == 2 }
    let found = look()
    inheritance.store(found ? 2 : 1, ordering: .relaxed)
    return found
  }

  /// The file system of the target, once that is open.
  var targetDevice: UInt64? { targetIdentity?.device }

  /// The whole name of the source, for messages.
  var sourcePath: FilePath { path { $0.sourceName } }
  /// The whole name of the target, for messages.
  var targetPath: FilePath { path { $0.targetName } }

  private func path(_ name: (TreeDirectory) -> ContiguousArray<CChar>) -> FilePath {
    var names: [ContiguousArray<CChar>] = []
    var next: TreeDirectory? = self
    while let directory = next {
      names.append(name(directory))
      next = directory.parent
    }
    var bytes: [CChar] = []
    for name in names.reversed() {
      if !bytes.isEmpty, bytes.last != 47 { bytes.append(47) }
      bytes += name.dropLast()
    }
    return ContiguousArray(bytes + [0]).path
  }

  /// Whether a directory is this one or one that this one is in.
  func isBelow(_ identity: EntryStatus.Identity) -> Bool {
    var next: TreeDirectory? = self
    while let directory = next {
      if directory.status.identity == identity { return true }
      next = directory.parent
    }
    return false
  }
}

/// Names that last for ever.
enum FixedName {
  nonisolated(unsafe) static let here = make(".")
  nonisolated(unsafe) static let up = make("..")

  private static func make(_ text: StaticString) -> NamePointer {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}

/// One thing to copy. Names are valid as long as what lent them.
struct Entry {
  /// The directories it is in and goes to; nil for an operand.
  var parent: TreeDirectory?
  var source: Directory, sourceName: NamePointer
  var target: Directory, targetName: NamePointer
  /// The name that it is made by when it takes its own later.
  var temporaryName: NamePointer?
  /// What the listing says it is.
  var kind: FileKind?
  /// Whether there can be nothing in the way, as the target directory is new.
  var targetIsNew: Bool

  var isOperand: Bool { parent == nil }
  /// The name that it is made by.
  var madeName: NamePointer { temporaryName ?? targetName }

  var sourcePath: FilePath { Entry.path(parent?.sourcePath, sourceName) }
  var targetPath: FilePath { Entry.path(parent?.targetPath, targetName) }

  static func path(_ parent: FilePath?, _ name: NamePointer) -> FilePath {
    guard let parent else { return PathName(name).path }
    return parent.pushing(FilePath(platformString: name))
  }
}

extension ContiguousArray where Element == CChar {
  /// Lends a name, at the end of which there is a NUL, to a system call.
  func withName<Output, Failure: Error>(
    _ body: (NamePointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try withUnsafeBufferPointer { (buffer) throws(Failure) -> Output in
      guard let start = buffer.baseAddress else {
        var nothing: CChar = 0
        return try body(&nothing)
      }
      return try body(start)
    }
  }

  /// The name for messages.
  var path: FilePath { withName { FilePath(platformString: $0) } }
}
