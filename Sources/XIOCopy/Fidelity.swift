internal import Glibc
internal import SystemPackage
internal import XIOSystem

/// What a copy has in common with its source besides its bytes.
///
/// The order matters: changing the owner takes capabilities and setuid away, so it comes first; what opens
/// the file to others comes when it is somebody's already; times come last, as all else changes them.
extension CopyWorker {
  /// The permissions that a new file is to have in the end, without those that the umask takes.
  func modeOfNewFile(_ status: EntryStatus) -> UInt32 {
    if options.dropped.contains(.mode), !options.kept.contains(.mode) {
      return (status.kind == .directory ? 0o777 : 0o666) & ~run.modeMask
    }
    if options.kept.contains(.mode) { return status.permissions }
    // mkdir(2) takes the sticky bit, and cp leaves it to it.
    return status.permissions & (status.kind == .directory ? 0o1777 : 0o777) & ~run.modeMask
  }

  /// Whether a new file belongs to its source's owner from the beginning.
  func isBornToOwner(_ entry: Entry, _ status: EntryStatus) -> Bool {
    status.user == Caller.user && entry.parent?.newGroup == status.group
  }

  /// Whether a new file with those permissions needs nothing more.
  var keepsNothing: Bool {
    options.kept.isDisjoint(with: [.mode, .ownership, .timestamps, .xattr, .context])
  }

  /// Gives a copy the attributes of its source.
  ///
  /// - Parameters:
  ///   - entry: The names, for messages.
  ///   - status: The source.
  ///   - source: The source, to read attributes from.
  ///   - target: The copy.
  ///   - isNew: Whether this job made it; another keeps what it is not told to change.
  ///   - existing: What the copy is already, where that is known: what is right is not set.
  /// - Throws: ``CopyProblem`` for what had to be kept.
  func keep(
    _ entry: Entry, _ status: EntryStatus, from source: AttributeSubject,
    on target: AttributeSubject, isNew: Bool, existing: EntryStatus? = nil
  ) throws(CopyProblem) {
    if keepsNothing, options.context == nil { return }
    let attributes = AttributeCopy(
      run: run, entry: entry, status: status, source: source, target: target)
    var mode = status.permissions
    if options.kept.contains(.ownership), existing.map({ !$0.hasOwner(of: status) }) ?? true,
      try !attributes.copyOwner()
    {
      // What ran as somebody must not run as somebody else.
      mode &= 0o1777
    }
    let names = try attributes.names()
    if options.kept.contains(.xattr) || options.kept.contains(.context) {
      try attributes.copyExtended(names)
    }
    if let context = options.context { try attributes.setContext(context) }
    if status.kind != .symbolicLink {
      if options.kept.contains(.mode) {
        try attributes.copyMode(
          mode, names, mayHaveInherited: mayInherit(entry), existing: existing)
      } else if isNew, !options.kept.isDisjoint(with: [.ownership, .xattr]) {
        try attributes.setMode(modeOfNewFile(status))
      }
    }
    if options.kept.contains(.timestamps) { try attributes.copyTimes() }
  }

  /// Whether files in the target directory get an access control list when they are made.
  private func mayInherit(_ entry: Entry) -> Bool {
    guard let directory = entry.parent else { return true }
    return directory.inheritsList {
      let place =
        directory.targetIsPlace
        ? AttributeSubject(FixedName.here, in: entry.target) : AttributeSubject(entry.target)
      return AttributeCopy.defaultList.withName {
        (try? System.attribute($0, of: place)) != nil
      }
    }
  }
}

/// Who runs the program.
enum Caller {
  static let user = geteuid(), group = getegid()
}

extension EntryStatus {
  /// Whether both belong to the same user and group.
  fileprivate func hasOwner(of other: EntryStatus) -> Bool {
    user == other.user && group == other.group
  }
}

/// The attributes of one file on their way to another.
struct AttributeCopy {
  static let accessList = PathName(Array("system.posix_acl_access".utf8)).text
  static let defaultList = PathName(Array("system.posix_acl_default".utf8)).text

  private static let ownList = PathName(Array("trusted.SGI_ACL_".utf8)).text.dropLast()
  /// Errors of an attribute that is larger than what a file, or the file system, has room for.
  private static let noRoom: Set<Errno> = [.noSpace, .argListTooLong, .diskQuotaExceeded]
  private static let label = PathName(Array("security.selinux".utf8)).text

  let run: CopyRun
  let entry: Entry
  let status: EntryStatus
  let source: AttributeSubject, target: AttributeSubject
  /// What is kept.
  var kept: CopyOptions.Attributes

  init(
    run: CopyRun, entry: Entry, status: EntryStatus, source: AttributeSubject,
    target: AttributeSubject
  ) {
    self.run = run
    self.entry = entry
    self.status = status
    self.source = source
    self.target = target
    kept = run.options.kept
  }

  /// Whether the target belongs to its source's owner now.
  func copyOwner() throws(CopyProblem) -> Bool {
    do throws(Errno) {
      try System.setOwner(target, user: status.user, group: status.group)
      return true
    } catch {
      let isExpected = error == .notPermitted || error == .invalidArgument
      if isExpected, Caller.user != 0 {
        // The group alone may be one that the caller is in.
        try? System.setOwner(target, user: .max, group: status.group)
        return false
      }
      try lose(.ownership, IOFailure(.keepOwner, entry.targetPath, error), isLimit: isExpected)
      return false
    }
  }

  /// The names of the source's extended attributes, when they are of use.
  func names() throws(CopyProblem) -> [ContiguousArray<CChar>] {
    guard !kept.isDisjoint(with: [.mode, .xattr, .context]) else { return [] }
    do throws(Errno) {
      return try System.attributeNames(source)
    } catch {
      if error == .notSupported || error == .noFunction { return [] }
      try lose(.xattr, IOFailure(.keepAttributes, entry.sourcePath, error), isLimit: false)
      return []
    }
  }

  /// Whether an attribute is an access control list; xfs shows them a second time in its own form.
  private static func isList(_ name: ContiguousArray<CChar>) -> Bool {
    name == accessList || name == defaultList || name.starts(with: ownList)
  }

  /// Copies all but the access control lists, which belong to the mode.
  func copyExtended(_ names: [ContiguousArray<CChar>]) throws(CopyProblem) {
    for name in names where !Self.isList(name) {
      let isContext = name == Self.label
      guard kept.contains(isContext ? .context : .xattr) else { continue }
      try copy(name, isContext ? .context : .xattr, .keepAttributes)
    }
  }

  /// Gives the target a label of its own.
  func setContext(_ context: String) throws(CopyProblem) {
    do throws(Errno) {
      try Self.label.withName { (key) throws(Errno) in
        try System.setAttribute(key, of: target, to: Array(context.utf8) + [0])
      }
    } catch {
      throw .io(IOFailure(.keepContext, entry.targetPath, error))
    }
  }

  /// Copies an attribute as it is.
  ///
  /// - Returns: Whether the target has it now.
  @discardableResult
  private func copy(
    _ name: ContiguousArray<CChar>, _ attribute: CopyOptions.Attributes,
    _ action: IOFailure.Action
  ) throws(CopyProblem) -> Bool {
    do throws(Errno) {
      try name.withName { (key) throws(Errno) in
        let value: [UInt8]
        do throws(Errno) {
          value = try System.attribute(key, of: source)
        } catch {
          // It is gone since it was listed.
          if error == .noData { return }
          throw error
        }
        try System.setAttribute(key, of: target, to: value)
      }
      return true
    } catch {
      if Self.noRoom.contains(error), !run.options.required.contains(attribute) {
        // The bytes are right, and nobody is to lose them for what does not fit beside them.
        entry.parent?.markFailed()
        run.report(.io(IOFailure(action, entry.targetPath, error)))
        return false
      }
      let limits: [Errno] = [.notSupported, .notPermitted, .invalidArgument, .outOfRange]
      try lose(
        attribute, IOFailure(action, entry.targetPath, error), isLimit: limits.contains(error))
      return false
    }
  }

  /// Copies permissions, with the access control lists that refine them.
  func copyMode(
    _ mode: UInt32, _ names: [ContiguousArray<CChar>], mayHaveInherited: Bool,
    existing: EntryStatus?
  ) throws(CopyProblem) {
    var mode = mode
    if names.contains(Self.accessList) {
      // Without the list the bits of the group are its mask, which lets in more.
      if try !copy(Self.accessList, .mode, .keepMode) { mode = withoutList(mode) }
    } else if mayHaveInherited {
      remove(Self.accessList)
    }
    if status.kind == .directory {
      if names.contains(Self.defaultList) {
        try copy(Self.defaultList, .mode, .keepMode)
      } else if mayHaveInherited {
        remove(Self.defaultList)
      }
    }
    if existing?.permissions != mode || mayHaveInherited || names.contains(Self.accessList) {
      try setMode(mode)
    }
  }

  private func remove(_ name: ContiguousArray<CChar>) {
    // Most files have none.
    name.withName { try? System.removeAttribute($0, of: target) }
  }

  func setMode(_ mode: UInt32) throws(CopyProblem) {
    do throws(Errno) {
      try System.setMode(target, mode)
    } catch {
      try lose(
        .mode, IOFailure(.keepMode, entry.targetPath, error),
        isLimit: error == .notSupported || error == .notPermitted)
    }
  }

  /// What the group of the file may do, once its list is not there: that of the list, within the mask.
  private func withoutList(_ mode: UInt32) -> UInt32 {
    guard let list = Self.accessList.withName({ try? System.attribute($0, of: source) }) else {
      return mode & ~0o070
    }
    // After the version, entries of a tag, permissions and an id; 4 is the group, 16 the mask.
    var group: UInt32 = 0
    var mask: UInt32 = 7
    for offset in stride(from: 4, to: list.count - 7, by: 8) {
      let tag = UInt16(list[offset]) | UInt16(list[offset + 1]) << 8
      if tag == 4 { group = UInt32(list[offset + 2]) }
      if tag == 16 { mask = UInt32(list[offset + 2]) }
    }
    return mode & ~0o070 | (group & mask & 7) << 3
  }

  func copyTimes() throws(CopyProblem) {
    do throws(Errno) {
      try System.setTimes(target, accessed: status.accessed, modified: status.modified)
    } catch {
      try lose(.timestamps, IOFailure(.keepTimes, entry.targetPath, error), isLimit: false)
    }
  }

  /// Something is not kept: a failure when it had to be, or a word about each file system that cannot.
  private func lose(
    _ attribute: CopyOptions.Attributes, _ failure: IOFailure, isLimit: Bool
  ) throws(CopyProblem) {
    guard isLimit else { throw .io(failure) }
    if run.options.required.contains(attribute) { throw .io(failure) }
    run.warn(of: attribute, on: targetDevice, failure)
  }

  /// The file system of the target. A directory, and an operand, may be on another one than what it is in.
  private var targetDevice: UInt64? {
    if entry.kind != .directory, let device = entry.parent?.targetDevice { return device }
    return (try? System.entryStatus(target))?.identity.device
  }
}
