internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// Waiting for changes and reading the file that is expected to have changed, as one request.
///
/// A log that grows line by line is delivered without a turn of the loop between the news and the read.
/// Only what is read is known early: whether and when it is passed on is decided as for any other read.
extension FollowJob {
  /// What is read as soon as there is news of changes.
  struct Expectation {
    var generation: Generation
    /// Where the file was when the wait began; what was read is of no use if it is elsewhere by now.
    var epoch: Int, offset: Int64
    var descriptor: FileDescriptor
  }

  /// Begins to wait for changes with a read behind it.
  ///
  /// - Returns: Whether there is a file to be expected; else the wait is still to be begun.
  mutating func expectChange<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) -> Bool {
    guard Engine.traits.linksReads, expectation == nil, nextFirst == first.count,
      !coalescing.isBusy, let changes = watcher.changes,
      let generation = watcher.likelyToChange, generation.kind.isPositional,
      let descriptor = generation.descriptor
    else { return false }
    expectation = Expectation(
      generation: generation, epoch: generation.epoch, offset: generation.readOffset,
      descriptor: descriptor)
    let room = FollowSettings.headerRoom
    var request = Request(
      direction: .read,
      endpoint: Endpoint(descriptor: descriptor, kind: generation.kind, position: .offset(0)),
      offset: generation.readOffset, slot: spareSlot, start: room, count: pool.bufferSize - room,
      fills: false)
    request.trigger = changes
    try driver.start(request)
    hearing[Slot.changes] = .waiting
    return true
  }

  /// Passes on what was read with the wait, when that is what would be read now.
  mutating func takeExpected<Engine: IOEngine & ~Copyable>(
    _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let expected = expectation else { return }
    expectation = nil
    guard outcome.failure != .canceled else {
      hearing[Slot.changes] = .deaf
      return
    }
    wakeUps += 1
    hearing[Slot.changes] = .announced
    // What was read is passed on first, whatever follows.
    defer { coalescing.pauseIfBusy(unless: watcher.inotify) }
    let generation = expected.generation
    guard outcome.failure == nil, case .idle = activity, hearing[Slot.names] == .waiting,
      !generation.source.isDirty, generation.source.isSettled, !generation.isFenced,
      !generation.hasEnded,
      !generation.isSuperseded,
      generation.epoch == expected.epoch, generation.readOffset == expected.offset,
      generation.descriptor == expected.descriptor
    else { return watcher.expectChange() }
    swap(&fileSlot, &spareSlot)
    activity = .reading(generation, epoch: expected.epoch)
    try finishRead(outcome, &driver, pool)
    watcher.expectChange(of: generation)
  }

  /// Ends the wait before a descriptor that it would read is used for something else.
  mutating func endExpectation<Engine: IOEngine & ~Copyable>(
    of descriptor: FileDescriptor, _ driver: inout Driver<Engine>
  ) throws(Errno) {
    guard expectation?.descriptor == descriptor else { return }
    try driver.cancel(spareSlot)
  }
}
