internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Copies that go on where an earlier one has ended (`--resume`).
extension CopyWorker {
  /// So many bytes before the place where a copy goes on are compared.
  private static let window: Int64 = 4 << 20

  /// Opens the part of a target that an earlier copy has left, or begins one.
  ///
  /// - Returns: The target; nil for a source that is not worth it.
  /// - Throws: ``CopyProblem`` when the source has changed since.
  func openResumable(
    _ entry: Entry, _ source: OpenSource, _ place: TargetPlace, _ inherited: EntryStatus?
  ) throws(CopyProblem) -> OpenTarget? {
    guard source.kind == .regular, source.size >= ResumeJournal.smallestFile else { return nil }
    let names = ResumeJournal.names(place.name)
    let journal: ResumeJournal
    do throws(Errno) {
      journal = try ResumeJournal.open(place)
    } catch {
      let reason: String? =
        switch error {
        case .wouldBlock: "another process is copying to that name"
        case .notPermitted: "it is somebody else's"
        default: nil
        }
      throw .io(
        IOFailure(
          .create, place.path(of: names.journal, entry), reason == nil ? error : nil,
          reason: reason))
    }
    let part = place.path(of: journal.part, entry)
    if let target = try openPart(entry, source, place, journal, inherited, part) { return target }
    do throws(Errno) {
      let permissions = inherited == nil ? permissionsOfNewFile(entry, source.status) : 0o600
      let opened = try journal.part.withName { (name) throws(Errno) in
        _ = try? System.remove(name, in: place.directory)
        return try System.open(
          name, in: place.directory, [.readWrite, .create, .exclusive], permissions: permissions)
      }
      let target = newTarget(
        entry, opened,
        PendingTarget(place, temporaryName: journal.part, inherited: inherited, journal: journal))
      try journal.begin(source.status, try System.entryStatus(opened), at: 0)
      return target
    } catch {
      journal.part.withName { name in _ = try? System.remove(name, in: place.directory) }
      journal.remove()
      throw .io(IOFailure(.create, part, error))
    }
  }

  /// Opens a part that is there.
  ///
  /// - Returns: The target, or nil when there is no part that could be gone on with.
  private func openPart(
    _ entry: Entry, _ source: OpenSource, _ place: TargetPlace, _ journal: ResumeJournal,
    _ inherited: EntryStatus?, _ path: FilePath
  ) throws(CopyProblem) -> OpenTarget? {
    let found = journal.part.withName {
      try? System.open($0, in: place.directory, [.readWrite, .noFollow, .nonBlocking, .noTerminal])
    }
    guard let opened = found else { return nil }
    do throws(CopyProblem) {
      let status = try attempt(.stat, entry) { () throws(Errno) in
        try System.entryStatus(opened)
      }
      switch journal.find(source.status, status) {
      case .nothing: break
      case .otherSource: throw .changedSincePart(entry.sourcePath, part: path)
      case .part(let offset):
        if try isSame(entry, source, opened, path, upTo: offset) {
          try attempt(.create, entry) { () throws(Errno) in
            try journal.begin(source.status, status, at: offset)
          }
          return newTarget(
            entry, opened,
            PendingTarget(
              place, temporaryName: journal.part, inherited: inherited, journal: journal))
        }
      }
      // Of an empty one, as a kill leaves it that comes early, nothing is given up.
      if status.size > 0 {
        run.tell(
          .warning(
            IOFailure(.prepare, path, nil, reason: "the part does not match; copying all of it")))
      }
      try? System.close(opened)
      return nil
    } catch {
      try? System.close(opened)
      throw error
    }
  }

  /// Whether the last bytes before the place where a copy goes on are those of the source.
  private func isSame(
    _ entry: Entry, _ source: OpenSource, _ part: FileDescriptor, _ path: FilePath,
    upTo offset: Int64
  ) throws(CopyProblem) -> Bool {
    do throws(IOFailure) {
      let outcome = try Comparison.compare(
        Comparison.Side(source.descriptor, entry.sourcePath), Comparison.Side(part, path),
        from: max(0, offset - Self.window), to: offset)
      return outcome.difference == nil
    } catch {
      throw .io(error)
    }
  }

  /// Whether a target is complete already: a copy of an earlier run, which is compared byte by byte. It gets
  /// whatever attributes are kept, and goes to the device where that is asked for.
  func isComplete(
    _ entry: Entry, _ source: OpenSource, _ existing: EntryStatus?
  ) throws(CopyProblem) -> Bool {
    guard options.resumes, !options.attributesOnly, let existing, existing.kind == .regular,
      source.kind == .regular, existing.size == source.size,
      existing.identity != source.status.identity,
      let opened = try? System.open(entry.targetName, in: entry.target, [.readOnly, .noTerminal])
    else { return false }
    defer { try? System.close(opened) }
    let outcome: Comparison.Outcome
    do throws(IOFailure) {
      outcome = try Comparison.compare(
        Comparison.Side(source.descriptor, entry.sourcePath),
        Comparison.Side(opened, entry.targetPath), from: 0, to: source.size)
    } catch {
      throw .io(error)
    }
    guard outcome.difference == nil else { return false }
    let target = OpenTarget(descriptor: opened, kind: .regular, isOurs: false, existing: existing)
    data.assumeComplete(source.size)
    try keep(
      entry, source.status, from: AttributeSubject(source.descriptor),
      on: AttributeSubject(opened), isNew: false, existing: existing)
    try secure(entry, source, target, CachePair())
    removeParts(entry)
    totals.regularFiles += 1
    if run.showsProgress {
      run.advance(.bytes(source.size))
      run.advance(.file(entry.targetPath))
    }
    return true
  }

  /// Removes what earlier copies to a name have left, now that it needs none.
  func removeParts(_ entry: Entry) {
    let names = ResumeJournal.names(PathName(PathName(entry.targetName).last).text)
    for name in [names.part, names.journal] {
      let path = PathName(entry.targetName).directory.appending(
        name.withName { PathName($0) }.bytes)
      path.text.withName { name in _ = try? System.remove(name, in: entry.target) }
    }
  }
}
