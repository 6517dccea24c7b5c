import CXIO
import SystemPackage
import Testing
import XIOSystem

/// Calls that need a context of the kernel.
extension CallRow {
  static let contexts: [CallRow] = [
    CallRow("NativeAIO", .ioSetup, counts: [.ioSetup: 1, .ioDestroy: 1]) { _ in
      _ = try NativeAIO(capacity: 1)
    },
    CallRow("NativeAIO.submit", .ioSubmit, counts: nativeCounts) { try roundTrip($0) },
    CallRow("NativeAIO.wait", .ioGetevents, counts: nativeCounts) { try roundTrip($0) },
    CallRow(
      "NativeAIO.cancel", .ioCancel,
      counts: [.ioSetup: 1, .ioSubmit: 1, .ioCancel: 1, .ioGetevents: 1, .ioDestroy: 1]
    ) { fixture in
      let context = try NativeAIO(capacity: 1)
      context.prepare(.waitReadable, fixture.empty.readEnd, flags: [], index: 0)
      _ = try context.submit()
      try context.cancel(0)
      var events = [NativeAIO.Event()]
      try #require(try context.wait(for: 1, into: &events, timeout: longEnough) == 1)
    },
    CallRow("Ring", .ioUringSetup) { _ in _ = try Ring(entries: 1) },
    CallRow("Ring.submit", .ioUringEnter, counts: [.ioUringSetup: 1, .ioUringEnter: 1]) { _ in
      let ring = try Ring(entries: 1)
      ring.doNothing(token: 1)
      try ring.submit(waitingFor: 1)
    },
    CallRow("Ring.wait", .ioUringEnter, counts: [.ioUringSetup: 1, .ioUringEnter: 2]) { _ in
      let ring = try Ring(entries: 1)
      ring.doNothing(token: 1)
      try ring.submit(waitingFor: 0)
      try ring.wait(for: 1, timeout: longEnough)
    },
    CallRow(
      "Ring.registerBuffers", .ioUringRegister, counts: [.ioUringSetup: 1, .ioUringRegister: 1]
    ) {
      try Ring(entries: 1).registerBuffers($0.memory, size: $0.memory.count)
    },
    CallRow("PosixAIO.wait by aio_suspend", .aioSuspend, counts: [.aioSuspend: 1]) { _ in
      let table = try PosixAIO(capacity: 1, notification: .suspend)
      _ = try table.wait(timeout: 0)
    },
    CallRow("PosixAIO.wait by asking", .schedYield) { _ in
      _ = try PosixAIO(capacity: 1, notification: .poll).wait(timeout: 0)
    },
    CallRow("PosixAIO.wait by signal", .rtSigtimedwait) { _ in
      _ = try PosixAIO(capacity: 1, notification: .signal).wait(timeout: 0)
    },
    CallRow("PosixAIO.wait by callback", .ppoll) { _ in
      _ = try PosixAIO(capacity: 1, notification: .thread).wait(timeout: 0)
    },
    CallRow("WorkerThreads.wait", .futex) { _ in
      try WorkerThreads(capacity: 1).wait(since: 0, timeout: 1)
    },
  ]

  private static let nativeCounts: [SystemCall: UInt64] = [
    .ioSetup: 1, .ioSubmit: 1, .ioGetevents: 1, .ioDestroy: 1,
  ]

  private static func roundTrip(_ fixture: CallFixture) throws {
    let context = try NativeAIO(capacity: 1)
    context.prepare(.read(fixture.memory, at: 0), fixture.file, flags: [], index: 0)
    _ = try context.submit()
    var events = [NativeAIO.Event()]
    try #require(try context.wait(for: 1, into: &events, timeout: longEnough) == 1)
  }
}
