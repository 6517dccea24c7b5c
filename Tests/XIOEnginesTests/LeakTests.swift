import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// Transfers of many kinds in a process that does nothing else meanwhile.
@Suite struct LeakTests {
  @Test(arguments: EngineVariant.all)
  func leavesNothingBehind(_ variant: EngineVariant) throws {
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
