import SystemPackage
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// An engine whose type the test does not name.
protocol EngineHandle: AnyObject {
  var pool: BufferPool { get }
  var counters: EngineCounters { get }
  func submit(_ operation: Operation) throws -> Submission
  func commit() throws
  func pass(
    atLeast count: Int, deadline: Nanoseconds?, _ body: (Completion) -> Void
  ) throws -> Int?
  func forget(_ descriptor: FileDescriptor)
  func close() throws
}

private final class EngineHolder<Engine: IOEngine & ~Copyable>: EngineHandle {
  let pool: BufferPool
  private var engine: Engine?

  init(_ configuration: EngineConfiguration, _ pool: BufferPool) throws {
    self.pool = pool
    engine = try Engine(configuration, pool: pool)
  }

  private var isClosed: SupportFailure { SupportFailure("the engine is closed") }

  var counters: EngineCounters { engine?.counters ?? EngineCounters() }

  func submit(_ operation: Operation) throws -> Submission {
    guard let submission = try engine?.submit(operation) else { throw isClosed }
    return submission
  }

  func commit() throws { try engine?.commit() }

  func pass(
    atLeast count: Int, deadline: Nanoseconds?, _ body: (Completion) -> Void
  ) throws -> Int? {
    try engine?.reap(atLeast: count, deadline: deadline, body)
  }

  func forget(_ descriptor: FileDescriptor) { engine?.forget(descriptor) }

  func close() throws { try engine.take()?.close() }
}

extension EngineVariant {
  /// Lets a test use an engine, alone where it must be, and closes it. Its thread is given up when an
  /// engine loses what the test waits for.
  func withEngine<Output>(
    depth: Int = 4, blockSize: Int = 4096, measures: Bool = false,
    _ body: @escaping (any EngineHandle) throws -> Output
  ) throws -> Output {
    try alone {
      try within(.seconds(60), "what is done with the engine") {
        let configuration = EngineConfiguration(
          queueDepth: depth, notification: notification, measures: measures)
        let handle = try makeHandle(
          configuration, BufferPool(count: depth, bufferSize: blockSize))
        return try receivingSignals {
          let result = Result { try body(handle) }
          try handle.close()
          return try result.get()
        }
      }
    }
  }

  private func makeHandle(
    _ configuration: EngineConfiguration, _ pool: BufferPool
  ) throws -> any EngineHandle {
    switch engine {
    case .blocking where hasThreads:
      try EngineHolder<ThreadedBlockingEngine>(configuration, pool)
    case .blocking: try EngineHolder<BlockingEngine>(configuration, pool)
    case .nonblocking: try EngineHolder<NonBlockingEngine>(configuration, pool)
    case .select: try EngineHolder<SelectEngine>(configuration, pool)
    case .poll: try EngineHolder<PollEngine>(configuration, pool)
    case .epoll: try EngineHolder<EpollEngine>(configuration, pool)
    case .sigio: try EngineHolder<SigioEngine>(configuration, pool)
    case .posixAIO: try EngineHolder<PosixAIOEngine>(configuration, pool)
    case .libaio: try EngineHolder<LibAIOEngine>(configuration, pool)
    case .uring: try EngineHolder<UringEngine>(configuration, pool)
    case .kernel: throw SupportFailure("the kernel engine takes no operations")
    }
  }
}

extension EngineHandle {
  /// Waits for completions, also when a signal comes that is for another thread of the tests.
  func reap(atLeast count: Int, deadline: Nanoseconds?) throws -> [Completion] {
    var completions: [Completion] = []
    while true {
      do {
        _ = try pass(atLeast: count, deadline: deadline) { completions.append($0) }
        return completions
      } catch Errno.interrupted {
        guard completions.count < max(1, count) else { return completions }
      }
    }
  }

  /// Waits for completions that are due, and fails when none comes.
  func reapDue() throws -> [Completion] {
    let limit: Nanoseconds = 20_000_000_000
    let completions = try reap(atLeast: 1, deadline: Clock.monotonic + limit)
    guard !completions.isEmpty else {
      throw SupportFailure("nothing was completed within 20 s: the engine has lost an event")
    }
    return completions
  }

  /// Submits an operation that is the only one in flight and waits for its end.
  func complete(_ operation: Operation) throws -> Result<Int, Errno> {
    switch try submit(operation) {
    case .completed(let completion): return try result(of: operation, completion)
    case .full: throw SupportFailure("full with nothing in flight")
    case .queued:
      let completions = try reapDue()
      guard completions.count == 1 else {
        throw SupportFailure("\(completions.count) completions of one operation")
      }
      return try result(of: operation, completions[0])
    }
  }

  /// Submits an operation that cannot end yet.
  func queue(_ operation: Operation) throws {
    guard case .queued = try submit(operation) else {
      throw SupportFailure("operation \(operation.id.rawValue) was not queued")
    }
  }

  private func result(
    of operation: Operation, _ completion: Completion
  ) throws -> Result<Int, Errno> {
    guard completion.id == operation.id else {
      throw SupportFailure("operation \(operation.id) completed as \(completion.id)")
    }
    return completion.result
  }

  /// Puts bytes into a buffer.
  func load(_ bytes: [UInt8], slot: Int) {
    pool.fill(slot) { buffer in
      buffer.copyBytes(from: bytes)
    }
  }

  /// The first bytes of a buffer.
  func bytes(slot: Int, count: Int) -> [UInt8] {
    Array(pool.bytes(slot, 0..<count))
  }

  /// Reads through the engine; nil is the end.
  func read(
    _ end: OpenEnd, slot: Int = 0, at offset: Int64? = nil, count: Int = 4096
  ) throws -> [UInt8] {
    let count = try complete(
      Operation(
        id: OperationID(7), descriptor: end.descriptor, kind: end.kind, verb: .read(at: offset),
        slot: slot, range: 0..<count)
    ).get()
    return bytes(slot: slot, count: count)
  }

  /// Writes through the engine with one operation.
  func write(
    _ end: OpenEnd, _ bytes: [UInt8], slot: Int = 0, at offset: Int64? = nil
  ) throws -> Int {
    load(bytes, slot: slot)
    return try complete(
      Operation(
        id: OperationID(8), descriptor: end.descriptor, kind: end.kind, verb: .write(at: offset),
        slot: slot, range: 0..<bytes.count)
    ).get()
  }
}
