internal import Glibc
internal import Synchronization
internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// A target that takes its name when it is complete: it is there whole, or not at all.
final class PendingTarget {
  /// Where it will be.
  let place: TargetPlace
  /// The name it has meanwhile; nil as long as it has none.
  fileprivate(set) var temporaryName: ContiguousArray<CChar>?
  /// What it was before, when that is replaced and not removed: its attributes stay.
  let inherited: EntryStatus?
  /// How far it has come, when that is to be known after the end of this process.
  let journal: ResumeJournal?
  /// Whether it has taken its name.
  fileprivate(set) var isPublished = false

  init(
    _ place: TargetPlace, temporaryName: ContiguousArray<CChar>?, inherited: EntryStatus?,
    journal: ResumeJournal? = nil
  ) {
    self.place = place
    self.temporaryName = temporaryName
    self.inherited = inherited
    self.journal = journal
  }
}

/// Names of files that are not complete.
enum TemporaryName {
  private static let started = Clock.monotonic
  private static let count = Atomic<Int>(0)
  /// Whether a file that has no name can be given one.
  static let canBeMissing = Caller.user == 0 || (try? System.status("/proc/self/fd")) != nil

  /// A name that no other file of this machine has.
  static func next() -> [UInt8] {
    let number = count.add(1, ordering: .relaxed).newValue
    let parts = [Int64(getpid()), started, Int64(number)]
    return Array((".xio-" + parts.map { String($0, radix: 36) }.joined(separator: "-")).utf8)
  }
}

/// Targets that appear complete or not at all (`--atomic`).
extension CopyWorker {
  /// Opens a target that has not its own name yet.
  ///
  /// - Returns: The target; nil where something is written in place, such as a device.
  /// - Throws: ``CopyProblem`` when it cannot be replaced.
  func openPending(
    _ entry: Entry, _ source: OpenSource, _ work: Work?
  ) throws(CopyProblem) -> OpenTarget? {
    let existing = work?.existing
    if let existing {
      if existing.identity == source.status.identity {
        throw .sameFile(entry.sourcePath, entry.targetPath)
      }
      guard existing.kind == .regular || existing.kind == .symbolicLink else {
        if options.isAtomic || options.resumes { throw .notReplaceable(entry.targetPath) }
        return nil
      }
    }
    let place = try TargetPlace.find(entry, existing, replaces: work?.replaces ?? false)
    if existing?.kind == .regular, !options.forces, !options.removesDestination {
      try attempt(.create, entry) { () throws(Errno) in
        try System.checkMayWrite(entry.targetName, in: entry.target)
      }
    }
    let inherited = options.removesDestination || existing?.kind != .regular ? nil : existing
    if options.resumes, let resumed = try openResumable(entry, source, place, inherited) {
      return resumed
    }
    let permissions = inherited == nil ? permissionsOfNewFile(entry, source.status) : 0o600
    do throws(Errno) {
      return try makePending(entry, place, inherited, permissions)
    } catch {
      throw .io(IOFailure(.create, entry.targetPath, error))
    }
  }

  private func makePending(
    _ entry: Entry, _ place: TargetPlace, _ inherited: EntryStatus?, _ permissions: UInt32
  ) throws(Errno) -> OpenTarget {
    var name: ContiguousArray<CChar>?
    let descriptor: FileDescriptor
    do throws(Errno) {
      guard TemporaryName.canBeMissing else { throw .notSupported }
      descriptor = try System.open(
        FixedName.here, in: place.directory, [targetAccess, .nameless], permissions: permissions)
    } catch {
      // Where there are no files without a name, the flag means other things, or nothing.
      guard [.notSupported, .isDirectory, .invalidArgument, .noFunction].contains(error) else {
        throw error
      }
      let chosen = PathName(TemporaryName.next()).text
      name = chosen
      descriptor = try chosen.withName { (name) throws(Errno) in
        try System.open(
          name, in: place.directory, [targetAccess, .create, .exclusive],
          permissions: permissions)
      }
    }
    return newTarget(
      entry, descriptor, PendingTarget(place, temporaryName: name, inherited: inherited))
  }

  /// A target that this program has made.
  func newTarget(
    _ entry: Entry, _ descriptor: FileDescriptor, _ pending: PendingTarget? = nil
  ) -> OpenTarget {
    var target = OpenTarget(descriptor: descriptor, kind: .regular, isOurs: true)
    target.pending = pending
    if observes(entry) { target.before = PageCacheProbe(descriptor, kind: .regular, size: 0) }
    return target
  }

  /// Gives a target the attributes of the file that it replaces, as if that had been written.
  ///
  /// What is kept of the source comes after it.
  func inherit(_ entry: Entry, _ target: OpenTarget) throws(CopyProblem) {
    guard let pending = target.pending, let existing = pending.inherited else { return }
    try pending.place.name.withName { (name) throws(CopyProblem) in
      var attributes = AttributeCopy(
        run: run, entry: entry, status: existing,
        source: AttributeSubject(name, in: pending.place.directory),
        target: AttributeSubject(target.descriptor))
      attributes.kept = CopyOptions.Attributes.all.subtracting(options.kept)
      var mode = existing.permissions
      if attributes.kept.contains(.ownership), try !attributes.copyOwner() { mode &= 0o1777 }
      let names = try attributes.names()
      try attributes.copyExtended(names)
      if attributes.kept.contains(.mode) {
        try attributes.copyMode(mode, names, mayHaveInherited: true, existing: nil)
      }
    }
  }

  /// Gives a target its name, now that all of it is there.
  func publish(_ entry: Entry, _ target: OpenTarget) throws(CopyProblem) {
    guard let pending = target.pending else { return }
    // Some file systems find out only now that there is no room: while the old file is still there.
    try attempt(.close, entry) { () throws(Errno) in
      try System.close(try System.duplicate(target.descriptor))
    }
    let place = pending.place
    do throws(Errno) {
      try place.name.withName { (name) throws(Errno) in
        if pending.temporaryName == nil {
          let new = place.isTaken ? PathName(TemporaryName.next()).text : nil
          try (new ?? place.name).withName { (name) throws(Errno) in
            try System.makeName(name, in: place.directory, of: target.descriptor)
          }
          guard let new else { return }
          pending.temporaryName = new
        }
        try pending.temporaryName?.withName { (temporary) throws(Errno) in
          try Self.rename(temporary, name, in: place)
        }
      }
    } catch {
      throw .io(
        pending.temporaryName.map { name in
          IOFailure(.rename(to: entry.targetPath), place.path(of: name, entry), error)
        } ?? IOFailure(.create, entry.targetPath, error))
    }
    pending.isPublished = true
    pending.journal?.remove()
  }

  private static func rename(
    _ temporary: NamePointer, _ name: NamePointer, in place: TargetPlace
  ) throws(Errno) {
    do throws(Errno) {
      try System.rename(
        temporary, in: place.directory, to: name, in: place.directory, replaces: place.isTaken)
    } catch {
      // Not every file system can look whether there is such a name while it renames.
      guard !place.isTaken, error == .invalidArgument || error == .noFunction else { throw error }
      try System.makeLink(
        temporary, in: place.directory, to: name, in: place.directory, follows: false)
      try System.remove(temporary, in: place.directory)
    }
  }

  /// Removes what has not become complete, unless it is to be gone on with.
  ///
  /// - Returns: Whether there was such a target, so that nothing else is to be done.
  func giveUpPending(_ entry: Entry, _ target: OpenTarget, _ problem: CopyProblem) -> Bool {
    guard let pending = target.pending else { return false }
    if pending.isPublished { return true }
    if let journal = pending.journal, problem.leavesPartWorth,
      data.arrived >= ResumeJournal.smallestFile
    {
      journal.keep(upTo: data.arrived, of: target.descriptor)
      return true
    }
    pending.journal?.remove()
    pending.temporaryName?.withName { name in
      _ = try? System.remove(name, in: pending.place.directory)
    }
    return true
  }

  // MARK: What has no bytes

  /// Makes something that takes its name when it is complete; as without that, what is in the way is
  /// replaced only where it would have been removed.
  func staged(
    _ entry: Entry, _ work: Work, _ body: (Entry) throws(CopyProblem) -> Void
  ) throws(CopyProblem) {
    try staged(
      entry, replaces: work.existing == nil || work.replaces || options.forces, body)
  }

  /// Makes something under another name, and has it take its own when it is complete.
  ///
  /// - Parameters:
  ///   - entry: The names.
  ///   - replaces: Whether what has the name is to go.
  ///   - body: Makes it by the name that ``Entry/madeName`` is.
  /// - Throws: ``CopyProblem``.
  func staged(
    _ entry: Entry, replaces: Bool, _ body: (Entry) throws(CopyProblem) -> Void
  ) throws(CopyProblem) {
    guard options.appearsWhole, replaces, !PathName.endsInSlash(entry.targetName) else {
      return try body(entry)
    }
    let last = TemporaryName.next()
    let name =
      entry.isOperand
      ? PathName(entry.targetName).directory.appending(last) : PathName(last)
    try name.text.withName { (temporary) throws(CopyProblem) in
      var made = entry
      made.temporaryName = temporary
      // A name of the same file is not renamed, and stays.
      defer { try? System.remove(temporary, in: entry.target) }
      try body(made)
      do throws(Errno) {
        try System.rename(
          temporary, in: entry.target, to: entry.targetName, in: entry.target, replaces: true)
      } catch {
        let path = PathName(entry.targetPath).directory.appending(last).path
        throw .io(IOFailure(.rename(to: entry.targetPath), path, error))
      }
    }
  }
}

extension CopyProblem {
  /// Whether the part of a file that was copied before is right and can be gone on with.
  fileprivate var leavesPartWorth: Bool {
    switch self {
    case .io(let failure): if case .synchronise = failure.action { false } else { true }
    default: false
    }
  }
}
