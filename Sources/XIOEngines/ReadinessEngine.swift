public import CXIO
public import SystemPackage
public import XIOSystem

/// How one readiness engine waits; the rest is the same for all of them.
public protocol ReadinessWaiter: ~Copyable {
  /// The engine's name.
  static var name: EngineName { get }
  /// What the engine is.
  static var traits: EngineTraits { get }
  /// Whether the engine can run here.
  static func availability() -> Availability
  /// What it can do with a descriptor.
  static func inspect(_ facts: DescriptorFacts) -> DescriptorReport
  /// Whether the call is made before the first wait, because only the beginning of readiness is
  /// announced, or nothing is.
  static var triesFirst: Bool { get }
  /// Whether reads of files are asked not to wait, too, and made again.
  static var retriesFiles: Bool { get }
  /// Makes a waiter.
  ///
  /// - Throws: The error number.
  init(_ configuration: EngineConfiguration) throws(Errno)
  /// Begins to watch what an operation needs.
  ///
  /// - Parameters:
  ///   - interest: What is needed.
  ///   - kind: The kind of the file.
  ///   - counters: What the engine counts.
  /// - Returns: Whether the waiter can wait for it at all, rather than it always being ready.
  /// - Throws: The error number with which the operation fails.
  mutating func watch(
    _ interest: Interest, _ kind: FileKind, _ counters: inout EngineCounters
  ) throws(Errno) -> Bool
  /// Waits until some interests are ready and marks those.
  ///
  /// - Parameters:
  ///   - interests: What is wanted; those that are ready are marked.
  ///   - timeout: Nanoseconds, nil for ever.
  ///   - counters: What the engine counts.
  /// - Throws: EINTR after a signal.
  mutating func wait(
    _ interests: inout InterestTable, timeout: Nanoseconds?, _ counters: inout EngineCounters
  ) throws(Errno)
  /// An interest has come, for which the waiter may have to do something before the next wait.
  mutating func added(_ interest: Interest)
  /// Some operation has completed.
  mutating func progress()
  /// Whether an operation on a file has been retried for so long that it had better block.
  mutating func hasLostPatience() -> Bool
  /// Forgets a descriptor.
  mutating func forget(_ descriptor: FileDescriptor)
  /// Gives everything back.
  consuming func close()
}

/// An engine that waits until a descriptor is ready and then makes the plain call. What waits for a
/// trigger of another descriptor is made as soon as that is ready.
public struct ReadinessEngine<Waiter: ReadinessWaiter & ~Copyable>: IOEngine, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { Waiter.name }
  /// What the engine is.
  public static var traits: EngineTraits { Waiter.traits }
  /// Whether it can run here.
  public static func availability() -> Availability { Waiter.availability() }
  /// What it can do with a descriptor.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport { Waiter.inspect(facts) }

  private struct Pending {
    var operation: Operation
    /// Whether nothing can be waited for, so that the call itself does the waiting.
    var isAlwaysReady: Bool
    var submitted: Nanoseconds
    /// What attempts have cost that ended in EAGAIN.
    var prepare: Nanoseconds = 0
    /// How often it was announced to be ready and was not.
    var falseAlarms = 0
  }

  /// What was counted so far.
  public private(set) var counters = EngineCounters()
  private let pool: BufferPool
  private let measures: Bool
  private let capacity: Int
  private var waiter: Waiter
  private var calls = NonBlockingCalls(asksFiles: Waiter.retriesFiles)
  /// Operations by their places in the table of interests.
  private var pending: [Pending?] = []
  private var interests = InterestTable()
  private var done: [Completion] = []

  /// Makes an engine.
  ///
  /// - Throws: The error number of what the waiter is made of.
  public init(_ configuration: EngineConfiguration, pool: BufferPool) throws(Errno) {
    self.pool = pool
    measures = configuration.measures
    capacity = configuration.queueDepth * 2
    waiter = try Waiter(configuration)
  }

  /// Takes an operation into the table; makes the call first where waiting makes no sense or is
  /// announced by an edge alone.
  public mutating func submit(_ operation: Operation) throws(Errno) -> Submission {
    if case .cancel(let id) = operation.verb { return cancel(id, for: operation) }
    guard interests.count < capacity else { return .full }
    do throws(Errno) {
      let interest = Interest(operation)
      let isLinked = operation.trigger != nil
      let kind = isLinked ? .anonymous : operation.kind
      let canWait = try waiter.watch(interest, kind, &counters)
      var entry = Pending(
        operation: operation,
        isAlwaysReady: !canWait || kind.isPositional && !asksFirst(operation),
        submitted: measures ? Clock.monotonic : 0)
      if Waiter.triesFirst || operation.triesFirst || !canWait, let completion = attempt(&entry) {
        return .completed(completion)
      }
      let place = interests.insert(interest)
      while pending.count <= place { pending.append(nil) }
      pending[place] = entry
      waiter.added(interest)
      return .queued
    } catch {
      return .completed(
        Completion(id: operation.id, result: .failure(error), phases: .unmeasured))
    }
  }

  /// Whether a call on a file can be refused rather than wait: writes are plain ones, and a direct
  /// read that is not refused waits for the device all the same.
  private func asksFirst(_ operation: Operation) -> Bool {
    Waiter.retriesFiles && operation.direction == .read && !operation.isDirect
  }

  private mutating func cancel(_ id: OperationID, for operation: Operation) -> Submission {
    if let place = pending.firstIndex(where: { $0?.operation.id == id }) {
      pending[place] = nil
      interests.remove(place)
      done.append(Completion(id: id, result: .failure(.canceled), phases: .unmeasured))
    }
    return .completed(Completion(id: operation.id, result: .success(0), phases: .unmeasured))
  }

  /// Waits for readiness, makes the calls that are due and passes their results on.
  public mutating func reap(
    atLeast count: Int, deadline: Nanoseconds?, _ body: (Completion) -> Void
  ) throws(Errno) -> Int {
    var passed = 0
    while true {
      for completion in done { body(completion) }
      passed += done.count
      done.empty()
      if interests.count == 0 || passed >= count && count > 0 { return passed }
      let timeout = count == 0 ? 0 : timeLeft(until: deadline)
      try waitOnce(timeout: timeout)
      if done.isEmpty, timeout == 0 { return passed }
    }
  }

  private mutating func waitOnce(timeout: Nanoseconds?) throws(Errno) {
    defer { interests.unmark() }
    try waiter.wait(&interests, timeout: timeout, &counters)
    for place in interests.ready {
      guard var entry = pending[place] else { continue }
      if let completion = attempt(&entry, isAnnounced: !Waiter.triesFirst) {
        pending[place] = nil
        interests.remove(place)
        done.append(completion)
      } else {
        pending[place] = entry
      }
    }
    if !done.isEmpty { waiter.progress() }
  }

  /// Makes the call of an operation; nil when it would have to wait. A mere wait is over when the
  /// descriptor was announced to be ready.
  private mutating func attempt(
    _ entry: inout Pending, isAnnounced: Bool = false
  ) -> Completion? {
    let operation = entry.operation
    if isAnnounced, operation.onlyWaits {
      return Completion(id: operation.id, result: .success(0), phases: .unmeasured)
    }
    if entry.isAlwaysReady {
      let (result, phases) =
        measures
        ? PlainCall.measured(.alwaysReady, operation, pool)
        : (PlainCall.perform(operation, pool), .unmeasured)
      return Completion(id: operation.id, result: result, phases: phases)
    }
    let began = measures ? Clock.monotonic : 0
    let result = isAnnounced ? makeCall(operation) : callOnce(operation)
    if case .failure(.wouldBlock) = result {
      counters.retries += operation.movesData && operation.trigger == nil ? 1 : 0
      if measures { entry.prepare += Clock.monotonic - began }
      if isAnnounced { entry.falseAlarms += 1 }
      // Others may have been faster; whether it is like that for ever is for the driver to say.
      if entry.falseAlarms > EngineTraits.mostFalseAlarms {
        return Completion(id: operation.id, result: result, phases: .unmeasured)
      }
      guard operation.kind.isPositional, waiter.hasLostPatience() else { return nil }
      counters.blockingFallbacks += 1
      return Completion(
        id: operation.id, result: PlainCall.perform(operation, pool), phases: .unmeasured)
    }
    var phases = Phases.unmeasured
    if measures {
      phases = .measured(
        .explicit, wait: began - entry.submitted - entry.prepare, copy: Clock.monotonic - began,
        prepare: entry.prepare)
    }
    return Completion(id: operation.id, result: result, phases: phases)
  }

  private mutating func callOnce(_ operation: Operation) -> Result<Int, Errno> {
    guard operation.onlyWaits || operation.trigger != nil else { return makeCall(operation) }
    // Where nothing announces that a descriptor is ready, it has to be asked.
    do throws(Errno) {
      let isReady = try System.waitUntilReady(
        operation.trigger ?? operation.descriptor, forWriting: operation.verb.isForWriting,
        timeout: 0)
      guard isReady else { return .failure(.wouldBlock) }
    } catch {
      return .failure(error)
    }
    return operation.onlyWaits ? .success(0) : makeCall(operation)
  }

  private mutating func makeCall(_ operation: Operation) -> Result<Int, Errno> {
    switch operation.verb {
    case .read, .write: calls.perform(operation, pool)
    case .fsync, .cancel, .waitReadable, .waitWritable: PlainCall.perform(operation, pool)
    }
  }

  /// Forgets a descriptor; nothing may be pending on it.
  public mutating func forget(_ descriptor: FileDescriptor) {
    // In reverse order of what was changed: each restores the flags that it found.
    calls.forget(descriptor)
    waiter.forget(descriptor)
  }

  /// Restores descriptors and gives the waiter's own back.
  public consuming func close() throws(Errno) {
    calls.restoreAll()
    waiter.close()
  }
}

extension ReadinessWaiter where Self: ~Copyable {
  /// Level-triggered waiters need no attempt before the wait.
  public static var triesFirst: Bool { false }
  /// Reads of files are made once: they are always ready.
  public static var retriesFiles: Bool { false }
  /// Engines that every kernel has.
  public static func availability() -> Availability { .available }
  /// Waiters that are told of readiness do not care.
  public mutating func progress() {}
  /// Waiters that take all interests at every wait have nothing to prepare.
  public mutating func added(_ interest: Interest) {}
  /// Waiters that are told of readiness need no patience.
  public mutating func hasLostPatience() -> Bool { false }
  /// Waiters without state for a descriptor have nothing to forget.
  public mutating func forget(_ descriptor: FileDescriptor) {}
  /// Waiters without state have nothing to give back.
  public consuming func close() {}

  /// What a waiter that really waits for streams can do with a descriptor.
  static func inspect(_ facts: DescriptorFacts, always remark: String) -> DescriptorReport {
    facts.isPollable
      ? DescriptorReport(.waits) : DescriptorReport(.alwaysReady, remark)
  }
}

extension Interest {
  /// What an operation waits for.
  init(_ operation: Operation) {
    let writes = operation.verb.isForWriting
    self.init(operation.trigger ?? operation.descriptor, read: !writes, write: writes)
  }
}
