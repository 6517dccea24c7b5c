internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// How both files of a copy meet the page cache.
struct CachePair {
  var source = CacheTreatment.page, target = CacheTreatment.page
  /// Whether the kernel may copy by itself, before an engine does.
  var offloads = false

  /// A part that O_DIRECT can move: it begins and ends where blocks do, or the file.
  func align(_ part: Range<Int64>, size: Int64) -> Range<Int64> {
    let unit = Int64(max(source.alignment, target.alignment))
    let start = part.lowerBound / unit * unit
    // Files can end where nothing is to be added to.
    let missing = (unit - part.upperBound % unit) % unit
    return start..<part.upperBound + max(0, min(missing, size - part.upperBound))
  }
}

/// Finds out what a cache mode comes down to, once for each file system.
struct CacheResolver {
  private let run: CopyRun
  private let mode: CacheMode
  private var sources: [UInt64: CacheTreatment] = [:]
  private var targets: [UInt64: CacheTreatment] = [:]

  init(_ run: CopyRun) {
    self.run = run
    mode = run.options.transfer.cache
  }

  /// What `keep` came down to, for the report.
  var reasons: [String] {
    guard mode == .keep, let source = sources.values.first, let target = targets.values.first else {
      return []
    }
    return [
      "keep: the source is read \(source.mode.rawValue), the target written \(target.mode.rawValue)"
    ]
  }

  /// Looks at both ends, before the target is made.
  ///
  /// - Parameters:
  ///   - entry: The names.
  ///   - source: The source.
  ///   - existing: What is in the way, nil for nothing.
  /// - Returns: How both are to be treated.
  /// - Throws: ``CopyProblem`` when a file system or the engine cannot do what was asked for.
  mutating func resolve(
    _ entry: Entry, _ source: OpenSource, _ existing: EntryStatus?
  ) throws(CopyProblem) -> CachePair {
    var pair = CachePair()
    let options = run.options
    pair.offloads =
      run.chooses && options.allowsOffload && !options.isPhysical
      && run.session.engine == .blocking
    do throws(IOFailure) {
      if run.session.engine == .select {
        try run.session.checkNumber(of: source.descriptor, entry.sourcePath)
      }
      guard mode != .page else { return pair }
      pair.source = try resolveSource(entry, source)
      if existing.map({ $0.kind == .regular }) ?? true {
        pair.target = try resolveTarget(entry, existing)
      }
      try options.transfer.checkAlignment(pair.source, run.session, entry.sourcePath)
      try options.transfer.checkAlignment(pair.target, run.session, entry.targetPath)
      return pair
    } catch {
      throw .io(error)
    }
  }

  private mutating func resolveSource(
    _ entry: Entry, _ source: OpenSource
  ) throws(IOFailure) -> CacheTreatment {
    let device = source.status.identity.device
    if source.kind == .regular, let known = sources[device] { return known }
    let found = try CachePlan.resolve(
      mode, of: entry.sourcePath, kind: source.kind, engine: run.session.engine,
      probe: source.descriptor)
    if source.kind == .regular { sources[device] = found }
    return found
  }

  private mutating func resolveTarget(
    _ entry: Entry, _ existing: EntryStatus?
  ) throws(IOFailure) -> CacheTreatment {
    let path = entry.targetPath
    let place =
      entry.parent == nil ? path : FilePath("/proc/thread-self/fd/\(entry.target.rawValue)/probe")
    let probe = try openProbe(place, path, existing)
    defer { try? System.close(probe) }
    let device = try System.attempt(.stat, path) { () throws(Errno) in
      try System.entryStatus(probe).identity.device
    }
    if let known = targets[device] { return known }
    let found = try CachePlan.resolve(
      mode, of: path, kind: .regular, engine: run.session.engine, probe: probe)
    targets[device] = found
    return found
  }

  /// Opens something readable on the target's file system that tells what it can do.
  private func openProbe(
    _ place: FilePath, _ path: FilePath, _ existing: EntryStatus?
  ) throws(IOFailure) -> FileDescriptor {
    if let nameless = try? System.openNameless(beside: place) { return nameless }
    if existing != nil, let file = try? System.open(path, .readOnly) { return file }
    do throws(Errno) {
      return try System.openNameless(beside: place)
    } catch {
      throw IOFailure(
        .create, path, error, hint: "--cache needs a look at the target's file system first")
    }
  }
}
