public import SystemPackage
public import XIOSystem

/// The names on the command line: what is copied, and where to.
public struct CopyOperands: Sendable {
  /// What is copied.
  public var sources: [PathName]
  /// Where to.
  public var target: PathName
  /// Whether the target is a directory that copies go into (`-t`), and whether it never is (`-T`).
  public var targetIsDirectory: Bool, targetIsNoDirectory: Bool

  /// Takes the names.
  public init(
    sources: [PathName], target: PathName, targetIsDirectory: Bool, targetIsNoDirectory: Bool
  ) {
    self.sources = sources
    self.target = target
    self.targetIsDirectory = targetIsDirectory
    self.targetIsNoDirectory = targetIsNoDirectory
  }

  /// The source, when it is the only one and no directory.
  func onlySource(_ options: CopyOptions) -> EntryStatus? {
    guard sources.count == 1, let source = sources.first,
      let status = try? source.text.withName({
        try System.entryStatus($0, in: .working, follows: true)
      }), status.kind != .directory
    else { return nil }
    return status
  }

  /// Finds out what each source will be called.
  ///
  /// - Throws: ``CopyProblem`` when the target is not the directory that it must be.
  func resolve(_ run: CopyRun) throws(CopyProblem) -> ResolvedOperands {
    let options = run.options
    let goesInto = try findsDirectory(options)
    run.hasSeveralOperands = sources.count > 1
    var pairs: [ResolvedOperands.Pair] = []
    for source in sources {
      // Like GNU's, which leaves the names of one file and its copy as they are.
      let named = options.stripsSlashes && goesInto ? source.stripped : source
      var to = target
      if options.parents {
        let below = named.stripped.bytes.drop { $0 == UInt8(ascii: "/") }
        to = target.appending(Array(below))
      } else if goesInto, named.last != Array("..".utf8) {
        // What is in "..", and not a directory of that name, is copied.
        to = target.appending(named.last)
      }
      pairs.append(ResolvedOperands.Pair(source: named, target: to))
    }
    try makeBackupOfItself(&pairs, run)
    let shown = pairs.count == 1 ? pairs[0].target.path : target.path
    return ResolvedOperands(pairs: pairs, directory: target, target: shown)
  }

  /// `cp --force --backup FILE FILE` makes a copy that has the name of a backup.
  private func makeBackupOfItself(
    _ pairs: inout [ResolvedOperands.Pair], _ run: CopyRun
  ) throws(CopyProblem) {
    let options = run.options
    guard options.forces, options.backup != .none, pairs.count == 1,
      pairs[0].source == pairs[0].target, onlySource(options)?.kind == .regular
    else { return }
    let name = pairs[0].target
    do throws(Errno) {
      pairs[0].target = PathName(
        name.bytes + (try Backup.suffix(name, in: .working, options)))
    } catch {
      throw .io(IOFailure(.backup, name.path, error))
    }
    run.options.backup = .none
  }

  /// Whether copies go into the target.
  private func findsDirectory(_ options: CopyOptions) throws(CopyProblem) -> Bool {
    if targetIsNoDirectory { return false }
    let found: EntryStatus?
    var errno: Errno?
    do throws(Errno) {
      found = try target.text.withName { (name) throws(Errno) in
        try System.entryStatus(name, in: .working, follows: true)
      }
    } catch {
      found = nil
      errno = error
    }
    if found?.kind == .directory { return true }
    if targetIsDirectory {
      throw .io(IOFailure(.targetDirectory, target.path, errno ?? .notDirectory))
    }
    if sources.count > 1 {
      throw .io(IOFailure(.target, target.path, errno ?? .notDirectory))
    }
    return false
  }
}

/// Sources with the names of their copies.
struct ResolvedOperands {
  struct Pair {
    var source: PathName, target: PathName
  }

  var pairs: [Pair]
  /// The directory that copies go into, when they do.
  var directory: PathName
  /// The target, for the report.
  var target: FilePath

  /// Copies an operand with all that is in it.
  func copy(_ pair: Pair, _ worker: CopyWorker, _ helpers: Helpers) {
    var parents: ParentDirectories?
    if worker.options.parents {
      parents = ParentDirectories(worker, pair, in: directory)
      if let problem = parents?.make() { return worker.fail(problem, nil) }
    }
    pair.source.text.withName { source in
      pair.target.text.withName { target in
        _ = worker.copy(
          Entry(
            parent: nil, source: .working, sourceName: source, target: .working,
            targetName: target, kind: nil, targetIsNew: false))
      }
    }
    if worker.run.queue.hasTrees {
      helpers.start()
      worker.work(helps: false)
    }
    parents?.finish()
  }
}
