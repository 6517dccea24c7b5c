public import SystemPackage
public import XIOSystem

/// Blocking I/O on many descriptors: each operation blocks in its call, on a thread of its own.
public struct ThreadedBlockingEngine: IOEngine, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .blocking }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .synchronous, .blocking, overlaps: true, defaultDepth: 2, tellsReadiness: false,
      onStreams: "read, write, a thread each", onFiles: "pread, pwrite, a thread each")
  }

  /// Every kernel has it.
  public static func availability() -> Availability { .available }

  /// Blocks on every descriptor, in the call.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    DescriptorReport(.blocks, "a thread each")
  }

  // A signal that comes before its thread has entered the kernel is not felt there.
  private static let interruptionInterval: Nanoseconds = 1_000_000

  /// What was counted so far.
  public private(set) var counters = EngineCounters()
  private let pool: BufferPool
  private let measures: Bool
  private let workers: WorkerThreads
  private var table: PendingTable
  private var done: [Completion] = []

  /// Prepares the threads, which begin with the operations they are for.
  ///
  /// - Throws: ENOMEM.
  public init(_ configuration: EngineConfiguration, pool: BufferPool) throws(Errno) {
    self.pool = pool
    measures = configuration.measures
    let capacity = configuration.queueDepth + 2
    workers = try WorkerThreads(capacity: capacity)
    table = PendingTable(capacity: capacity)
  }

  /// Hands the call over to a thread.
  ///
  /// - Throws: EAGAIN when there can be no further thread: what waits for one might do so for ever.
  public mutating func submit(_ operation: Operation) throws(Errno) -> Submission {
    if case .cancel(let id) = operation.verb {
      if let place = table.place(of: id) { cancel(place) }
      return .completed(Completion(id: operation.id, result: .success(0), phases: .unmeasured))
    }
    guard !table.isFull else { return .full }
    let count: Int
    do throws(Errno) {
      count = try System.request(operation.blockingCall, operation.range.count)
    } catch {
      return .completed(
        Completion(id: operation.id, result: .failure(error), phases: .unmeasured))
    }
    let start = operation.range.lowerBound
    let memory = pool.bytes(operation.slot, start..<start + count)
    let place = table.insert(operation, at: 0)
    do throws(Errno) {
      try workers.submit(
        operation.call(memory), operation.descriptor, measures: measures && operation.movesData,
        index: place)
    } catch {
      table.remove(place)
      throw error
    }
    return .queued
  }

  private mutating func cancel(_ place: Int) {
    table.update(place) { $0.isCancelled = true }
    workers.interrupt(place)
  }

  /// Waits until calls have returned and passes their results on.
  public mutating func reap(
    atLeast count: Int, deadline: Nanoseconds?, _ body: (Completion) -> Void
  ) throws(Errno) -> Int {
    var passed = 0
    while true {
      let announced = workers.announced
      let interrupts = collect()
      for completion in done { body(completion) }
      passed += done.count
      done.empty()
      let timeout = count == 0 ? 0 : timeLeft(until: deadline)
      if passed >= count || table.count == 0 || timeout == 0 { return passed }
      if Termination.requested != nil { throw .interrupted }
      let longest = interrupts ? Self.interruptionInterval : nil
      try workers.wait(since: announced, timeout: [timeout, longest].compactMap(\.self).min())
    }
  }

  /// Takes what has returned, and says whether something is there that was cancelled and has not.
  private mutating func collect() -> Bool {
    var interrupts = false
    for place in table.entries.indices {
      guard let entry = table.entries[place] else { continue }
      if let returned = workers.take(place) {
        table.remove(place)
        finish(entry.operation, returned)
      } else if entry.isCancelled {
        workers.interrupt(place)
        interrupts = true
      }
    }
    return interrupts
  }

  private mutating func finish(_ operation: Operation, _ returned: WorkerThreads.Return) {
    if case .failure(.wouldBlock) = returned.result { counters.retries += 1 }
    let phases =
      measures && operation.movesData
      ? Phases.overlapped(.cpuClock, processorTime: returned.processorTime) : .unmeasured
    done.append(Completion(id: operation.id, result: returned.result, phases: phases))
  }

  deinit {
    // While calls are made their buffers must be there.
    withExtendedLifetime(pool) { workers.end() }
  }

  /// Interrupts what still blocks, and ends the threads.
  public consuming func close() throws(Errno) {}
}

extension Operation {
  /// The system call that a thread makes.
  fileprivate var blockingCall: SystemCall {
    switch verb {
    case .read(let offset): flags.isEmpty ? offset == nil ? .read : .pread64 : .preadv2
    case .write(let offset): flags.isEmpty ? offset == nil ? .write : .pwrite64 : .pwritev2
    case .waitReadable, .waitWritable, .cancel: .ppoll
    case .fsync(let dataOnly): dataOnly ? .fdatasync : .fsync
    }
  }

  fileprivate func call(_ memory: UnsafeMutableRawBufferPointer) -> WorkerThreads.Call {
    switch verb {
    case .read(let offset): .read(memory, at: offset, flags: flags)
    case .write(let offset):
      .write(UnsafeRawBufferPointer(memory), at: offset, flags: flags)
    case .waitReadable: .waitReadable
    case .waitWritable, .cancel: .waitWritable
    case .fsync(let dataOnly): .fsync(dataOnly: dataOnly)
    }
  }
}
