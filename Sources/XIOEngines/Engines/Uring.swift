internal import CXIO
public import SystemPackage
public import XIOSystem

/// io_uring: requests and completions in rings that the process shares with the kernel.
public struct UringEngine: IOEngine, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .uring }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .asynchronous, .nonblocking, overlaps: true, defaultDepth: 8,
      onStreams: "read, write after POLL_ADD",
      onFiles: "read, write; workers write ext4")
  }

  /// Sets up a ring and sends a request through it.
  public static func availability() -> Availability {
    do throws(Errno) {
      let ring = try Ring(entries: 1)
      ring.doNothing(token: 0)
      try ring.submit(waitingFor: 1)
      return .available
    } catch {
      return .unavailable(unavailable(error))
    }
  }

  /// Completions arrive by themselves for every descriptor.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    guard facts.kind.isPositional else {
      return facts.isPollable
        ? DescriptorReport(.waits) : DescriptorReport(.inKernel, "no event to wait for")
    }
    if case .refused = facts.noWait {
      return DescriptorReport(.inKernel, "by kernel worker threads")
    }
    return DescriptorReport(.inKernel, facts.canWrite ? "buffered writes may use workers" : "")
  }

  // Tokens hold a place in the table and, in the two lowest bits, which request of it they mean.
  private enum Part: UInt64 {
    case main = 0, poll = 1, cancel = 2
  }

  /// What was counted so far.
  public private(set) var counters = EngineCounters()
  private let pool: BufferPool
  private let measures: Bool
  private let hasRegisteredBuffers: Bool
  private let ring: Ring
  private var table: PendingTable
  private var done: [Completion] = []
  private let found: UnsafeMutableBufferPointer<Ring.Completion>
  /// Where files stood that writes continue, by place.
  private var positions: [Int64]

  /// Sets up a ring with room for every operation and its wait.
  ///
  /// - Throws: The error number of `io_uring_setup`.
  public init(_ configuration: EngineConfiguration, pool: BufferPool) throws(Errno) {
    self.pool = pool
    measures = configuration.measures
    let capacity = configuration.queueDepth + 2
    ring = try Ring(entries: 2 * capacity)
    table = PendingTable(capacity: capacity)
    found = .allocate(capacity: 2 * capacity)
    positions = Array(repeating: -1, count: capacity)
    var registered = false
    if configuration.registersBuffers {
      do throws(Errno) {
        try ring.registerBuffers(pool.memory, size: pool.bufferStride)
        registered = true
      } catch {
        counters.remarks.append("buffers are not registered: \(error)")
      }
    }
    hasRegisteredBuffers = registered
  }

  deinit {
    found.deallocate()
  }

  /// Prepares a request; nothing happens before the next commit or reap.
  public mutating func submit(_ operation: Operation) throws(Errno) -> Submission {
    guard ring.room >= 2, !table.isFull else { return .full }
    do throws(Errno) {
      var operation = operation
      let count = try System.request(operation.uringCall, operation.range.count)
      let start = operation.range.lowerBound
      operation.range = start..<start + count
      if case .cancel(let id) = operation.verb {
        if let place = table.place(of: id) { cancel(place) }
        return .completed(Completion(id: operation.id, result: .success(0), phases: .unmeasured))
      }
      prepare(operation)
      return .queued
    } catch {
      return .completed(
        Completion(id: operation.id, result: .failure(error), phases: .unmeasured))
    }
  }

  private mutating func cancel(_ place: Int) {
    guard let entry = table.entries[place] else { return }
    // Of a linked pair the wait goes first, and takes the transfer with it.
    let part: Part = entry.outstanding == 2 ? .poll : .main
    ring.cancel(token(place, part), token: token(place, .cancel))
  }

  private func token(_ place: Int, _ part: Part) -> UInt64 {
    UInt64(place) << 2 | part.rawValue
  }

  private mutating func prepare(_ operation: Operation) {
    let place = table.insert(operation, at: measures ? Clock.monotonic : 0)
    let memory = pool.bytes(operation.slot, operation.range)
    let registered = hasRegisteredBuffers && operation.isDirect ? operation.slot : nil
    if measures, operation.movesData, !operation.kind.isPositional {
      ring.poll(
        operation.descriptor, forWriting: operation.verb.isForWriting, linked: true,
        token: token(place, .poll))
      table.update(place) { $0.outstanding = 2 }
    }
    let token = token(place, .main)
    switch operation.verb {
    case .read(let offset):
      ring.read(
        operation.descriptor, into: memory, at: offset, flags: operation.flags,
        registered: registered, token: token)
    case .write(let offset):
      if operation.continuesFile {
        positions[place] = (try? System.position(operation.descriptor)) ?? -1
      }
      ring.write(
        operation.descriptor, from: UnsafeRawBufferPointer(memory), at: offset,
        flags: operation.flags, registered: registered, token: token)
    case .fsync(let dataOnly):
      ring.synchronize(operation.descriptor, dataOnly: dataOnly, token: token)
    case .waitReadable, .waitWritable, .cancel:
      ring.poll(
        operation.descriptor, forWriting: operation.verb.isForWriting, linked: false, token: token)
    }
  }

  /// Submits what is prepared.
  public mutating func commit() throws(Errno) {
    var refusals = Repetition()
    while ring.unsubmitted > 0 {
      try enter(&refusals) { ring throws(Errno) in try ring.submit(waitingFor: 0) }
    }
  }

  private mutating func enter(
    _ refusals: inout Repetition, _ body: (borrowing Ring) throws(Errno) -> Void
  ) throws(Errno) {
    do throws(Errno) {
      try body(ring)
    } catch {
      if error == .timeout { return }
      // Completions must be taken before the kernel accepts more.
      guard error == .resourceBusy || error == .wouldBlock, refusals.isDueAfterWait() else {
        throw error
      }
      counters.retries += 1
    }
  }

  /// Submits, waits for completions and passes them on.
  public mutating func reap(
    atLeast count: Int, deadline: Nanoseconds?, _ body: (Completion) -> Void
  ) throws(Errno) -> Int {
    var passed = 0
    var refusals = Repetition()
    while true {
      let began = measures ? Clock.threadCPU : 0
      let timeout = count == 0 ? 0 : timeLeft(until: deadline)
      if table.count > 0 { try submitAndWait(timeout: timeout, &refusals) }
      collect(processorTime: measures ? Clock.threadCPU - began : 0)
      for completion in done { body(completion) }
      passed += done.count
      done.empty()
      if passed >= count || table.count == 0 || timeout == 0 { return passed }
      // A wait that a signal has interrupted tells only what it had submitted before.
      if Termination.requested != nil { throw .interrupted }
    }
  }

  private mutating func submitAndWait(
    timeout: Nanoseconds?, _ refusals: inout Repetition
  ) throws(Errno) {
    switch timeout {
    case nil: try enter(&refusals) { ring throws(Errno) in try ring.submit(waitingFor: 1) }
    case 0:
      try commit()
      try enter(&refusals) { ring throws(Errno) in try ring.wait(for: 0, timeout: 0) }
    case .some(let timeout):
      try enter(&refusals) { ring throws(Errno) in try ring.submit(waitingFor: 1, timeout: timeout)
      }
    }
  }

  private mutating func collect(processorTime: Nanoseconds) {
    let count = ring.take(found)
    guard count > 0 else { return }
    let now = measures ? Clock.monotonic : 0
    let share = processorTime / Nanoseconds(count)
    for completion in found[..<count] {
      let place = Int(completion.token >> 2)
      switch Part(rawValue: completion.token & 3) {
      case .poll:
        table.update(place) { entry in
          entry.ready = now
          entry.outstanding -= 1
        }
      case .main:
        finish(place, completion.result, now, share)
      case .cancel, nil:
        break
      }
    }
  }

  private mutating func finish(
    _ place: Int, _ result: Int32, _ now: Nanoseconds, _ share: Nanoseconds
  ) {
    guard let entry = table.remove(place) else { return }
    if result == -Errno.wouldBlock.rawValue { counters.retries += 1 }
    correctPosition(place, entry.operation, Int(result))
    done.append(
      Completion(
        id: entry.operation.id,
        result: result < 0 ? .failure(Errno(rawValue: -result)) : .success(Int(result)),
        phases: measures ? phases(entry, now, share) : .unmeasured))
  }

  /// A write that continues a file and is short leaves the position where it was: the next would go to
  /// the same place.
  private func correctPosition(_ place: Int, _ operation: Operation, _ result: Int) {
    guard case .write(nil) = operation.verb, operation.continuesFile, positions[place] >= 0,
      result >= 0, result < operation.range.count
    else { return }
    try? System.setPosition(operation.descriptor, to: positions[place] + Int64(result))
  }

  private func phases(
    _ entry: PendingTable.Entry, _ now: Nanoseconds, _ share: Nanoseconds
  ) -> Phases {
    let operation = entry.operation
    guard operation.movesData else { return .unmeasured }
    if !operation.kind.isPositional {
      // Both events are often taken in one go, and then the processor time tells what the copy took.
      let copy = max(now - entry.ready, share)
      return .measured(.explicit, wait: max(0, now - entry.submitted - copy), copy: copy)
    }
    if operation.isDirect { return .overlapped(.noCopy, processorTime: share) }
    // Buffered writes, and reads of file systems in memory, are done by worker threads of the kernel.
    let byWorker = operation.direction == .write
    return .overlapped(byWorker ? .merged : .cpuClock, processorTime: byWorker ? 0 : share)
  }

  /// Closes the ring, which cancels what is in flight.
  public consuming func close() throws(Errno) {}

  /// Explains an error of `io_uring_setup`.
  static func unavailable(_ errno: Errno) -> EngineUnavailable {
    let sysctl = Self.sysctl
    switch errno {
    case .notPermitted, .noFunction, .permissionDenied:
      if let sysctl, sysctl > 0 {
        return EngineUnavailable(
          engine: name, errno: errno,
          cause: "io_uring is switched off (kernel.io_uring_disabled=\(sysctl))",
          mend: "sysctl -w kernel.io_uring_disabled=0")
      }
      return EngineUnavailable(
        engine: name, errno: errno,
        cause: sysctl == nil && errno == .noFunction
          ? "the kernel has no io_uring" : "a seccomp filter forbids io_uring",
        mend: "allow io_uring_setup, io_uring_enter and io_uring_register in the container's "
          + "seccomp profile")
    case .noMemory:
      return EngineUnavailable(
        engine: name, errno: errno, cause: "the ring does not fit into RLIMIT_MEMLOCK",
        mend: "ulimit -l unlimited, or a smaller --queue-depth")
    default:
      return EngineUnavailable(
        engine: name, errno: errno, cause: "io_uring_setup failed", mend: "allow io_uring_setup(2)")
    }
  }

  /// The value of kernel.io_uring_disabled, where the kernel has it.
  private static var sysctl: Int? {
    guard let file = try? System.open("/proc/sys/kernel/io_uring_disabled", .readOnly) else {
      return nil
    }
    defer { try? System.close(file) }
    var digit: UInt8 = 0
    let count = withUnsafeMutableBytes(of: &digit) { try? System.read(file, into: $0, at: 0) }
    return count == 1 ? Int(digit) - 48 : nil
  }
}

extension Operation {
  fileprivate var uringCall: SystemCall {
    switch verb {
    case .read: .uringRead
    case .write: .uringWrite
    case .waitReadable, .waitWritable: .uringPoll
    case .fsync: .uringFsync
    case .cancel: .uringCancel
    }
  }
}
