public import CXIO
public import SystemPackage
public import XIOSystem

/// Multiplexing by select(2).
public typealias SelectEngine = ReadinessEngine<SelectWaiter>

/// Waits in select(2), which knows descriptors below 1024 alone.
public struct SelectWaiter: ReadinessWaiter, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .select }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .synchronous, .blocking, defaultDepth: 2, linksReads: true,
      onStreams: "select, then read or write",
      onFiles: "always ready: pread, pwrite")
  }

  /// Waits for streams below the limit.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    guard facts.number < System.selectLimit else {
      return DescriptorReport(.refused, "descriptor \(facts.number) is not below FD_SETSIZE (1024)")
    }
    return inspect(facts, always: "select reports it ready at once")
  }

  /// Makes a waiter without state.
  public init(_ configuration: EngineConfiguration) throws(Errno) {}

  /// Refuses descriptors beyond the limit with EBADF, as the call would.
  public mutating func watch(
    _ interest: Interest, _ kind: FileKind, _ counters: inout EngineCounters
  ) throws(Errno) -> Bool {
    guard interest.fd < System.selectLimit else { throw .badFileDescriptor }
    return true
  }

  /// Waits.
  public mutating func wait(
    _ interests: inout InterestTable, timeout: Nanoseconds?, _ counters: inout EngineCounters
  ) throws(Errno) {
    counters.descriptorsPassed += interests.count
    do throws(Errno) {
      try interests.waitForAll { all throws(Errno) in
        try System.select(&all, timeout: timeout)
      }
    } catch {
      // One that is not open fails the call for all of them; their own calls tell which it is.
      guard error == .badFileDescriptor else { throw error }
      interests.markAll()
    }
  }
}
