internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// One copy, on whichever engine was chosen: operands in their order, each tree by several threads.
struct CopyJob: TransferJob {
  let run: CopyRun
  let operands: CopyOperands
  let observer: LatencyObserver?
  /// Why things were done as they were.
  private(set) var reasons: [String] = []
  /// The target, for the report.
  private(set) var target = FilePath()

  init(run: CopyRun, operands: CopyOperands, observer: LatencyObserver?) {
    self.run = run
    self.operands = operands
    // Several threads observe.
    let monitor = Monitor()
    self.observer = observer.map { observe in
      { direction, duration in monitor.locked { observe(direction, duration) } }
    }
  }

  mutating func run<Session: TransferSession & ~Copyable>(
    _ session: inout Session
  ) throws(CopyProblem) {
    let resolved = try operands.resolve(run)
    target = resolved.target
    let helpers = Helpers(run, observer)
    let surveyor =
      run.showsProgress
      ? try? Thread.start { [run, operands] in
        var survey = Survey(run.options, isOver: { run.isOver })
        let areSeen = operands.sources.allSatisfy { survey.add($0) }
        if areSeen { run.advance(.total(files: survey.files, bytes: survey.bytes)) }
      } : nil
    defer {
      run.end()
      surveyor?.join()
    }
    var reasons: [String] = []
    let run = run
    let failure: CopyProblem? = withUnsafeMutablePointer(to: &session) { session in
      do throws(Errno) {
        let worker = try CopyWorker(run) { session.pointee.transfer(from: $0, to: $1) }
        for operand in resolved.pairs where Termination.requested == nil {
          resolved.copy(operand, worker, helpers)
        }
        helpers.end()
        for error in run.fileSystems.synchronize() {
          run.report(.io(IOFailure(.synchronise, resolved.target, error)))
        }
        reasons = worker.cache.reasons + helpers.reasons
        worker.close()
        return nil
      } catch {
        return .io(IOFailure(.prepare, nil, error, reason: "no memory for buffers"))
      }
    }
    self.reasons = reasons
    var totals = CopyTotals()
    totals.metrics = session.metrics
    totals.counters = session.counters
    run.add(totals)
    if let failure { throw failure }
  }
}

/// The threads that help with trees; the first one is started when there is one.
final class Helpers {
  private let run: CopyRun
  private let observer: LatencyObserver?
  private var threads: [Thread] = []
  private(set) var reasons: [String] = []

  init(_ run: CopyRun, _ observer: LatencyObserver?) {
    self.run = run
    self.observer = observer
  }

  /// So many threads in all copy a tree when nobody says: one for each processor, up to the number beyond
  /// which they mostly wait for each other.
  static func number(_ options: CopyOptions) -> Int {
    if options.overwriting == .ask { return 1 }
    return options.jobs ?? min(8, System.processors)
  }

  /// Makes sure that all of them run.
  func start() {
    let number = Self.number(run.options)
    while threads.count + 1 < number {
      do throws(Errno) {
        threads.append(try Thread.start { [run, observer] in Self.help(run, observer) })
      } catch {
        reasons.append("\(threads.count + 1) threads, not \(number): \(error)")
        return
      }
    }
  }

  /// Waits until all have ended.
  func end() {
    run.queue.close()
    for thread in threads { thread.join() }
    if !threads.isEmpty { reasons.append("\(threads.count + 1) threads copied the tree") }
  }

  private static func help(_ run: CopyRun, _ observer: LatencyObserver?) {
    var job = HelperJob(run: run)
    // Not with engines that hand descriptors to threads of others, nor where those are kept for the end.
    if run.chooses, !run.options.isCareful { try? Thread.unshareDescriptors() }
    // An engine that cannot be had once more leaves its part to the others.
    try? Registry.run(
      &job, run.session, onLatency: observer, onProgress: run.arrivals)
  }
}

/// What a thread that helps does with an engine of its own.
struct HelperJob: TransferJob {
  let run: CopyRun

  mutating func run<Session: TransferSession & ~Copyable>(
    _ session: inout Session
  ) throws(Never) {
    let run = run
    withUnsafeMutablePointer(to: &session) { session in
      let made = try? CopyWorker(run) { session.pointee.transfer(from: $0, to: $1) }
      guard let worker = made else { return }
      worker.work(helps: true)
      worker.close()
    }
    var totals = CopyTotals()
    totals.metrics = session.metrics
    totals.counters = session.counters
    run.add(totals)
  }
}
