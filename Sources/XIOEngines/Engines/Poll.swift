public import CXIO
public import SystemPackage
public import XIOSystem

/// Multiplexing by poll(2).
public typealias PollEngine = ReadinessEngine<PollWaiter>

/// Waits in poll(2).
public struct PollWaiter: ReadinessWaiter, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .poll }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .synchronous, .blocking, defaultDepth: 2, linksReads: true,
      onStreams: "poll, then read or write",
      onFiles: "always ready: pread, pwrite")
  }

  /// Waits for streams.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    inspect(facts, always: "poll reports it ready at once")
  }

  /// Makes a waiter without state.
  public init(_ configuration: EngineConfiguration) throws(Errno) {}

  /// poll accepts every descriptor.
  public mutating func watch(
    _ interest: Interest, _ kind: FileKind, _ counters: inout EngineCounters
  ) throws(Errno) -> Bool {
    true
  }

  /// Waits.
  public mutating func wait(
    _ interests: inout InterestTable, timeout: Nanoseconds?, _ counters: inout EngineCounters
  ) throws(Errno) {
    counters.descriptorsPassed += interests.count
    try interests.waitForAll { all throws(Errno) in try System.poll(&all, timeout: timeout) }
  }
}
