internal import CXIO
public import SystemPackage
public import XIOSystem

/// Linux native asynchronous I/O. Streams are waited for with IOCB_CMD_POLL and then read plainly,
/// for a transfer on a pipe would block inside io_submit.
public struct LibAIOEngine: IOEngine, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .libaio }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .asynchronous, .nonblocking, overlaps: true, defaultDepth: 8,
      onStreams: "IOCB_CMD_POLL, then read or write",
      onFiles: "asynchronous with O_DIRECT only")
  }

  /// Tries to make a context.
  public static func availability() -> Availability {
    do throws(Errno) {
      _ = try NativeAIO(capacity: 1)
      return .available
    } catch {
      return .unavailable(unavailable(error))
    }
  }

  /// Explains an error of `io_setup`.
  static func unavailable(_ errno: Errno) -> EngineUnavailable {
    switch errno {
    case .wouldBlock, .resourceTemporarilyUnavailable:
      EngineUnavailable(
        engine: name, errno: errno, cause: "all of fs.aio-max-nr is in use",
        mend: "raise it: sysctl -w fs.aio-max-nr=1048576")
    case .noFunction:
      EngineUnavailable(
        engine: name, errno: errno, cause: "the kernel or a seccomp filter has no io_setup",
        mend: "allow io_setup, io_submit and io_getevents in the container's seccomp profile")
    default:
      EngineUnavailable(
        engine: name, errno: errno, cause: "io_setup failed", mend: "allow io_setup(2)")
    }
  }

  /// Waits for streams; files only overlap with O_DIRECT.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    if facts.kind.isPositional {
      return facts.directAlignment == nil
        ? DescriptorReport(.inSubmission, "no O_DIRECT here")
        : DescriptorReport(.inSubmission, "asynchronous with --cache direct")
    }
    return facts.isPollable
      ? DescriptorReport(.waits) : DescriptorReport(.alwaysReady, "no event to wait for")
  }

  /// What was counted so far.
  public private(set) var counters = EngineCounters()
  private let pool: BufferPool
  private let measures: Bool
  private let context: NativeAIO
  private var calls = NonBlockingCalls(asksFiles: false)
  private var table: PendingTable
  private var done: [Completion] = []
  private var events: [NativeAIO.Event]
  private var waits: [Int32: Bool] = [:]
  private var processorTime: Nanoseconds = 0
  // IOCB_CMD_POLL refuses what has two wait queues, such as a terminal. An epoll instance has one.
  private var proxies: [Int32: FileDescriptor] = [:]

  /// Makes a context.
  ///
  /// - Throws: The error number of `io_setup`.
  public init(_ configuration: EngineConfiguration, pool: BufferPool) throws(Errno) {
    self.pool = pool
    measures = configuration.measures
    let capacity = configuration.queueDepth * 2
    context = try NativeAIO(capacity: capacity)
    table = PendingTable(capacity: capacity)
    events = Array(repeating: NativeAIO.Event(), count: capacity)
  }

  /// Prepares a request; nothing happens before the next commit or reap.
  public mutating func submit(_ operation: Operation) throws(Errno) -> Submission {
    if case .cancel(let id) = operation.verb {
      try cancel(id)
      return .completed(Completion(id: operation.id, result: .success(0), phases: .unmeasured))
    }
    if operation.continuesFile || isAlwaysReady(operation) {
      return .completed(PlainCall.completion(of: operation, pool, measures: measures))
    }
    guard !table.isFull else { return .full }
    do throws(Errno) {
      let count = try System.request(operation.libaioCall, operation.range.count)
      let place = table.insert(operation, at: measures ? Clock.monotonic : 0)
      context.prepare(
        operation.nativeVerb(pool, count), operation.descriptor,
        flags: operation.waitsOnly ? [] : operation.flags, index: place)
      return .queued
    } catch {
      return .completed(
        Completion(id: operation.id, result: .failure(error), phases: .unmeasured))
    }
  }

  /// Whether there is nothing to wait for: a device such as /dev/null has no events.
  private mutating func isAlwaysReady(_ operation: Operation) -> Bool {
    guard operation.movesData, !operation.kind.isPositional else { return false }
    let number = operation.descriptor.rawValue
    if let known = waits[number] { return !known }
    let found = System.isEpollable(operation.descriptor)
    waits[number] = found
    return !found
  }

  private mutating func cancel(_ id: OperationID) throws(Errno) {
    // Only what the kernel has can be cancelled there; what cannot ends by itself.
    try commit()
    guard let place = table.place(of: id), (try? context.cancel(place)) != nil else { return }
    table.update(place) { $0.isCancelled = true }
  }

  /// Hands over what is prepared; without O_DIRECT the transfers happen here.
  public mutating func commit() throws(Errno) {
    let began = measures ? Clock.threadCPU : 0
    defer { if measures { processorTime += Clock.threadCPU - began } }
    while context.prepared > 0 {
      do throws(Errno) {
        if let refused = try context.submit() { finish(refused.index, .failure(refused.errno)) }
      } catch {
        // The kernel has no room for more until some events have been taken.
        guard error == .wouldBlock, table.count > context.prepared else { throw error }
        counters.retries += 1
        return
      }
    }
  }

  private mutating func finish(_ place: Int, _ result: Result<Int, Errno>) {
    guard let entry = table.entries[place] else { return }
    let operation = entry.operation
    // A cancelled wait ends like one that was for nothing.
    let result = entry.isCancelled ? .failure(.canceled) : result
    if operation.waitsOnly {
      if case .failure(.invalidArgument) = result, waitByProxy(place, operation) { return }
      if operation.movesData, case .success = result { return finishStream(place, entry) }
    }
    table.remove(place)
    var phases = Phases.unmeasured
    if measures, operation.movesData {
      phases = .overlapped(operation.isDirect ? .noCopy : .cpuClock, processorTime: processorTime)
      processorTime = 0
    }
    done.append(Completion(id: operation.id, result: result, phases: phases))
  }

  /// Waits for an epoll instance that holds nothing but the descriptor; says whether it can.
  private mutating func waitByProxy(_ place: Int, _ operation: Operation) -> Bool {
    let interest = Interest(operation)
    do throws(Errno) {
      if let proxy = proxies[interest.fd] {
        try System.setEpoll(proxy, interest, token: 0, change: true)
      } else {
        let proxy = try System.makeEpoll()
        proxies[interest.fd] = proxy
        try System.setEpoll(proxy, interest, token: 0, change: false)
      }
    } catch {
      return false
    }
    guard let proxy = proxies[interest.fd] else { return false }
    context.prepare(.waitReadable, proxy, flags: [], index: place)
    return true
  }

  /// The wait of a stream is over; now the plain call.
  private mutating func finishStream(_ place: Int, _ entry: PendingTable.Entry) {
    let operation = entry.operation
    let ready = measures ? Clock.monotonic : 0
    let result = calls.perform(operation, pool)
    // Others may have been faster; whether it is like that for ever is for the driver to say.
    if case .failure(.wouldBlock) = result, entry.falseAlarms < EngineTraits.mostFalseAlarms {
      counters.retries += 1
      table.update(place) { $0.falseAlarms += 1 }
      context.prepare(
        operation.nativeVerb(pool, 0), operation.descriptor, flags: [], index: place)
      return
    }
    table.remove(place)
    var phases = Phases.unmeasured
    if measures {
      phases = .measured(
        .explicit, wait: ready - entry.submitted, copy: Clock.monotonic - ready)
    }
    done.append(Completion(id: operation.id, result: result, phases: phases))
  }

  /// Hands over, waits for events and passes them on.
  public mutating func reap(
    atLeast count: Int, deadline: Nanoseconds?, _ body: (Completion) -> Void
  ) throws(Errno) -> Int {
    var passed = 0
    while true {
      try commit()
      for completion in done { body(completion) }
      passed += done.count
      done.empty()
      if passed >= count && count > 0 || table.count == 0 { return passed }
      let timeout = count == 0 ? 0 : timeLeft(until: deadline)
      let found = try context.wait(for: count == 0 ? 0 : 1, into: &events, timeout: timeout)
      for event in events[..<found] {
        let result: Result<Int, Errno> =
          event.result < 0
          ? .failure(Errno(rawValue: CInt(truncatingIfNeeded: -event.result)))
          : .success(event.result)
        finish(Int(event.index), result)
      }
      if found == 0, timeout == 0 { return passed }
    }
  }

  /// Restores a descriptor's flags.
  public mutating func forget(_ descriptor: FileDescriptor) {
    waits[descriptor.rawValue] = nil
    calls.forget(descriptor)
    if let proxy = proxies.removeValue(forKey: descriptor.rawValue) { try? System.close(proxy) }
  }

  /// Destroys the context, which waits for what is in flight.
  public consuming func close() throws(Errno) {
    calls.restoreAll()
    for proxy in proxies.values { try? System.close(proxy) }
  }
}

extension Operation {
  /// Whether the kernel is only to say when the descriptor is ready.
  fileprivate var waitsOnly: Bool {
    switch verb {
    case .waitReadable, .waitWritable: true
    case .read, .write: !kind.isPositional
    case .fsync, .cancel: false
    }
  }

  fileprivate var libaioCall: SystemCall {
    switch verb {
    case .read where kind.isPositional: .libaioRead
    case .write where kind.isPositional: .libaioWrite
    case .fsync: .libaioFsync
    case .read, .write, .waitReadable, .waitWritable, .cancel: .libaioPoll
    }
  }

  fileprivate func nativeVerb(_ pool: BufferPool, _ count: Int) -> NativeAIO.Verb {
    let memory = pool.bytes(slot, range.lowerBound..<range.lowerBound + count)
    switch verb {
    case .read(let offset) where kind.isPositional: return .read(memory, at: offset ?? 0)
    case .write(let offset) where kind.isPositional:
      return .write(UnsafeRawBufferPointer(memory), at: offset ?? 0)
    case .fsync(let dataOnly): return .synchronize(dataOnly: dataOnly)
    case .read, .waitReadable, .cancel: return .waitReadable
    case .write, .waitWritable: return .waitWritable
    }
  }
}
