internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Files that are open at both ends: from the first byte to the last attribute.
extension CopyWorker {
  /// Files from this size in bytes on are allocated before they are written.
  private static let allocationThreshold: Int64 = 1 << 20

  /// Copies bytes and attributes, and closes the target. One that was made here and cannot be completed
  /// is removed; of another stays what has arrived without a gap.
  func fill(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget, _ pair: CachePair
  ) throws(CopyProblem) {
    data.begin(target.pending?.journal)
    defer { if options.debug { run.tell(.debug(data.debug)) } }
    do throws(CopyProblem) {
      if options.verification != nil { try checkVerifiable(entry, source, target.descriptor) }
      if !options.attributesOnly { try copyData(entry, source, target, pair) }
      if target.pending != nil { try inherit(entry, target) }
      if !keepsNothing || options.context != nil {
        try keep(
          entry, source.status, from: AttributeSubject(source.descriptor),
          on: AttributeSubject(target.descriptor),
          isNew: target.isOurs && target.pending?.inherited == nil,
          existing: try? System.entryStatus(target.descriptor))
      }
      if options.isCareful { try secure(entry, source, target, pair) }
    } catch {
      observe(entry, target, pair)
      giveUp(entry, target, error)
      try? System.close(target.descriptor)
      throw error
    }
    observe(entry, target, pair)
    do throws(Errno) {
      try System.close(target.descriptor)
    } catch {
      remove(entry, target, nil)
      throw .io(IOFailure(.close, entry.targetPath, error))
    }
    totals.regularFiles += 1
    if run.showsProgress { run.advance(.file(entry.targetPath)) }
  }

  private func copyData(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget, _ pair: CachePair
  ) throws(CopyProblem) {
    try prepare(entry, source, target, pair)
    let before = totals.result.total
    let device = target.isOurs ? entry.parent?.targetDevice : target.existing?.identity.device
    try data.move(
      entry, source, target, pair, device: device, &totals.result, mover)
    guard source.kind == .regular, target.kind == .regular else { return }
    let now = try checkUnchanged(entry, source)
    let moved = totals.result.total - before
    if source.size >= DataPath.smallSize || moved != source.size || options.isCareful {
      try finishSize(entry, source, now, target)
    }
    if pair.target.mode != .page { try leaveCache(entry, target, pair) }
  }

  private func prepare(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget, _ pair: CachePair
  ) throws(CopyProblem) {
    if pair.source.mode == .direct {
      do throws(Errno) { try CachePlan.setDirect(source.descriptor, true) } catch {
        throw .io(IOFailure(.prepare, entry.sourcePath, error))
      }
    }
    if pair.target.mode == .direct {
      try attempt(.prepare, entry) { () throws(Errno) in
        try CachePlan.setDirect(target.descriptor, true)
      }
    }
    guard target.kind == .regular, source.size >= Self.allocationThreshold,
      source.status.allocated >= source.size, options.sparse != .always, !pair.offloads
    else { return }
    do throws(Errno) {
      // What is in memory gains nothing, and would be zeroed before it is written.
      if try System.isInMemory(target.descriptor) { return }
      // No write of a direct transfer must have to extend the file, which the kernel does for one writer
      // at a time; otherwise the size tells how much has arrived.
      try System.allocate(
        target.descriptor, size: source.size, keepsSize: pair.target.mode != .direct)
    } catch {
      guard error == .notSupported || error == .noFunction else {
        throw .io(IOFailure(.write, entry.targetPath, error))
      }
    }
  }

  /// Tells of a source that has changed.
  ///
  /// - Returns: What it is now.
  private func checkUnchanged(
    _ entry: Entry, _ source: OpenSource
  ) throws(CopyProblem) -> EntryStatus {
    let now: EntryStatus
    do throws(Errno) {
      now = try System.entryStatus(source.descriptor)
    } catch {
      throw .io(IOFailure(.stat, entry.sourcePath, error))
    }
    if let problem = change(of: entry, source, now) {
      if options.appearsWhole { throw problem }
      entry.parent?.markFailed()
      run.report(problem)
    }
    return now
  }

  /// Gives the target the size that has been copied.
  private func finishSize(
    _ entry: Entry, _ source: OpenSource, _ now: EntryStatus, _ target: OpenTarget
  ) throws(CopyProblem) {
    // The source may have become shorter than what was allocated, or written ahead of its end.
    let status = try attempt(.stat, entry) { () throws(Errno) in
      try System.entryStatus(target.descriptor)
    }
    let size = now.size < source.size ? min(now.size, data.arrived) : data.end
    if status.size != size || status.allocated - size > 1 << 20 {
      try attempt(.truncate, entry) { () throws(Errno) in
        try System.truncate(target.descriptor, to: size)
      }
    }
  }

  /// What has happened to a source while it was copied, if anything has.
  private func change(of entry: Entry, _ source: OpenSource, _ now: EntryStatus) -> CopyProblem? {
    if now.hasChanged(since: source.status) { return .changed(entry.sourcePath) }
    // A name that goes, or comes to stand for another file, changes the file that it stood for.
    guard now.changed != source.status.changed else { return nil }
    let named = try? System.entryStatus(
      entry.sourceName, in: entry.source, follows: follows(entry))
    return named?.identity == now.identity ? nil : .lost(entry.sourcePath)
  }

  /// Sees to it that no page of the target stays behind: uncached ones go when they have been written,
  /// and some file systems (btrfs) write through the page cache in spite of O_DIRECT.
  private func leaveCache(
    _ entry: Entry, _ target: OpenTarget, _ pair: CachePair
  ) throws(CopyProblem) {
    if pair.target.mode == .direct {
      guard let pages = try? System.cachedPages(target.descriptor), pages.resident > 0 else {
        return
      }
      directWasIgnored = true
    }
    try attempt(.synchronise, entry) { () throws(Errno) in
      // All pages are this copy's own: the file was empty before.
      try CachePlan.writeOut(target.descriptor, 0..<data.end)
    }
  }

  private func observe(_ entry: Entry, _ target: OpenTarget, _ pair: CachePair) {
    guard let before = target.before else { return }
    totals.files.append(
      ObservedFile(
        path: entry.targetPath, role: .target, asked: options.transfer.cache.rawValue,
        mode: pair.target.mode.rawValue, alignment: pair.target.shownAlignment,
        size: totals.result.total, before: before,
        after: PageCacheProbe(target.descriptor, kind: target.kind, size: 0),
        directWasIgnored: directWasIgnored))
  }

  // MARK: Failure

  /// Removes a target that is ours, and leaves of another what has arrived without a gap: a file of
  /// the full size would look complete.
  private func giveUp(_ entry: Entry, _ target: OpenTarget, _ problem: CopyProblem) {
    if giveUpPending(entry, target, problem) { return }
    let status = try? System.entryStatus(target.descriptor)
    if target.isOurs { return remove(entry, target, status) }
    guard target.kind == .regular, !options.attributesOnly else { return }
    // The failure that led here is the one to report.
    try? System.truncate(target.descriptor, to: data.arrived)
  }

  /// Removes the file if it still is the one that was made.
  func remove(_ entry: Entry, _ target: OpenTarget, _ status: EntryStatus?) {
    guard target.isOurs, target.pending == nil else { return }
    if let status,
      let named = try? System.entryStatus(entry.targetName, in: entry.target, follows: false),
      named.identity != status.identity
    {
      return
    }
    try? System.remove(entry.targetName, in: entry.target)
  }
}
