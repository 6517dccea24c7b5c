import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// What engines do with several operations, and with some that cannot end yet.
@Suite struct QueueTests {
  @Test(arguments: EngineVariant.queueing, StreamKind.allCases)
  func deadlinesLoseNothing(_ variant: EngineVariant, _ kind: StreamKind) throws {
    let pair = try StreamPair(kind, in: try TestDirectory())
    try variant.withEngine { engine throws in
      try engine.queue(readOperation(1, pair.reader))
      let deadline = Clock.monotonic + 20_000_000
      #expect(try engine.reap(atLeast: 1, deadline: deadline).isEmpty)
      #expect(Clock.monotonic >= deadline)
      let far = Clock.monotonic + 20_000_000_000
      #expect(try engine.reap(atLeast: 0, deadline: far).isEmpty)
      #expect(Clock.monotonic < far, "a look does not wait")
      _ = try pair.writer.descriptor.writeAll([1, 2, 3])
      let completions = try engine.reapDue()
      #expect(completions.map(\.id) == [OperationID(1)])
      #expect(completions.first?.result == .success(3))
      #expect(engine.bytes(slot: 0, count: 3) == [1, 2, 3])
    }
  }

  @Test(arguments: EngineVariant.cancelling, StreamKind.allCases)
  func cancels(_ variant: EngineVariant, _ kind: StreamKind) throws {
    let directory = try TestDirectory()
    let pair = try StreamPair(kind, in: directory)
    let other = try StreamPair(.pipe, in: directory)
    for measures in [false, true] {
      try variant.withEngine(measures: measures) { engine throws in
        try engine.queue(readOperation(1, pair.reader))
        try engine.queue(readOperation(2, other.reader, slot: 1))
        #expect(try engine.reap(atLeast: 1, deadline: Clock.monotonic + 1_000_000).isEmpty)
        _ = try engine.submit(cancel(1))
        let ended = try engine.reapDue()
        #expect(ended.map(\.id) == [OperationID(1)])
        #expect(ended.first?.result == .failure(.canceled))
        // What was cancelled takes nothing, and what was not goes on.
        _ = try pair.writer.descriptor.writeAll([1])
        _ = try other.writer.descriptor.writeAll([2])
        #expect(try engine.reapDue().map(\.id) == [OperationID(2)])
        #expect(try engine.read(pair.reader) == [1])
      }
    }
  }

  @Test(arguments: EngineVariant.cancelling)
  func cancelsBeforeAnythingIsHandedOver(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let pair = try StreamPair(.pipe, in: directory)
    try withClosedNumber { number in
      let gone = OpenEnd(descriptor: number, kind: .pipe)
      try variant.withEngine { engine throws in
        var ended: [Completion] = []
        if case .completed(let completion) = try engine.submit(readOperation(1, gone)) {
          ended.append(completion)
        }
        try engine.queue(readOperation(2, pair.reader, slot: 1))
        _ = try engine.submit(cancel(2))
        while ended.count < 2 { ended += try engine.reapDue() }
        let results = Dictionary(uniqueKeysWithValues: ended.map { ($0.id.rawValue, $0.result) })
        #expect(results == [1: .failure(.badFileDescriptor), 2: .failure(.canceled)])
      }
    }
  }

  @Test(arguments: EngineVariant.operational.filter { $0.engine == .posixAIO })
  func closesOverWhatCannotBeCancelled(_ variant: EngineVariant) throws {
    let pair = try StreamPair(.pipe, in: try TestDirectory())
    weak var pool: BufferPool?
    try variant.withEngine { engine throws in
      pool = engine.pool
      // Until a helper thread has begun the request can be taken back.
      try eventually("a helper thread reads") {
        try engine.queue(readOperation(1, pair.reader))
        _ = try engine.reap(atLeast: 1, deadline: Clock.monotonic + 2_000_000)
        _ = try engine.submit(cancel(1))
        return try engine.reap(atLeast: 1, deadline: Clock.monotonic + 2_000_000).isEmpty
      }
    }
    // The helper thread still reads; its memory and its descriptor must outlive the engine, whatever
    // becomes of the number that it was given.
    pair.closeReader()
    _ = try pair.writer.descriptor.writeAll([7])
    let kept = try #require(pool)
    try eventually("the byte is there") { kept.bytes(0, 0..<1)[0] == 7 }
  }

  @Test(arguments: EngineVariant.queueing, [1, 8])
  func completionsBelongToTheirOperations(_ variant: EngineVariant, _ depth: Int) throws {
    let directory = try TestDirectory()
    let pairs = try (0..<depth).map { _ in try StreamPair(.pipe, in: directory) }
    try variant.withEngine(depth: depth) { engine throws in
      for (index, pair) in pairs.enumerated() {
        try engine.queue(readOperation(UInt64(100 + index), pair.reader, slot: index))
      }
      try engine.commit()
      for (index, pair) in pairs.enumerated().reversed() {
        _ = try pair.writer.descriptor.writeAll([UInt8](repeating: UInt8(index), count: index + 1))
        let completions = try engine.reapDue()
        #expect(completions.map(\.id) == [OperationID(UInt64(100 + index))])
        #expect(completions.first?.result == .success(index + 1))
        #expect(engine.bytes(slot: index, count: index + 1).allSatisfy { $0 == UInt8(index) })
      }
    }
  }

  @Test(arguments: EngineVariant.operational)
  func readsOfAFileOverlap(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let bytes = randomBytes(8 * 4096)
    let file = try directory.write("file", bytes)
    let end = OpenEnd(descriptor: try System.open(file, .readOnly), kind: .regular)
    defer { try? end.descriptor.close() }
    try variant.withEngine(depth: 8) { engine throws in
      var ended: [Completion] = []
      for index in 0..<8 {
        let read = readOperation(UInt64(index), end, slot: index, at: Int64(index * 4096))
        switch try engine.submit(read) {
        case .completed(let completion): ended.append(completion)
        case .queued: break
        case .full: Issue.record("full at \(index) of 8")
        }
      }
      while ended.count < 8 { ended += try engine.reapDue() }
      #expect(Set(ended.map(\.id.rawValue)) == Set(0..<8))
      #expect(ended.allSatisfy { $0.result == .success(4096) })
      for index in 0..<8 {
        expectSame(
          Array(bytes[index * 4096..<(index + 1) * 4096]), engine.bytes(slot: index, count: 4096))
      }
    }
  }

  @Test(arguments: EngineVariant.queueing)
  func saysWhenItIsFull(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let pairs = try (0..<20).map { _ in try StreamPair(.pipe, in: directory) }
    try variant.withEngine(depth: 2) { engine throws in
      var queued = 0
      var isFull = false
      while !isFull, queued < pairs.count {
        let read = readOperation(UInt64(queued), pairs[queued].reader, slot: queued % 2)
        if case .full = try engine.submit(read) { isFull = true } else { queued += 1 }
      }
      #expect(isFull && queued >= 2)
      _ = try pairs[1].writer.descriptor.writeAll([1])
      #expect(try engine.reapDue().map(\.id) == [OperationID(1)])
      try engine.queue(readOperation(50, pairs[queued].reader))
      for pair in [pairs[0]] + pairs[2...queued] { _ = try pair.writer.descriptor.writeAll([2]) }
      var ended: Set<UInt64> = []
      while ended.count < queued {
        for completion in try engine.reapDue() {
          #expect(completion.result == .success(1))
          ended.insert(completion.id.rawValue)
        }
      }
      #expect(ended == Set((0..<queued).map(UInt64.init)).subtracting([1]).union([50]))
    }
  }

  @Test(arguments: EngineVariant.queueing, StreamKind.allCases)
  func forgottenNumbersCanBeUsedAgain(_ variant: EngineVariant, _ kind: StreamKind) throws {
    let directory = try TestDirectory()
    let first = try StreamPair(kind, in: directory)
    let second = try StreamPair(kind, in: directory)
    let number = fcntl(first.reader.descriptor.rawValue, F_DUPFD_CLOEXEC, 800)
    let end = OpenEnd(descriptor: FileDescriptor(rawValue: number), kind: kind.fileKind)
    defer { try? end.descriptor.close() }
    let before = try System.statusFlags(end.descriptor)
    try variant.withEngine { engine throws in
      try readLate(engine, end, from: first)
      engine.forget(end.descriptor)
      #expect(try System.statusFlags(end.descriptor) == before)
      try #require(dup2(second.reader.descriptor.rawValue, number) == number)
      try readLate(engine, end, from: second)
    }
    #expect(try System.statusFlags(end.descriptor) == before)
  }

  /// Reads what is written after the read has been queued.
  private func readLate(
    _ engine: any EngineHandle, _ end: OpenEnd, from pair: StreamPair
  ) throws {
    try engine.queue(readOperation(1, end))
    #expect(try engine.reap(atLeast: 1, deadline: Clock.monotonic + 1_000_000).isEmpty)
    _ = try pair.writer.descriptor.writeAll([9])
    #expect(try engine.reapDue().first?.result == .success(1))
  }

  /// A descriptor that is broken and not waited for must not end every wait at once. Whoever sleeps makes
  /// few calls, however much of a processor there is.
  @Test(arguments: EngineVariant.queueing)
  func sleepsWhileItWaits(_ variant: EngineVariant) throws {
    guard variant.notification != .poll else { return }
    // Pauses between attempts grow to a millisecond, and those between looks for a lost signal are longer.
    let most: UInt64 = variant.engine == .nonblocking ? 1000 : 20
    let directory = try TestDirectory()
    let broken = try StreamPair(.pipe, in: directory)
    let pair = try StreamPair(.pipe, in: directory)
    try variant.withEngine { engine throws in
      #expect(try engine.write(broken.writer, [1]) == 1)
      broken.closeReader()
      try engine.queue(readOperation(1, pair.reader, slot: 1))
      let calls = SystemCallTally.current
      let (wall, processor) = (Clock.monotonic, Clock.threadCPU)
      #expect(try engine.reap(atLeast: 1, deadline: Clock.monotonic + 200_000_000).isEmpty)
      #expect((Clock.threadCPU - processor) * 2 < Clock.monotonic - wall)
      let made = SystemCallTally.current.since(calls)
      #expect(made.total <= most, "\(made.entries)")
      _ = try pair.writer.descriptor.writeAll([2])
      #expect(try engine.reapDue().first?.result == .success(1))
    }
  }

  /// Requests and streams are waited for together, without looking at either in turn.
  @Test(arguments: EngineVariant.queueing)
  func waitsBesideARead(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let (read, waited) = (
      try StreamPair(.pipe, in: directory), try StreamPair(.pipe, in: directory)
    )
    let most: UInt64 = variant.engine == .nonblocking ? 1000 : 30
    try variant.withEngine { engine throws in
      try engine.queue(readOperation(1, read.reader, slot: 1))
      for round in UInt64(0)..<3 {
        try engine.queue(waitOperation(10 + round, waited.reader))
        let calls = SystemCallTally.current
        #expect(try engine.reap(atLeast: 1, deadline: Clock.monotonic + 200_000_000).isEmpty)
        let made = SystemCallTally.current.since(calls)
        if variant.notification != .poll { #expect(made.total <= most, "\(made.entries)") }
        _ = try waited.writer.descriptor.writeAll([2])
        #expect(try engine.reapDue().map(\.id) == [OperationID(10 + round)])
        #expect(try engine.read(waited.reader) == [2])
      }
      try engine.queue(waitOperation(20, waited.reader))
      #expect(try engine.reap(atLeast: 1, deadline: Clock.monotonic + 1_000_000).isEmpty)
      _ = try engine.submit(cancel(20))
      #expect(try engine.reapDue().first?.result == .failure(.canceled))
      _ = try read.writer.descriptor.writeAll([1])
      #expect(try engine.reapDue().map(\.id) == [OperationID(1)])
    }
  }

  private func cancel(_ id: UInt64) -> XIOEngines.Operation {
    Operation(
      id: OperationID(999), descriptor: FileDescriptor(rawValue: -1), kind: .pipe,
      verb: .cancel(OperationID(id)))
  }
}
