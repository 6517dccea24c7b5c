internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// One thread of a copy: takes tasks until there are no more.
final class CopyWorker {
  let run: CopyRun
  let options: CopyOptions
  let mover: Mover
  var data: DataPath
  var cache: CacheResolver
  let directories: DirectoryCache
  var totals = CopyTotals()
  /// Whether the file system of the last target took O_DIRECT and wrote through the page cache.
  var directWasIgnored = false
  private let listing: UnsafeMutableRawBufferPointer
  /// So many bytes of entries are read at once: few enough that the rest of a large directory is left to
  /// others soon, and enough that the call does not matter.
  private static let listingSize = 16 << 10

  init(_ run: CopyRun, _ mover: @escaping Mover) throws(Errno) {
    self.run = run
    options = run.options
    self.mover = mover
    data = try DataPath(run)
    cache = CacheResolver(run)
    directories = DirectoryCache(capacity: run.directoriesAtOnce)
    listing = try System.mapMemory(Self.listingSize)
  }

  func close() {
    data.close()
    directories.close()
    System.unmapMemory(listing)
    run.add(totals)
  }

  /// Does tasks until there are none.
  ///
  /// - Parameter helps: Whether to wait for trees that have not begun yet.
  func work(helps: Bool) {
    while let task = run.queue.next(helps: helps) {
      switch task {
      case .list(let directory): list(directory)
      case .entries(let directory, let records): copy(records, directory)
      case .copy(let directory, let source, let target): copy(directory, source, target)
      }
    }
  }

  /// Copies an entry, and tells of what went wrong.
  ///
  /// - Returns: Whether all went well.
  @discardableResult
  func copy(_ entry: Entry) -> Bool {
    do throws(CopyProblem) {
      try copyEntry(entry)
      return true
    } catch {
      fail(error, entry.parent)
      return false
    }
  }

  func fail(_ problem: CopyProblem, _ directory: TreeDirectory?) {
    directory?.markFailed()
    if case .io(let failure) = problem, failure.isInterruption { return run.fail() }
    run.report(problem)
  }

  // MARK: Trees

  /// Begins a directory that both ends of have been seen to.
  func begin(_ directory: TreeDirectory) {
    if let parent = directory.parent {
      parent.beginOne()
    } else {
      run.queue.begin()
    }
    run.queue.add(.list(directory))
  }

  /// Copies the next entries of a directory, after leaving the rest of a large one to whoever is free.
  private func list(_ directory: TreeDirectory) {
    do throws(CopyProblem) {
      let pair = try directories.acquire(directory)
      defer { directories.release(directory) }
      // Somebody else may have read the entries before.
      if directory.position > 0 { try? System.setPosition(pair.source, to: directory.position) }
      while let records = try readEntries(directory, pair) {
        // A buffer that is not nearly full holds the last entries, most probably.
        let isLarge = records.count > Self.listingSize / 2
        if isLarge {
          directory.beginOne()
          for entry in RawEntries(records) { directory.position = entry.nextPosition }
          run.queue.add(.list(directory))
        }
        copy(records, directory, pair, isShared: isLarge)
        if isLarge { break }
      }
    } catch {
      fail(error, directory)
    }
    finish(directory)
  }

  /// Reads the next entries.
  ///
  /// - Returns: Their records; nil when there are no more, or when the program is asked to end.
  private func readEntries(
    _ directory: TreeDirectory, _ pair: DirectoryCache.Pair
  ) throws(CopyProblem) -> UnsafeRawBufferPointer? {
    guard Termination.requested == nil else {
      run.fail()
      return nil
    }
    do throws(Errno) {
      let count = try System.readEntries(pair.source, into: listing)
      return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: listing[..<count])
    } catch {
      throw .io(IOFailure(.access, directory.sourcePath, error))
    }
  }

  /// Copies entries one after the other, and leaves half of what remains to a thread that has nothing to do.
  private func copy(
    _ records: UnsafeRawBufferPointer, _ directory: TreeDirectory, _ pair: DirectoryCache.Pair,
    isShared: Bool
  ) {
    var entry = Entry(
      parent: directory, source: Directory(pair.source), sourceName: FixedName.here,
      target: Directory(pair.target), targetName: FixedName.here, targetIsNew: directory.isNew)
    var entries = RawEntries(records)
    let smallFiles = SmallFiles(self, entry, isShared: isShared)
    while Termination.requested == nil, let raw = entries.next() {
      if run.queue.isWaitedFor { leaveHalf(&entries, of: directory) }
      if raw.kind == .regular, let smallFiles {
        smallFiles.add(raw.name)
      } else {
        (entry.sourceName, entry.targetName, entry.kind) = (raw.name, raw.name, raw.kind)
        copy(entry)
      }
    }
    smallFiles?.copy()
  }

  private func leaveHalf(_ entries: inout RawEntries, of directory: TreeDirectory) {
    let half = entries.splitOff()
    guard !half.isEmpty else { return }
    directory.beginOne()
    run.queue.add(.entries(directory, ContiguousArray(half)))
  }

  /// Copies entries that were read by another thread.
  private func copy(_ records: ContiguousArray<UInt8>, _ directory: TreeDirectory) {
    do throws(CopyProblem) {
      let pair = try directories.acquire(directory)
      records.withUnsafeBytes { copy($0, directory, pair, isShared: true) }
      directories.release(directory)
    } catch {
      fail(error, directory)
    }
    finish(directory)
  }

  private func copy(
    _ directory: TreeDirectory, _ source: ContiguousArray<CChar>,
    _ target: ContiguousArray<CChar>
  ) {
    do throws(CopyProblem) {
      let pair = try directories.acquire(directory)
      source.withName { sourceName in
        _ = target.withName { targetName in
          copy(
            Entry(
              parent: directory, source: Directory(pair.source), sourceName: sourceName,
              target: Directory(pair.target), targetName: targetName, kind: nil,
              targetIsNew: directory.isNew))
        }
      }
      directories.release(directory)
    } catch {
      fail(error, directory)
    }
    finish(directory)
  }

  /// Something that was pending in a directory has ended; when it was the last, so has the directory, and
  /// perhaps the one that it is in.
  func finish(_ directory: TreeDirectory) {
    var next: TreeDirectory? = directory
    while let directory = next {
      guard directory.endOne() else { return }
      complete(directory)
      next = directory.parent
      if next == nil { run.queue.end() }
    }
  }

  /// Gives a directory its attributes, now that nothing in it changes any more.
  private func complete(_ directory: TreeDirectory) {
    do throws(CopyProblem) {
      let pair = try directories.acquire(directory)
      defer { directories.release(directory, isFinished: true) }
      try finishDirectory(directory, pair)
    } catch {
      // A target that could not be opened has been told of already.
      if !directory.hasFailed { fail(error, directory) }
      if directory.isNew, directory.targetIdentity == nil {
        do throws(CopyProblem) {
          try closeUnopened(directory)
        } catch {
          fail(error, directory)
        }
      }
    }
    if directory.hasFailed {
      directory.parent?.markFailed()
    }
  }
}
