internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// A small file on its way into a new directory.
struct SmallFile {
  var name: NamePointer
  var source: OpenSource
  /// Where its bytes are, in the memory of the data path.
  var bytes = 0..<0
  /// The target, once it is made.
  var target: FileDescriptor?
  /// Whether there is anything left to do.
  var isPending = true
}

/// Small files of one new directory, several at a time.
///
/// One step is done for all of them before the next step: what the kernel needs for it then stays in the
/// processor's caches. In between, a target is open to nobody else, and none outlives a failure.
final class SmallFiles {
  /// So many files at once: more gain nothing.
  static let most = 16

  private let worker: CopyWorker
  private var options: CopyOptions { worker.options }
  private let capacity: Int
  // No array: its elements would be copied wherever they are looked at.
  private let files: UnsafeMutablePointer<SmallFile>
  private var count = 0
  /// The directory that they are in, and names in it.
  private var place: Entry
  /// Names of files that are to be copied one by one.
  private var aside: [NamePointer] = []
  private let keepsSomething: Bool
  /// What files are like that have been made in the directory, once one has been looked at.
  private var sample: EntryStatus?

  /// Takes a new directory, of which entries are going to be copied. There is nothing to take where files need
  /// more than bytes and attributes.
  ///
  /// - Parameters:
  ///   - worker: Who copies them.
  ///   - place: An entry of the directory.
  ///   - isShared: Whether others copy into the directory at the same time. Only one of them can make a file,
  ///     so it is better that each has something else to do in between.
  init?(_ worker: CopyWorker, _ place: Entry, isShared: Bool) {
    let (run, options) = (worker.run, worker.options)
    guard place.targetIsNew, options.isPlain, !options.isCareful, run.chooses, !run.measures,
      !options.verbose,
      !options.debug, options.sparse != .always, options.reflink != .always,
      options.dereference != .always || !options.kept.contains(.links)
    else { return nil }
    self.worker = worker
    self.place = place
    self.place.kind = .regular
    capacity = isShared ? 1 : run.filesAtOnce
    files = .allocate(capacity: capacity)
    keepsSomething = !worker.keepsNothing || options.context != nil
  }

  deinit {
    files.deallocate()
  }

  /// Copies a regular file, now or with later ones; those that are not small, or special in any way, one by one.
  func add(_ name: NamePointer) {
    let entry = entry(name)
    do throws(CopyProblem) {
      let source = try worker.openSource(entry, follows: false, isRegular: true)
      guard isSmall(source) else {
        worker.close(source)
        aside.append(name)
        return
      }
      (files + count).initialize(to: SmallFile(name: name, source: source))
      count += 1
      if count == capacity { copy() }
    } catch {
      worker.fail(error, entry.parent)
    }
  }

  /// Copies what has been added and not been copied yet.
  func copy() {
    read()
    each(create)
    each(write)
    if keepsSomething { each(keepAttributes) }
    each(closeTarget)
    for index in 0..<count { worker.close(files[index].source) }
    count = 0
    for name in aside where Termination.requested == nil { worker.copy(entry(name)) }
    aside.removeAll(keepingCapacity: true)
  }

  private func entry(_ name: NamePointer) -> Entry {
    (place.sourceName, place.targetName) = (name, name)
    return place
  }

  private func isSmall(_ source: OpenSource) -> Bool {
    source.kind == .regular && source.size < Int64(worker.data.slotSize)
      && source.status.allocated >= source.size
      && (source.status.links == 1 || !options.kept.contains(.links))
      && !worker.data.mayShare(source, on: place.parent?.targetDevice)
  }

  /// Does a step for all files that are pending; one that fails is given up.
  ///
  /// - Parameter step: Returns whether that was possible; otherwise there is no target.
  private func each(_ step: (UnsafeMutablePointer<SmallFile>) throws(CopyProblem) -> Bool) {
    for index in 0..<count where files[index].isPending {
      let file = files + index
      do throws(CopyProblem) {
        if try step(file) { continue }
        aside.append(file.pointee.name)
      } catch {
        discard(file)
        worker.fail(error, place.parent)
      }
      file.pointee.isPending = false
    }
  }

  private func discard(_ file: UnsafeMutablePointer<SmallFile>) {
    guard let target = file.pointee.target else { return }
    let made = OpenTarget(descriptor: target, kind: .regular, isOurs: true)
    worker.remove(entry(file.pointee.name), made, try? System.entryStatus(target))
    try? System.close(target)
  }

  // MARK: Steps

  private func read() {
    var start = 0
    each { (file) throws(CopyProblem) in
      let source = file.pointee.source
      let count = try worker.data.read(entry(file.pointee.name), source, intoSlotAt: start)
      file.pointee.bytes = start..<start + count
      start += count
      // Some files hold more than their size says. What changes meanwhile is read once more, and said if it does so
      // again; what changes later is none of this copy's business.
      return Int64(count) == source.size
        && (try? System.entryStatus(source.descriptor))?.changed == source.status.changed
    }
  }

  private func create(_ file: UnsafeMutablePointer<SmallFile>) throws(CopyProblem) -> Bool {
    let entry = entry(file.pointee.name)
    do throws(Errno) {
      file.pointee.target = try worker.create(entry, file.pointee.source.status).descriptor
      return true
    } catch {
      if error == .fileExists { return false }
      throw .io(IOFailure(.create, entry.targetPath, error))
    }
  }

  private func write(_ file: UnsafeMutablePointer<SmallFile>) throws(CopyProblem) -> Bool {
    let bytes = file.pointee.bytes
    guard let target = file.pointee.target, !bytes.isEmpty else { return true }
    let entry = entry(file.pointee.name)
    try worker.data.write(entry, target, bytes)
    worker.totals.result.bytesRead += Int64(bytes.count)
    worker.totals.result.bytesWritten += Int64(bytes.count)
    if worker.run.showsProgress { worker.run.advance(.bytes(Int64(bytes.count))) }
    return true
  }

  private func keepAttributes(
    _ file: UnsafeMutablePointer<SmallFile>
  ) throws(CopyProblem) -> Bool {
    guard let target = file.pointee.target else { return true }
    let entry = entry(file.pointee.name)
    try worker.keep(
      entry, file.pointee.source.status, from: AttributeSubject(file.pointee.source.descriptor),
      on: AttributeSubject(target), isNew: true,
      existing: status(
        of: target,
        asked: worker.permissionsOfNewFile(entry, file.pointee.source.status)))
    return true
  }

  /// What a file is that has just been made.
  private func status(of target: FileDescriptor, asked permissions: UInt32) -> EntryStatus? {
    let expected = permissions & ~worker.run.modeMask
    if let sample { return sample.having(permissions: expected) }
    guard let found = try? System.entryStatus(target) else { return nil }
    // Where files get other permissions than were asked for, each must be looked at.
    if found.permissions == expected { sample = found }
    return found
  }

  private func closeTarget(_ file: UnsafeMutablePointer<SmallFile>) throws(CopyProblem) -> Bool {
    guard let target = file.pointee.target else { return true }
    do throws(Errno) {
      try System.close(target)
    } catch {
      let entry = entry(file.pointee.name)
      file.pointee.target = nil
      worker.remove(entry, OpenTarget(descriptor: target, kind: .regular, isOurs: true), nil)
      throw .io(IOFailure(.close, entry.targetPath, error))
    }
    worker.totals.regularFiles += 1
    if worker.run.showsProgress {
      worker.run.advance(.file(entry(file.pointee.name).targetPath))
    }
    return true
  }
}
