import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// What needs a process of its own: its limits, its descriptors and its threads.
@Suite struct LimitTests {
  @Test func selectRefusesWhatItCannotName() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
      let directory = try TestDirectory()
      let pair = try StreamPair(.pipe, in: directory)
      let number = fcntl(pair.reader.descriptor.rawValue, F_DUPFD_CLOEXEC, 1500)
      try #require(number >= 1500)
      let far = OpenEnd(descriptor: FileDescriptor(rawValue: number), kind: .pipe)
      let report = SelectEngine.inspect(try DescriptorFacts(far.descriptor))
      #expect(report.readiness == .refused)
      #expect(report.remark.contains("1500") && report.remark.contains("1024"))
      #expect(PollEngine.inspect(try DescriptorFacts(far.descriptor)).readiness == .waits)
      _ = try pair.writer.descriptor.writeAll([1])
      let select = EngineVariant(engine: .select)
      try select.withEngine { engine throws in
        let result = try engine.complete(readOperation(1, far))
        #expect(result == .failure(.badFileDescriptor))
        #expect(try engine.read(pair.reader) == [1])
      }
      let target = try Target(.stream(.pipe), expecting: 0, in: directory)
      let result = try select.transfer(
        from: Endpoint(descriptor: far.descriptor, kind: .pipe, position: .stream),
        to: target.endpoint)
      #expect(result.failure == TransferFailure(side: .source, errno: .badFileDescriptor))
      #expect(try target.finish().isEmpty)
    }
  }

  @Test func sigioSurvivesAFullQueueOfSignals() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit(rlim_cur: 0, rlim_max: 0)
      try #require(setrlimit(__rlimit_resource_t(__RLIMIT_SIGPENDING.rawValue), &limit) == 0)
      try SigioLoad.run { counters in
        #expect(counters.signalOverflows > 0)
      }
    }
  }

  @Test func sigioLosesNoneOfManySignals() throws {
    try SigioLoad.run { counters in
      #expect(counters.signals > 0)
    }
  }

  @Test(arguments: EngineVariant.all.map(\.testDescription))
  func leavesNothingBehind(_ name: String) async {
    await #expect(processExitsWith: .success) { [name] in
      do {
        try Leaks.run(try #require(EngineVariant.named(name)))
      } catch {
        Issue.record(error)
      }
    }
  }
}

/// Many pairs of sockets that all have something to say to one engine.
enum SigioLoad {
  static func run(_ check: (EngineCounters) -> Void) throws {
    let count = 12
    let rounds = 200
    let directory = try TestDirectory()
    let pairs = try (0..<count).map { _ in try StreamPair(.socket, in: directory) }
    try EngineVariant(engine: .sigio).withEngine(depth: count) { engine throws in
      var writer: Background<Void>?
      var received = [[UInt8]](repeating: [], count: count)
      var open = Set(0..<count)
      var ready = Array(open)
      while !open.isEmpty {
        var ended: [Completion] = []
        for index in ready {
          let read = readOperation(UInt64(index), pairs[index].reader, slot: index, count: 3)
          if case .completed(let completion) = try engine.submit(read) { ended.append(completion) }
        }
        // Nothing is there before everything is waited for, so that signals have to tell of it.
        if writer == nil {
          writer = try Background {
            for round in 0..<rounds {
              for pair in pairs { _ = try pair.writer.descriptor.writeAll([UInt8(round)]) }
            }
            for pair in pairs { pair.closeWriter() }
          }
        }
        if ended.isEmpty {
          let deadline = Clock.monotonic + 10_000_000_000
          ended = try engine.reap(atLeast: 1, deadline: deadline)
          try #require(!ended.isEmpty, "a signal was lost")
        }
        ready = []
        for completion in ended {
          let index = Int(completion.id.rawValue)
          let bytes = try completion.result.get()
          received[index] += engine.bytes(slot: index, count: bytes)
          if bytes == 0 { open.remove(index) } else { ready.append(index) }
        }
      }
      try writer?.value()
      let expected = (0..<rounds).map { UInt8($0) }
      #expect(received.allSatisfy { $0 == expected })
      check(engine.counters)
    }
  }
}

/// Transfers of many kinds in a process that does nothing else.
enum Leaks {
  static func run(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let bytes = randomBytes(100_000)
    let before = try ProcessSnapshot()
    let work = try Background(named: "engine") {
      for kind in [EndKind.file(.tmpfs), .stream(.pipe), .stream(.socket), .stream(.fifo)] {
        for measures in [false, true] {
          let target = try Target(kind, expecting: bytes.count, in: directory)
          let source = try Source(kind, bytes, in: directory)
          let output = try variant.transfer(
            [(source.endpoint, target.endpoint)], depth: 4,
            onLatency: measures ? { _, _ in } : nil)
          guard output.results.allSatisfy({ $0.failure == nil }) else {
            throw SupportFailure("the transfer failed")
          }
          expectSame(bytes, try target.finish())
          source.close()
        }
      }
      // One that fails has something in flight.
      let pair = try StreamPair(.pipe, in: directory)
      pair.closeReader()
      let source = try Source(.file(.tmpfs), bytes, in: directory)
      let end = Endpoint(descriptor: pair.writer.descriptor, kind: .pipe, position: .stream)
      let failed = try variant.transfer(from: source.endpoint, to: end, depth: 8)
      source.close()
      return failed.failure?.errno
    }
    #expect(try work.value() == .brokenPipe)
    // The event loop under the tests may make its timer at any time.
    try before.expectNoNewDescriptors(except: "[timerfd]")
    // Threads are called like the one that starts them, and those of the kernel after its number.
    try before.expectNoNewThreads(named: "engine")
    try before.expectNoNewThreads(named: "iou-")
  }
}
