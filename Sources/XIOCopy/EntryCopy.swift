internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// One entry, whatever it is.
extension CopyWorker {
  /// What is known of an entry once it is clear that it will be copied.
  struct Work {
    var status: EntryStatus
    /// What is in the way and stays, to be written anew; nil when there is nothing.
    var existing: EntryStatus?
    /// Where what was in the way has gone.
    var backup: FilePath?
    /// Whether what has the name is there still, to be replaced when its successor is complete.
    var replaces = false
  }

  func copyEntry(_ entry: Entry) throws(CopyProblem) {
    if entry.kind == .regular, entry.targetIsNew, options.isPlain, !options.verbose {
      if try copyNewFile(entry) { return }
    }
    let follows = follows(entry)
    let status: EntryStatus
    do throws(Errno) {
      status = try System.entryStatus(entry.sourceName, in: entry.source, follows: follows)
    } catch {
      throw .io(IOFailure(.stat, entry.sourcePath, error))
    }
    if entry.isOperand, System.hasHeld, leadsToHeldNumber(entry, status) {
      throw .io(IOFailure(.stat, entry.sourcePath, .noSuchFileOrDirectory))
    }
    if status.kind == .directory, !options.isRecursive {
      throw .omittingDirectory(entry.sourcePath)
    }
    // Of a directory it matters only once there is nothing else to be said against it.
    let isDirectory = status.kind == .directory
    if entry.isOperand, !isDirectory, isRepeated(entry, status) { return }
    guard let work = try prepare(entry, status) else { return }
    if entry.isOperand, isDirectory, isRepeated(entry, status) { return }
    switch (status.kind, options.product) {
    case (.directory, _): try copyDirectory(entry, work)
    case (_, .symbolicLink): try makeSymbolicLink(entry, work)
    case (_, .hardLink) where !(status.kind == .symbolicLink && follows):
      try makeHardLink(entry, work)
    default: try copyFileOnce(entry, work)
    }
    if entry.isOperand {
      remember(entry)
      if options.durability != .cached { try secureName(entry) }
    }
  }

  /// Whether an operand is the name of a descriptor that was closed when the program began.
  private func leadsToHeldNumber(_ entry: Entry, _ status: EntryStatus) -> Bool {
    guard status.kind == .symbolicLink else { return status.kind == .anonymous }
    // A link of /proc itself, and not one that leads there, goes with its descriptor.
    guard let text = try? System.readLink(entry.sourceName, in: entry.source) else { return false }
    return text.path.string.hasPrefix("anon_inode:")
  }

  /// Whether a symbolic link stands for what it leads to.
  func follows(_ entry: Entry) -> Bool {
    switch options.dereference {
    case .never: false
    case .operands: entry.isOperand
    case .always: true
    }
  }

  /// Whether special files are read like regular ones.
  var readsSpecialFiles: Bool { !options.isRecursive || options.copiesContents }

  private func isRepeated(_ entry: Entry, _ status: EntryStatus) -> Bool {
    guard run.hasSeveralOperands, options.backup == .none else { return false }
    // However its directory is written.
    let name = PathName(entry.sourceName)
    let seen = CopyRun.Seen(
      path: PathName(name.last).path, identity: status.identity,
      directory: SameFile.identity(of: name, in: entry.source))
    if run.sources.insert(seen).inserted { return false }
    run.tell(.repeated(entry.sourcePath, isDirectory: status.kind == .directory))
    return true
  }

  private func remember(_ entry: Entry) {
    guard run.hasSeveralOperands,
      let made = try? System.entryStatus(entry.targetName, in: entry.target, follows: false)
    else { return }
    run.targets.insert(CopyRun.Seen(path: entry.targetPath, identity: made.identity))
  }

  // MARK: What is in the way

  /// Sees to what is in the way.
  ///
  /// - Returns: What to do; nil when nothing is to be done.
  private func prepare(
    _ entry: Entry, _ status: EntryStatus
  ) throws(CopyProblem) -> Work? {
    var work = Work(status: status)
    if let existing = try targetStatus(entry, status) {
      switch try judge(entry, status, existing) {
      case .stays: return nil
      case .written: work.existing = existing
      case .gone(let backup):
        work.backup = backup
        work.replaces = options.appearsWhole
      }
    }
    if options.verbose, status.kind != .directory {
      run.tell(.copying(entry.sourcePath, to: entry.targetPath, backup: work.backup))
    }
    return work
  }

  /// What is in the way: a symbolic link itself, or what it leads to when that would be written.
  private func targetStatus(
    _ entry: Entry, _ status: EntryStatus
  ) throws(CopyProblem) -> EntryStatus? {
    if entry.targetIsNew, status.kind == .directory { return nil }
    let isWritten =
      status.kind == .regular
      || readsSpecialFiles && status.kind != .directory && status.kind != .symbolicLink
      || status.kind == .directory && options.keepsDirectoryLinks
    let follows =
      isWritten && options.product == .copy && options.backup == .none
      && !options.removesDestination
    do throws(Errno) {
      let found = try System.entryStatus(entry.targetName, in: entry.target, follows: follows)
      return found
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      if error == .tooManySymbolicLinkLevels, options.forces { return nil }
      throw .io(IOFailure(.stat, entry.targetPath, error))
    }
  }

  /// What becomes of something in the way.
  private enum Verdict {
    case stays, written
    case gone(backup: FilePath?)
  }

  private func judge(
    _ entry: Entry, _ status: EntryStatus, _ existing: EntryStatus
  ) throws(CopyProblem) -> Verdict {
    switch SameFile.judge(entry, status, existing, options) {
    case .different: break
    case .nothingToDo: return .stays
    case .same:
      // What stays in any case cannot be lost.
      let stays = options.overwriting == .skip || options.overwriting == .refuse
      if status.kind == .directory || !stays {
        throw .sameFile(entry.sourcePath, entry.targetPath)
      }
    }
    if status.kind == .directory {
      guard existing.kind == .directory else {
        throw .fileInTheWay(entry.targetPath, source: entry.sourcePath)
      }
      return .written
    }
    if try leaves(entry, status, existing) { return .stays }
    if existing.kind == .directory {
      throw .directoryInTheWay(entry.targetPath, source: entry.sourcePath)
    }
    try checkNotMadeHere(entry, status)
    if options.backup != .none {
      return .gone(backup: try Backup.make(entry, status, options))
    }
    let mustGo =
      options.removesDestination || options.kept.contains(.links) && existing.links > 1
      || options.dereference == .never && status.kind != .regular
    guard mustGo else { return .written }
    if !options.appearsWhole { try remove(entry) }
    return .gone(backup: nil)
  }

  /// Refuses to lose, or to write through, what an earlier operand has become.
  private func checkNotMadeHere(
    _ entry: Entry, _ status: EntryStatus
  ) throws(CopyProblem) {
    guard run.hasSeveralOperands, options.backup != .numbered, entry.isOperand,
      let named = try? System.entryStatus(entry.targetName, in: entry.target, follows: false),
      run.targets.contains(CopyRun.Seen(path: entry.targetPath, identity: named.identity))
    else { return }
    throw named.kind == .symbolicLink && status.kind != .symbolicLink
      ? .throughJustCreatedLink(entry.targetPath, source: entry.sourcePath)
      : .justCreated(entry.targetPath, source: entry.sourcePath)
  }

  /// Whether what is in the way stays, because that was asked for.
  private func leaves(
    _ entry: Entry, _ status: EntryStatus, _ existing: EntryStatus
  ) throws(CopyProblem) -> Bool {
    if options.onlyOlder, existing.modified >= status.modified {
      if options.debug { run.tell(.skipped(entry.targetPath)) }
      return true
    }
    switch options.overwriting {
    case .always: return false
    case .skip:
      if options.debug { run.tell(.skipped(entry.targetPath)) }
      return true
    case .refuse: throw .notReplacing(entry.targetPath)
    case .ask:
      let mayWrite = System.mayWrite(entry.targetName, in: entry.target)
      if run.ask(entry.targetPath, mayWrite ? nil : existing.permissions) { return false }
      if options.debug { run.tell(.skipped(entry.targetPath)) }
      run.fail()
      return true
    }
  }

  /// Removes what is in the way.
  func remove(_ entry: Entry) throws(CopyProblem) {
    do throws(Errno) {
      try System.remove(entry.targetName, in: entry.target)
    } catch {
      guard error == .noSuchFileOrDirectory else {
        throw .io(IOFailure(.remove, entry.targetPath, error))
      }
      return
    }
    if options.verbose { run.tell(.removed(entry.targetPath)) }
  }
}

extension PathName {
  /// Whether a name for system calls ends in a slash.
  static func endsInSlash(_ name: NamePointer) -> Bool {
    var index = 0
    while name[index] != 0 { index += 1 }
    return index > 1 && name[index - 1] == 47
  }
}
