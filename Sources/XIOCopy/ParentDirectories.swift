internal import SystemPackage
internal import XIOSystem

/// The directories that a source is in, made again below the target (`--parents`).
final class ParentDirectories {
  private let worker: CopyWorker
  private let source: PathName
  private let directory: PathName
  /// What was made or found, outermost first: the source and the target of each, and whether it is new.
  private var made: [(source: PathName, target: PathName, status: EntryStatus, isNew: Bool)] = []

  init(_ worker: CopyWorker, _ pair: ResolvedOperands.Pair, in directory: PathName) {
    self.worker = worker
    source = pair.source.stripped
    self.directory = directory
  }

  /// Makes those that are not there.
  ///
  /// - Returns: Why that was not possible.
  func make() -> CopyProblem? {
    do throws(CopyProblem) {
      let names = source.bytes.split(separator: UInt8(ascii: "/")).dropLast().map(Array.init)
      var from = source.bytes.first == UInt8(ascii: "/") ? PathName([47]) : nil
      var to = directory
      for name in names {
        from = from?.appending(name) ?? PathName(name)
        to = to.appending(name)
        if let from { try make(from, to) }
      }
      return nil
    } catch {
      return error
    }
  }

  private func make(_ from: PathName, _ to: PathName) throws(CopyProblem) {
    let status: EntryStatus
    do throws(Errno) {
      status = try from.text.withName { (name) throws(Errno) in
        try System.entryStatus(name, in: .working, follows: true)
      }
    } catch {
      throw .io(IOFailure(.attributes, from.path, error))
    }
    let existing = to.text.withName {
      try? System.entryStatus($0, in: .working, follows: true)
    }
    if let existing {
      guard existing.kind == .directory else { throw .io(IOFailure(.existing, to.path, nil)) }
      made.append((from, to, status, false))
      return
    }
    let keepsOwner = worker.options.kept.contains(.ownership)
    let permissions = worker.modeOfNewFile(status) & 0o777 & (keepsOwner ? 0o700 : 0o777) | 0o700
    do throws(Errno) {
      try to.text.withName { (name) throws(Errno) in
        try System.makeDirectory(name, in: .working, permissions: permissions)
      }
    } catch {
      throw .io(IOFailure(.makeDirectory, to.path, error))
    }
    made.append((from, to, status, true))
    if worker.options.verbose {
      worker.run.tell(.copying(from.path, to: to.path, backup: nil))
    }
  }

  /// Gives them their attributes, now that nothing in them changes any more.
  func finish() {
    for one in made.reversed() {
      do throws(CopyProblem) {
        try finish(one)
      } catch {
        worker.fail(error, nil)
      }
    }
  }

  private func finish(
    _ one: (source: PathName, target: PathName, status: EntryStatus, isNew: Bool)
  ) throws(CopyProblem) {
    try one.source.text.withName { (source) throws(CopyProblem) in
      try one.target.text.withName { (target) throws(CopyProblem) in
        let entry = Entry(
          parent: nil, source: .working, sourceName: source, target: .working,
          targetName: target, kind: .directory, targetIsNew: one.isNew)
        let subject = AttributeSubject(target, in: .working)
        defer { keepName(entry) }
        try worker.keep(
          entry, one.status, from: AttributeSubject(source, in: .working), on: subject,
          isNew: one.isNew)
        let mode = worker.modeOfNewFile(one.status)
        if one.isNew, !worker.options.kept.contains(.mode), mode | 0o700 != mode & 0o777 {
          try worker.attempt(.keepMode, entry) { () throws(Errno) in
            try System.setMode(subject, mode)
          }
        }
      }
    }
  }

  /// The name of a directory has to last like those in it.
  private func keepName(_ entry: Entry) {
    guard worker.options.durability != .cached else { return }
    do throws(CopyProblem) {
      try worker.secureName(entry)
    } catch {
      worker.fail(error, nil)
    }
  }
}
