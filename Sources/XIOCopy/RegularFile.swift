internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Files whose bytes are copied: both ends opened, filled, finished, and removed when that fails.
extension CopyWorker {
  /// Copies a regular file into a new directory, with as few calls as that can take.
  ///
  /// - Returns: Whether that was possible; otherwise nothing has been done.
  func copyNewFile(_ entry: Entry) throws(CopyProblem) -> Bool {
    let source = try openSource(entry, follows: false, isRegular: true)
    defer { close(source) }
    // Where links are followed another name may lead to a file that has but one.
    let isUnique = source.status.links == 1 && options.dereference != .always
    guard source.kind == .regular, isUnique || !options.kept.contains(.links) else { return false }
    let pair = try cache.resolve(entry, source, nil)
    if options.appearsWhole, let target = try openPending(entry, source, nil) {
      try fill(entry, source, target, pair)
      return true
    }
    let target: OpenTarget
    do throws(Errno) {
      target = try create(entry, source.status)
    } catch {
      if error == .fileExists { return false }
      throw .io(IOFailure(.create, entry.targetPath, error))
    }
    try fill(entry, source, target, pair)
    return true
  }

  /// Copies a file, over one that is there or into a new one.
  func copyFile(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    let source = try openSource(
      entry, follows: follows(entry), isRegular: work.status.kind == .regular)
    defer { close(source) }
    guard source.status.identity == work.status.identity || source.kind != .regular else {
      throw .replaced(entry.sourcePath)
    }
    if try isComplete(entry, source, work.existing) { return }
    let before = observes(entry) ? probe(source) : nil
    let pair = try cache.resolve(entry, source, work.existing)
    let target: OpenTarget
    do throws(CopyProblem) {
      target = try openTarget(entry, source, work)
    } catch {
      if options.debug { run.tell(.debug(CopyDebug(options))) }
      throw error
    }
    try fill(entry, source, target, pair)
    guard let before else { return }
    let mode = options.transfer.cache.rawValue
    let observed = ObservedFile(
      path: entry.sourcePath, role: .source, asked: mode, mode: pair.source.mode.rawValue,
      alignment: pair.source.shownAlignment, size: source.size, before: before,
      after: probe(source))
    totals.files.insert(observed, at: max(0, totals.files.count - 1))
  }

  /// Whether the pages of a file are shown in the report: of those that were named, not of trees.
  func observes(_ entry: Entry) -> Bool {
    run.measures && entry.isOperand && !options.isRecursive
  }

  private func probe(_ source: OpenSource) -> PageCacheProbe {
    PageCacheProbe(source.descriptor, kind: source.kind, size: source.size)
  }

  // MARK: Opening

  func openSource(
    _ entry: Entry, follows: Bool, isRegular: Bool
  ) throws(CopyProblem) -> OpenSource {
    // What was a file a moment ago may be a FIFO now, and must not block.
    var flags: OpenFlags = [.readOnly, .noTerminal]
    if isRegular { flags.insert(.nonBlocking) }
    if !follows { flags.insert(.noFollow) }
    let descriptor: FileDescriptor
    do throws(Errno) {
      descriptor = try System.open(entry.sourceName, in: entry.source, flags)
    } catch {
      if error == .tooManySymbolicLinkLevels, !follows { throw .replaced(entry.sourcePath) }
      throw .io(IOFailure(.openForReading, entry.sourcePath, error))
    }
    do throws(Errno) {
      return try OpenSource(descriptor, try System.entryStatus(descriptor))
    } catch {
      try? System.close(descriptor)
      throw .io(IOFailure(.stat, entry.sourcePath, error))
    }
  }

  func close(_ source: OpenSource) {
    // Nothing was written: there is no error that could matter.
    try? System.close(source.descriptor)
  }

  private func openTarget(
    _ entry: Entry, _ source: OpenSource, _ work: Work
  ) throws(CopyProblem) -> OpenTarget {
    if options.appearsWhole, let opened = try openPending(entry, source, work) { return opened }
    if let existing = work.existing {
      if let opened = try openExisting(entry, source, existing) { return opened }
    }
    do throws(Errno) {
      return try create(entry, source.status)
    } catch {
      switch error {
      case .fileExists: return try openDangling(entry, source)
      case .isDirectory where PathName.endsInSlash(entry.targetName):
        throw .io(IOFailure(.create, entry.targetPath, .notDirectory))
      default: throw .io(IOFailure(.create, entry.targetPath, error))
      }
    }
  }

  /// The permissions that a new file gets when it is made, for nobody else to open until it is finished.
  func permissionsOfNewFile(_ entry: Entry, _ status: EntryStatus) -> UInt32 {
    var permissions = status.permissions & 0o777
    if options.dropped.contains(.mode), !options.kept.contains(.mode) { permissions = 0o666 }
    // Others wait for the owner to be the right one; attributes are set by whoever may write.
    if options.kept.contains(.ownership), !isBornToOwner(entry, status) { permissions &= 0o700 }
    if options.kept.contains(.xattr) { permissions |= 0o200 }
    return permissions
  }

  /// How targets are opened.
  var targetAccess: OpenFlags {
    options.verification == nil && !options.resumes ? .writeOnly : .readWrite
  }

  /// Makes the target.
  func create(_ entry: Entry, _ status: EntryStatus) throws(Errno) -> OpenTarget {
    newTarget(
      entry,
      try System.open(
        entry.targetName, in: entry.target, [targetAccess, .create, .exclusive],
        permissions: permissionsOfNewFile(entry, status)))
  }

  /// Opens what is there, and empties it once it has been seen not to be the source.
  ///
  /// - Returns: The target; nil when it was removed because it could not be opened.
  private func openExisting(
    _ entry: Entry, _ source: OpenSource, _ existing: EntryStatus
  ) throws(CopyProblem) -> OpenTarget? {
    let descriptor: FileDescriptor
    do throws(Errno) {
      descriptor = try System.open(entry.targetName, in: entry.target, [targetAccess, .noTerminal])
    } catch {
      guard options.forces, existing.kind == .regular else {
        throw .io(IOFailure(.create, entry.targetPath, error))
      }
      try remove(entry)
      return nil
    }
    return try empty(entry, source, descriptor)
  }

  private func empty(
    _ entry: Entry, _ source: OpenSource, _ descriptor: FileDescriptor
  ) throws(CopyProblem) -> OpenTarget {
    do throws(CopyProblem) {
      let status = try attempt(.stat, entry) { () throws(Errno) in
        try System.entryStatus(descriptor)
      }
      if status.identity == source.status.identity, status.kind == .regular {
        throw .sameFile(entry.sourcePath, entry.targetPath)
      }
      var target = OpenTarget(
        descriptor: descriptor, kind: status.kind, isOurs: false, existing: status)
      if observes(entry) {
        target.before = PageCacheProbe(descriptor, kind: status.kind, size: status.size)
      }
      try checkVerifiable(entry, source, descriptor)
      if status.kind == .regular, status.size > 0, !options.attributesOnly {
        try attempt(.truncate, entry) { () throws(Errno) in
          try System.truncate(descriptor, to: 0)
        }
      }
      return target
    } catch {
      try? System.close(descriptor)
      throw error
    }
  }

  /// Something has the name, and yet there was nothing: a symbolic link to nothing.
  private func openDangling(_ entry: Entry, _ source: OpenSource) throws(CopyProblem) -> OpenTarget
  {
    let status = try? System.entryStatus(entry.targetName, in: entry.target, follows: false)
    guard status?.kind == .symbolicLink else {
      throw .io(IOFailure(.create, entry.targetPath, .fileExists))
    }
    if options.forces, leadsInCircle(entry) {
      try remove(entry)
      return try attempt(.create, entry) { () throws(Errno) in
        try create(entry, source.status)
      }
    }
    guard options.writesThroughDanglingLinks else {
      throw .danglingLink(entry.targetPath)
    }
    do throws(Errno) {
      let descriptor = try System.open(
        entry.targetName, in: entry.target, [targetAccess, .create],
        permissions: permissionsOfNewFile(entry, source.status))
      return OpenTarget(descriptor: descriptor, kind: .regular, isOurs: false)
    } catch {
      throw .io(IOFailure(.create, entry.targetPath, error))
    }
  }

  private func leadsInCircle(_ entry: Entry) -> Bool {
    do throws(Errno) {
      _ = try System.entryStatus(entry.targetName, in: entry.target, follows: true)
      return false
    } catch {
      return error == .tooManySymbolicLinkLevels
    }
  }

  func attempt<Output>(
    _ action: IOFailure.Action, _ entry: Entry, _ body: () throws(Errno) -> Output
  ) throws(CopyProblem) -> Output {
    do throws(Errno) {
      return try body()
    } catch {
      throw .io(IOFailure(action, entry.targetPath, error))
    }
  }
}
