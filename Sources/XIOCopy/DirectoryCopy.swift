internal import SystemPackage
internal import XIOSystem

/// Directories: made open to their owner alone where that matters, and finished when all is in them.
extension CopyWorker {
  func copyDirectory(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    let status = work.status
    if let parent = entry.parent {
      if options.dereference == .always, parent.isBelow(status.identity) {
        throw .cyclicLink(entry.sourcePath)
      }
      if run.rootTargets.contains(status.identity) {
        throw .intoItself(run.rootSource ?? entry.sourcePath, run.rootTarget ?? entry.targetPath)
      }
      if options.staysOnFileSystem, status.identity.device != parent.rootDevice {
        // As with GNU's cp, the place where the other file system is mounted is made.
        return try makeMountPoint(entry, work)
      }
    } else {
      try refuseToCopyIntoItself(entry, status)
    }
    let finalMode = try makeDirectory(entry, work)
    if entry.isOperand { noteRoot(entry) }
    begin(
      TreeDirectory(
        parent: entry.parent, sourceName: PathName(entry.sourceName).text,
        targetName: PathName(entry.targetName).text, status: status,
        isNew: work.existing == nil, finalMode: finalMode, followsSource: follows(entry),
        followsTarget: entry.isOperand || options.keepsDirectoryLinks))
  }

  /// Makes the target where there is none.
  ///
  /// - Returns: The permissions that it must get in the end; nil when it has them.
  private func makeDirectory(_ entry: Entry, _ work: Work) throws(CopyProblem) -> UInt32? {
    guard work.existing == nil else { return nil }
    let final = modeOfNewFile(work.status)
    // What others may do waits until the owner is the right one; ours is to write into it.
    let omitted: UInt32 = options.kept.contains(.ownership) ? 0o077 : 0o022
    let permissions =
      options.kept.isDisjoint(with: [.mode, .ownership]) ? final : final & 0o777 & ~omitted
    do throws(Errno) {
      try System.makeDirectory(
        entry.targetName, in: entry.target, permissions: permissions | 0o700)
    } catch {
      throw .io(IOFailure(.createDirectory, entry.targetPath, error))
    }
    if options.verbose {
      run.tell(.copying(entry.sourcePath, to: entry.targetPath, backup: nil))
    }
    return permissions | 0o700 == final ? nil : final
  }

  private func makeMountPoint(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    let finalMode = try makeDirectory(entry, work)
    let target = AttributeSubject(entry.targetName, in: entry.target)
    try keep(
      entry, work.status, from: AttributeSubject(entry.sourceName, in: entry.source), on: target,
      isNew: work.existing == nil)
    if let finalMode, !options.kept.contains(.mode) {
      try setFinalMode(target, finalMode, entry.targetPath)
    }
  }

  /// Gives a directory its attributes.
  func finishDirectory(
    _ directory: TreeDirectory, _ pair: DirectoryCache.Pair
  ) throws(CopyProblem) {
    let target =
      directory.targetIsPlace
      ? AttributeSubject(FixedName.here, in: Directory(pair.target))
      : AttributeSubject(pair.target)
    try directory.sourceName.withName { (source) throws(CopyProblem) in
      try directory.targetName.withName { (name) throws(CopyProblem) in
        let entry = Entry(
          parent: directory.parent, source: .working, sourceName: source, target: .working,
          targetName: name, kind: .directory, targetIsNew: directory.isNew)
        try keep(
          entry, directory.status, from: AttributeSubject(pair.source), on: target,
          isNew: directory.isNew)
      }
    }
    if let finalMode = directory.finalMode, !options.kept.contains(.mode) {
      try setFinalMode(target, finalMode, directory.targetPath)
    }
    if options.durability != .cached {
      if let device = directory.targetDevice, run.fileSystems.contains(device) { return }
      try secureNames(
        PathName([UInt8(ascii: ".")]).text, in: Directory(pair.target),
        path: directory.targetPath)
    }
  }

  /// Takes back the permissions by which a directory was to be filled, where its source could not be read.
  func closeUnopened(_ directory: TreeDirectory) throws(CopyProblem) {
    let mode =
      options.kept.contains(.mode) ? directory.status.permissions : directory.finalMode
    guard let mode else { return }
    var base = Directory.working
    if let parent = directory.parent { base = Directory(try directories.acquire(parent).target) }
    defer { if let parent = directory.parent { directories.release(parent) } }
    let opened = directory.targetName.withName {
      try? System.open($0, in: base, [.readOnly, .directory, .noFollow])
    }
    // That it has gone, or is another, was told of before.
    guard let target = opened else { return }
    defer { try? System.close(target) }
    try setFinalMode(AttributeSubject(target), mode, directory.targetPath)
  }

  private func setFinalMode(
    _ target: AttributeSubject, _ mode: UInt32, _ path: FilePath
  ) throws(CopyProblem) {
    do throws(Errno) {
      try System.setMode(target, mode)
    } catch {
      throw .io(IOFailure(.keepMode, path, error))
    }
  }

  // MARK: Into itself

  /// Refuses, before anything is made, when the target is in the source.
  private func refuseToCopyIntoItself(
    _ entry: Entry, _ status: EntryStatus
  ) throws(CopyProblem) {
    run.rootSource = entry.sourcePath
    run.rootTarget = entry.targetPath
    run.rootTargets.removeAll(keepingCapacity: true)
    // From the nearest directory that is there up to the root of all.
    var name = PathName(entry.targetName)
    var opened: FileDescriptor?
    while opened == nil {
      opened = name.text.withName {
        try? System.open($0, in: entry.target, [.readOnly, .directory, .place])
      }
      if opened == nil {
        let parent = name.directory
        if parent == name { return }
        name = parent
      }
    }
    guard var directory = opened else { return }
    defer { try? System.close(directory) }
    var identity = try? System.entryStatus(directory).identity
    while let here = identity {
      if here == status.identity { throw .intoItself(entry.sourcePath, entry.targetPath) }
      guard
        let above = try? System.open(
          FixedName.up, in: Directory(directory), [.readOnly, .directory, .place])
      else { return }
      try? System.close(directory)
      directory = above
      let next = try? System.entryStatus(directory).identity
      identity = next == here ? nil : next
    }
  }

  /// Remembers what the operand has become: met again as a source, it would be copied for ever.
  private func noteRoot(_ entry: Entry) {
    if let made = try? System.entryStatus(entry.targetName, in: entry.target, follows: true) {
      run.rootTargets.insert(made.identity)
    }
  }
}
