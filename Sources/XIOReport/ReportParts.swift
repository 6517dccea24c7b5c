internal import XIOEngines
internal import XIOSystem

extension Report.Engine {
  init(_ facts: Measurement.Facts) {
    let engine = facts.session.engine
    let traits =
      engine == .posixAIO
      ? PosixAIOEngine.traits(for: facts.session.notification)
      : Registry.description(of: engine).traits
    self.init(
      asked: facts.selection.asked?.rawValue ?? "auto", ran: engine.rawValue,
      reasons: facts.selection.reasons, remarks: facts.counters.remarks,
      synchrony: traits.synchrony.rawValue, meanwhile: traits.meanwhile.rawValue,
      notify: engine == .posixAIO
        ? .value(facts.session.notification.rawValue)
        : .unknown("posix-aio alone has ways of notification"),
      mechanisms: facts.result.mechanisms, blockSize: facts.session.blockSize,
      queueDepth: facts.queueDepth, queueDepthInUse: facts.session.queueDepth)
  }
}

extension Report.Bytes {
  init(_ result: TransferResult) {
    self.init(
      total: result.bytesWritten + result.bytesOffloaded + result.bytesReflinked,
      userCopied: result.bytesWritten, offloaded: result.bytesOffloaded,
      reflinked: result.bytesReflinked, directRead: result.directBytes.read,
      directWritten: result.directBytes.written, bufferedTail: result.tailBytes)
  }
}

extension Report.Phase {
  init(_ total: PhaseTotal) {
    let isMerged = total.basis == .merged
    let merged = "one event covers waiting and copying"
    self.init(
      direction: total.direction.rawValue,
      basis: total.basis.rawValue, operations: total.operations,
      waitNs: Known(total.wait, else: merged),
      copyNs: Known(
        total.copy,
        else: isMerged ? merged : "the device transfers to memory by itself; nothing is copied"),
      prepareNs: Known(
        total.prepare,
        else: isMerged ? merged : "it happens in the call that copies, and counts as copying"),
      mergedNs: Known(total.merged, else: "waiting and copying are told apart"))
  }
}

extension Report.Operations {
  init(_ metrics: DriverMetrics, _ counters: EngineCounters) {
    self.init(
      submitted: metrics.operations, completed: metrics.completions,
      eagainRetries: counters.retries, interrupted: metrics.interruptions,
      shortCounts: metrics.shortCounts, signals: counters.signals,
      signalOverflows: counters.signalOverflows, blockingFallbacks: counters.blockingFallbacks,
      descriptorsPassed: counters.descriptorsPassed)
  }
}

extension Report.SystemCalls {
  init(_ calls: SystemCallTally, _ engine: EngineName) {
    let own = calls.entries.filter { !$0.call.isRequest }
    self.init(
      total: calls.total,
      byName: Dictionary(own.map { ($0.call.name, $0.count) }, uniquingKeysWith: +),
      byHelperThreads: engine == .posixAIO
        ? .unknown("the C library's threads do not count their calls") : .value(0))
  }
}

extension Report.Pages {
  init(_ probe: PageCacheProbe) {
    let reason = probe.reason ?? "\(probe.method ?? "mincore") does not tell"
    self.init(
      residentPages: Known(probe.counts?.resident, else: reason),
      dirtyPages: Known(probe.counts?.dirty, else: reason),
      writebackPages: Known(probe.counts?.writeback, else: reason))
  }
}

extension Report.CachedFile {
  init(_ file: ObservedFile) {
    let isDirect = file.mode == CacheMode.direct.rawValue
    let before = file.before.counts?.resident
    let after = file.after.counts?.resident
    // Direct transfers leave the cache alone, or empty it; new pages mean that they were not direct.
    let honoured: Bool? = before.flatMap { before in
      after.map { $0 <= before && !file.directWasIgnored }
    }
    self.init(
      file: FileName(file.path), role: file.role.rawValue, asked: file.asked, mode: file.mode,
      bytes: file.size, before: .init(file.before), after: .init(file.after),
      method: Known(file.after.method, else: file.after.reason ?? "not counted"),
      directHonoured: isDirect
        ? Known(honoured, else: file.after.reason ?? "pages were not counted")
        : .unknown("O_DIRECT was not used"),
      alignment: Known(file.alignment, else: "O_DIRECT was not used"))
  }
}

extension Report.Durability {
  init(_ level: String, _ files: [ObservedFile]) {
    let target = files.last { $0.role == .target }
    let counts = target?.after.counts
    guard level != "batch" else {
      self.init(
        level: level,
        dirtyBytes: .unknown("pages were counted before everything was brought to the device"))
      return
    }
    let dirty = counts?.dirty.flatMap { dirty in counts?.writeback.map { (dirty + $0) * 4096 } }
    self.init(
      level: level,
      dirtyBytes: Known(dirty, else: target?.after.reason ?? "the target has no pages to count"))
  }
}

extension Report {
  /// Gathers the reasons of all null fields under their paths.
  mutating func collectReasons() {
    func note(_ path: String, _ reason: String?) {
      if let reason { unknown[path] = reason }
    }
    note("run_queue_ns", runQueueNs.reason)
    note("engine.notify", engine.notify.reason)
    note("system_calls.by_helper_threads", systemCalls.byHelperThreads.reason)
    note("device.read_bytes", device.readBytes.reason)
    note("device.write_bytes", device.writeBytes.reason)
    note("durability.dirty_bytes", durability.dirtyBytes.reason)
    for (index, phase) in phases.enumerated() {
      note("phases[\(index)].wait_ns", phase.waitNs.reason)
      note("phases[\(index)].copy_ns", phase.copyNs.reason)
      note("phases[\(index)].prepare_ns", phase.prepareNs.reason)
      note("phases[\(index)].merged_ns", phase.mergedNs.reason)
    }
    for (index, file) in pageCache.enumerated() {
      let path = "page_cache[\(index)]"
      note("\(path).method", file.method.reason)
      note("\(path).direct_honoured", file.directHonoured.reason)
      note("\(path).alignment", file.alignment.reason)
      for (name, pages) in [("before", file.before), ("after", file.after)] {
        note("\(path).\(name).resident_pages", pages.residentPages.reason)
        note("\(path).\(name).dirty_pages", pages.dirtyPages.reason)
        note("\(path).\(name).writeback_pages", pages.writebackPages.reason)
      }
    }
  }
}
