import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// What engines do within limits of their process, which each test puts back.
@Suite struct LimitTests {
  @Test func selectRefusesWhatItCannotName() throws {
    try withLimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), 4096) {
      let directory = try TestDirectory()
      let pair = try StreamPair(.pipe, in: directory)
      let number = fcntl(pair.reader.descriptor.rawValue, F_DUPFD_CLOEXEC, 1500)
      try #require(number >= 1500)
      let far = OpenEnd(descriptor: FileDescriptor(rawValue: number), kind: .pipe)
      defer { try? far.descriptor.close() }
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

  @Test func sigioSurvivesAFullQueueOfSignals() throws {
    try withLimit(__rlimit_resource_t(__RLIMIT_SIGPENDING.rawValue), 0) {
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

  private func withLimit(
    _ resource: __rlimit_resource_t, _ value: rlim_t, _ body: () throws -> Void
  ) throws {
    var before = rlimit()
    try #require(getrlimit(resource, &before) == 0)
    var limit = rlimit(rlim_cur: value, rlim_max: before.rlim_max)
    try #require(setrlimit(resource, &limit) == 0)
    defer { setrlimit(resource, &before) }
    try body()
  }
}

/// Many pairs of sockets that all have something to say to one engine.
enum SigioLoad {
  static func run(_ check: @escaping (EngineCounters) -> Void) throws {
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
        if ended.isEmpty { ended = try engine.reapDue() }
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
