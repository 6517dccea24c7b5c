internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// One copy, on whichever engine was chosen.
struct CopyJob: TransferJob {
  struct Output {
    var result: TransferResult
    var metrics: DriverMetrics
    var counters: EngineCounters
    var files: [ObservedFile]
    /// Whether the file system took O_DIRECT and wrote through the page cache.
    var directWasIgnored = false
    var failure: IOFailure?
  }

  let source: CopySource
  let target: CopyTarget
  let plan: CopyPlan
  let measures: Bool

  /// Files from this size in bytes on are allocated before O_DIRECT writes into them, so that no
  /// write has to extend the file, which the kernel does for one writer at a time.
  private static let allocationThreshold: Int64 = 1 << 20

  mutating func run<Session: TransferSession & ~Copyable>(
    _ session: inout Session
  ) throws(IOFailure) -> Output {
    let opened = try target.open(measures: measures)
    var output = Output(
      result: TransferResult(), metrics: DriverMetrics(), counters: EngineCounters(), files: [])
    do throws(IOFailure) {
      try prepare(opened)
      output.result = session.transfer(
        from: source.endpoint(plan.source), to: endpoint(opened))
      if let failure = output.result.failure { throw describe(failure) }
      try finish(opened, &output)
    } catch {
      output.failure = error
      giveUp(opened, output.result)
    }
    output.metrics = session.metrics
    output.counters = session.counters
    observe(opened, &output)
    do throws(Errno) {
      try System.close(opened.descriptor)
    } catch {
      output.failure = output.failure ?? IOFailure(.close, target.path, error)
      target.remove(opened)
    }
    return output
  }

  /// Removes a target that is ours, and leaves of another what has arrived without a gap: a file of
  /// the full size would look complete.
  private func giveUp(_ opened: CopyTarget.Opened, _ result: TransferResult) {
    target.remove(opened)
    guard !opened.isOurs, opened.status.kind == .regular else { return }
    let size = max(result.contiguousBytes, result.bytesOffloaded)
    // The failure that led here is the one to report.
    try? System.truncate(opened.descriptor, to: size)
  }

  private func endpoint(_ opened: CopyTarget.Opened) -> Endpoint {
    Endpoint(
      descriptor: opened.descriptor, kind: opened.status.kind,
      position: opened.status.kind.isPositional ? .offset(0) : .stream, cache: plan.target)
  }

  private func prepare(_ opened: CopyTarget.Opened) throws(IOFailure) {
    if plan.source.mode == .direct {
      try System.attempt(.prepare, source.path) { () throws(Errno) in
        try CachePlan.setDirect(source.descriptor, true)
      }
    }
    guard plan.target.mode == .direct else { return }
    try System.attempt(.prepare, target.path) { () throws(Errno) in
      try CachePlan.setDirect(opened.descriptor, true)
    }
    guard opened.status.kind == .regular, source.size >= Self.allocationThreshold else { return }
    do throws(Errno) {
      try System.allocate(opened.descriptor, size: source.size)
    } catch {
      guard error == .notSupported || error == .noFunction else {
        throw IOFailure(.write, target.path, error)
      }
    }
  }

  private func describe(_ failure: TransferFailure) -> IOFailure {
    switch failure.side {
    case .source: IOFailure(.read, source.path, failure.errno)
    case .target: IOFailure(.write, target.path, failure.errno)
    case nil: IOFailure(.copy(to: target.path), source.path, failure.errno)
    }
  }

  private func finish(
    _ opened: CopyTarget.Opened, _ output: inout Output
  ) throws(IOFailure) {
    let result = output.result
    guard opened.status.kind == .regular else { return }
    // The source may have become shorter than what was allocated, or written ahead of its end.
    let moved = result.bytesWritten + result.bytesOffloaded + result.bytesReflinked
    let size = min(moved, result.sourceEnd ?? moved)
    let status = try System.attempt(.stat, target.path) { () throws(Errno) in
      try System.status(opened.descriptor)
    }
    if status.size != size {
      try System.attempt(.truncate, target.path) { () throws(Errno) in
        try System.truncate(opened.descriptor, to: size)
      }
    }
    if plan.target.mode != .page { try leaveCache(opened, size, &output) }
  }

  /// Sees to it that no page of the target stays behind: uncached ones go when they have been written,
  /// and some file systems (btrfs) write through the page cache in spite of O_DIRECT.
  private func leaveCache(
    _ opened: CopyTarget.Opened, _ size: Int64, _ output: inout Output
  ) throws(IOFailure) {
    if plan.target.mode == .direct {
      guard let pages = try? System.cachedPages(opened.descriptor), pages.resident > 0 else {
        return
      }
      output.directWasIgnored = true
    }
    try System.attempt(.synchronise, target.path) { () throws(Errno) in
      // All pages are this copy's own: the file was empty before.
      try CachePlan.writeOut(opened.descriptor, 0..<size)
    }
  }

  private func observe(_ opened: CopyTarget.Opened, _ output: inout Output) {
    guard measures, let before = opened.before else { return }
    let after = PageCacheProbe(opened.descriptor, kind: opened.status.kind, size: 0)
    output.files.append(
      ObservedFile(
        path: target.path, role: .target, asked: plan.asked, mode: plan.target.mode.rawValue,
        alignment: plan.target.shownAlignment,
        size: output.result.bytesWritten + output.result.bytesOffloaded
          + output.result.bytesReflinked, before: before, after: after,
        directWasIgnored: output.directWasIgnored))
  }
}
