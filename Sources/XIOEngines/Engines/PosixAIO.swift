internal import CXIO
public import SystemPackage
public import XIOSystem

/// POSIX asynchronous I/O, which the C library carries out on helper threads.
///
/// The library works off requests on one descriptor one after the other, so each buffer gets a
/// descriptor of its own where files allow it.
public struct PosixAIOEngine: IOEngine, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .posixAIO }

  /// What the engine is when it waits in aio_suspend.
  public static var traits: EngineTraits { traits(for: .suspend) }

  /// What the engine is with a way of notification.
  public static func traits(for notification: AIONotification) -> EngineTraits {
    let meanwhile: EngineTraits.Meanwhile =
      switch notification {
      case .suspend: .blocking
      case .poll: .polling
      case .signal, .thread: .nonblocking
      }
    return EngineTraits(
      .asynchronous, meanwhile, carriesFlags: false, overlaps: true, defaultDepth: 8,
      cancels: false, tellsReadiness: false, onStreams: "a helper thread blocks",
      onFiles: "helper threads, dup()ed files")
  }

  /// The C library brings it along.
  public static func availability() -> Availability { .available }

  /// Helper threads block on everything.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    DescriptorReport(.onHelper, facts.kind.isPositional ? "" : "one request at a time")
  }

  /// What was counted so far.
  public private(set) var counters = EngineCounters()
  private let pool: BufferPool
  private let measures: Bool
  private let countsSignals: Bool
  private let aio: PosixAIO
  private var table: PendingTable
  private var done: [Completion] = []
  /// Waits for streams, which the library knows no request for.
  private var waits: [Operation] = []
  /// Who sits them out while there are requests.
  private var thread: ReadinessThread?
  private var copies: [Int32: [FileDescriptor]] = [:]
  /// What each request in flight uses, by its place.
  private var used: [FileDescriptor]
  /// Requests that were given up while their helper threads waited for data.
  private var abandoned: Set<Int> = []

  /// Makes a table of requests; helper threads begin with the first one.
  ///
  /// - Throws: ENOMEM.
  public init(_ configuration: EngineConfiguration, pool: BufferPool) throws(Errno) {
    self.pool = pool
    measures = configuration.measures
    countsSignals = configuration.notification == .signal
    aio = try PosixAIO(
      capacity: configuration.queueDepth + 1, notification: configuration.notification)
    table = PendingTable(capacity: configuration.queueDepth)
    used = Array(repeating: .standardInput, count: configuration.queueDepth)
  }

  /// Hands a transfer over; what POSIX AIO lacks is done at once.
  public mutating func submit(_ operation: Operation) throws(Errno) -> Submission {
    guard let call = operation.aioCall, !operation.continuesFile else {
      if operation.verb.waitsOnly {
        waits.append(operation)
        return .queued
      }
      if case .cancel(let id) = operation.verb { cancel(id) }
      return .completed(PlainCall.completion(of: operation, pool, measures: measures))
    }
    guard !table.isFull else { return .full }
    let place = table.insert(operation, at: 0)
    do throws(Errno) {
      let count = try System.request(call.counted, operation.range.count)
      let start = operation.range.lowerBound
      used[place] = try descriptor(for: operation, place)
      try aio.submit(
        call.verb, used[place],
        pool.bytes(operation.slot, start..<start + count), at: operation.verb.offset, index: place)
      return .queued
    } catch {
      table.remove(place)
      if error == .wouldBlock, table.count > 0 { return .full }
      return .completed(
        Completion(id: operation.id, result: .failure(error), phases: .unmeasured))
    }
  }

  /// A descriptor that no other request in flight uses, where the order of requests does not matter: the
  /// library makes those with one number wait for each other, which they do where there are no more.
  ///
  /// Reads of streams cannot be had back. They have a number of their own, for the caller's may soon
  /// be that of another file, whose bytes a helper thread that begins late would take.
  private mutating func descriptor(
    for operation: Operation, _ place: Int
  ) throws(Errno) -> FileDescriptor {
    guard operation.movesData else { return operation.descriptor }
    let own = copies[operation.descriptor.rawValue] ?? []
    guard operation.kind.isPositional else {
      guard operation.direction == .read else { return operation.descriptor }
      if let first = own.first { return first }
      return try copy(operation.descriptor)
    }
    guard isUsed(operation.descriptor, besides: place) else { return operation.descriptor }
    if let free = own.first(where: { !isUsed($0, besides: place) }) { return free }
    return (try? copy(operation.descriptor)) ?? operation.descriptor
  }

  private func isUsed(_ descriptor: FileDescriptor, besides place: Int) -> Bool {
    used.indices.contains { $0 != place && used[$0] == descriptor && table.entries[$0] != nil }
  }

  private mutating func copy(_ descriptor: FileDescriptor) throws(Errno) -> FileDescriptor {
    let copy = try System.duplicate(descriptor)
    copies[descriptor.rawValue, default: []].append(copy)
    return copy
  }

  private mutating func cancel(_ id: OperationID) {
    if let index = waits.firstIndex(where: { $0.id == id }) {
      waits.remove(at: index)
      done.append(Completion(id: id, result: .failure(.canceled), phases: .unmeasured))
    }
    guard let place = table.place(of: id), !abandoned.contains(place) else { return }
    if aio.cancel(place) { collect(place) } else { abandon(place) }
  }

  /// Leaves a helper thread behind that waits for data; whatever comes now is lost with the buffer.
  private mutating func abandon(_ place: Int) {
    guard let operation = table.entries[place]?.operation, operation.direction == .read,
      !operation.kind.isPositional,
      let copy = copies[operation.descriptor.rawValue]?.first, PosixAIO.waitsForData(copy)
    else { return }
    abandoned.insert(place)
    done.append(
      Completion(id: operation.id, result: .failure(.canceled), phases: .unmeasured))
  }

  private mutating func collect(_ place: Int) {
    guard let result = aio.take(place), let entry = table.remove(place) else { return }
    if abandoned.remove(place) != nil { return }
    if case .failure(.wouldBlock) = result { counters.retries += 1 }
    done.append(
      Completion(
        id: entry.operation.id, result: result,
        phases: measures ? .overlapped(.merged, processorTime: 0) : .unmeasured))
  }

  /// Waits in the way that was chosen and passes on what is done.
  public mutating func reap(
    atLeast count: Int, deadline: Nanoseconds?, _ body: (Completion) -> Void
  ) throws(Errno) -> Int {
    var passed = 0
    while true {
      for place in table.entries.indices where table.entries[place] != nil { collect(place) }
      thread?.collect()
      for completion in done { body(completion) }
      passed += done.count
      done.empty()
      let timeout = count == 0 ? 0 : timeLeft(until: deadline)
      if !waits.isEmpty, passed < count || count == 0 {
        try waitForStreams(timeout: table.count == 0 ? timeout : 0)
        if !done.isEmpty || table.count == 0 && timeout != 0 { continue }
      }
      if passed >= count || table.count == 0 || timeout == 0 { return passed }
      if Termination.requested != nil { throw .interrupted }
      try haveThreadWait()
      if try aio.wait(timeout: timeout), countsSignals { counters.signals += 1 }
    }
  }

  private mutating func haveThreadWait() throws(Errno) {
    guard !waits.isEmpty else { return }
    if thread == nil { thread = try ReadinessThread(aio, place: table.entries.count) }
    try thread?.wait(for: waits.map { Interest($0) })
  }

  private mutating func waitForStreams(timeout: Nanoseconds?) throws(Errno) {
    if Termination.requested != nil { throw .interrupted }
    var interests = waits.map { Interest($0) }
    guard try System.poll(&interests, timeout: timeout) > 0 else { return }
    var left: [Operation] = []
    for (operation, interest) in zip(waits, interests) {
      guard interest.ready else {
        left.append(operation)
        continue
      }
      done.append(Completion(id: operation.id, result: .success(0), phases: .unmeasured))
    }
    waits = left
  }

  /// Closes the copies of a descriptor, unless a helper thread still works on one.
  public mutating func forget(_ descriptor: FileDescriptor) {
    thread?.forget(descriptor)
    let own = copies.removeValue(forKey: descriptor.rawValue) ?? []
    let isBusy = table.entries.contains { $0?.operation.descriptor == descriptor }
    if !isBusy { for copy in own { try? System.close(copy) } }
  }

  /// Closes all copies. A request that a helper thread still works on keeps its buffer: the memory
  /// is given up rather than pulled from under it.
  public consuming func close() throws(Errno) {
    for number in copies.keys { forget(FileDescriptor(rawValue: number)) }
    if let thread, !thread.end() { _ = Unmanaged.passRetained(thread) }
    if table.count > 0 {
      _ = Unmanaged.passRetained(pool)
      _ = Unmanaged.passRetained(aio)
    }
  }
}

extension Operation {
  fileprivate var aioCall: (verb: PosixAIO.Verb, counted: SystemCall)? {
    switch verb {
    case .read: (.read, .aioRead)
    case .write: (.write, .aioWrite)
    case .fsync: (.synchronize, .aioFsync)
    case .waitReadable, .waitWritable, .cancel: nil
    }
  }
}

extension Verb {
  /// Whether it moves nothing.
  fileprivate var waitsOnly: Bool {
    switch self {
    case .waitReadable, .waitWritable: true
    case .read, .write, .fsync, .cancel: false
    }
  }

  /// Where a transfer begins, in bytes.
  var offset: Int64? {
    switch self {
    case .read(let offset), .write(let offset): offset
    case .waitReadable, .waitWritable, .fsync, .cancel: nil
    }
  }
}
