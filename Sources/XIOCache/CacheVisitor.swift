internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Does to one file after the other what is to be done.
struct CacheVisitor {
  let action: CacheOptions.Action
  let hasCells: Bool
  let onEntry: (CacheEntry) -> Void
  let onFailure: (IOFailure) -> Void

  /// What changes while it runs.
  private final class State {
    var totals = CacheTotals()
    /// Files with several names that have been counted.
    var seen: Set<EntryStatus.Identity> = []
    /// Looked at once there is something to explain.
    lazy var mappings = Mappings()
  }

  private let state = State()

  init(
    action: CacheOptions.Action, hasCells: Bool, onEntry: @escaping (CacheEntry) -> Void,
    onFailure: @escaping (IOFailure) -> Void
  ) {
    self.action = action
    self.hasCells = hasCells
    self.onEntry = onEntry
    self.onFailure = onFailure
  }

  /// Goes through all files.
  ///
  /// - Parameters:
  ///   - operands: Their names.
  ///   - isRecursive: Whether directories stand for what is below them.
  ///   - warm: Reads a file; nil where nothing is to be read.
  /// - Returns: The sums.
  func run(
    _ operands: [FilePath], _ isRecursive: Bool,
    warm: ((FoundFile) throws(IOFailure) -> Warmed)?
  ) -> CacheTotals {
    let tree = FileTree(
      isRecursive: isRecursive,
      onFile: { file in
        do throws(IOFailure) { try take(file, warm) } catch { fail(error) }
      }, onFailure: { fail($0) })
    for operand in operands where Termination.requested == nil { tree.visit(operand) }
    return state.totals
  }

  private func fail(_ failure: IOFailure) {
    state.totals.succeeded = false
    onFailure(failure)
  }

  private func take(
    _ file: FoundFile, _ warm: ((FoundFile) throws(IOFailure) -> Warmed)?
  ) throws(IOFailure) {
    func count(_ hasCells: Bool) -> FileResidency {
      FileResidency(
        file.descriptor, kind: file.status.kind, size: file.size, hasCells: hasCells)
    }
    let before = action == .show ? nil : count(false)
    var isInMemory = false
    var read: Warmed?
    if action == .evict {
      isInMemory = try evict(file)
    } else if let warm {
      read = try warm(file)
    }
    var entry = CacheEntry(path: file.path, before: before, now: count(hasCells))
    entry.bytesRead = read?.bytes
    if file.status.links > 1 {
      entry.isRepeated = !state.seen.insert(file.status.identity).inserted
    }
    switch action {
    case .show: if let reason = entry.now.probe.reason { entry.shortfalls = [.unknown(reason)] }
    case .warm: entry.shortfalls = missing(entry.now, read)
    case .evict: entry.shortfalls = staying(entry.now, file, isInMemory)
    }
    state.totals.add(entry)
    onEntry(entry)
  }

  /// Writes a file to its device and drops its pages.
  ///
  /// - Returns: Whether it has no device, so that nothing was done.
  private func evict(_ file: FoundFile) throws(IOFailure) -> Bool {
    let isInMemory = try System.attempt(.prepare, file.path) { () throws(Errno) in
      try System.isInMemory(file.descriptor)
    }
    if isInMemory { return true }
    try System.attempt(.synchronise, file.path) { () throws(Errno) in
      try System.synchronize(file.descriptor, dataOnly: true)
    }
    try System.attempt(.prepare, file.path) { () throws(Errno) in
      try CachePlan.drop(file.descriptor)
    }
    return false
  }

  /// Why pages are there that should have gone.
  private func staying(
    _ now: FileResidency, _ file: FoundFile, _ isInMemory: Bool
  ) -> [CacheShortfall] {
    guard let counts = now.probe.counts else {
      return [.unknown(now.probe.reason ?? "pages cannot be counted")]
    }
    guard counts.resident > 0 else { return [] }
    if isInMemory { return [.inMemory(pages: counts.resident)] }
    var reasons: [CacheShortfall] = []
    let changed = min(counts.resident, (counts.dirty ?? 0) + (counts.writeback ?? 0))
    if changed > 0 { reasons.append(.dirty(pages: changed)) }
    if counts.resident > changed {
      let processes = state.mappings.processes(mapping: file.status, file.descriptor)
      reasons.append(
        .inUse(
          pages: counts.resident - changed, by: processes.map { "\($0.number) (\($0.name))" }))
    }
    return reasons
  }

  /// Why pages are missing that should have come; what cannot be counted was read all the same.
  private func missing(_ now: FileResidency, _ read: Warmed?) -> [CacheShortfall] {
    guard let read, let counts = now.probe.counts, counts.resident < read.pages else { return [] }
    return [.givenUp(pages: UInt64(read.pages) - counts.resident, of: UInt64(read.pages))]
  }
}
