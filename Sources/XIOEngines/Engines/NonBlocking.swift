public import CXIO
public import SystemPackage
public import XIOSystem

/// Non-blocking I/O: calls that fail with EAGAIN rather than wait, made again after a pause.
public typealias NonBlockingEngine = ReadinessEngine<BackOff>

/// Pauses between attempts, from giving up the processor to one millisecond, or for a time that was set.
public struct BackOff: ReadinessWaiter, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .nonblocking }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .synchronous, .nonblocking, defaultDepth: 2, tellsReadiness: false,
      onStreams: "read, write until not EAGAIN",
      onFiles: "RWF_NOWAIT until cached; pwrite")
  }

  /// Polls whatever the kernel can refuse to wait for.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    guard facts.kind.isPositional else {
      return facts.isPollable
        ? DescriptorReport(.retries) : DescriptorReport(.alwaysReady, "no call on it waits")
    }
    if case .refused(let errno) = facts.noWait {
      return DescriptorReport(.alwaysReady, "RWF_NOWAIT: \(errno)")
    }
    return facts.canRead
      ? DescriptorReport(.retries, "RWF_NOWAIT; writes, direct I/O plain")
      : DescriptorReport(.alwaysReady, "writes are plain")
  }

  /// The call comes first; there is nothing else to learn from.
  public static var triesFirst: Bool { true }
  /// The kernel can be asked whether a read of a file would wait.
  public static var retriesFiles: Bool { true }

  private static let longestPause: Nanoseconds = 1_000_000
  // A file can answer EAGAIN for ever when nothing that would bring the data has been started.
  private static let patience: Nanoseconds = 1_000_000_000

  private let interval: Nanoseconds?
  private var pause: Nanoseconds = 0
  private var began: Nanoseconds = 0

  /// Makes a waiter that has not paused yet.
  public init(_ configuration: EngineConfiguration) throws(Errno) {
    interval = configuration.pollInterval
  }

  /// Everything can be asked.
  public mutating func watch(
    _ interest: Interest, _ kind: FileKind, _ counters: inout EngineCounters
  ) throws(Errno) -> Bool {
    true
  }

  /// Pauses and lets everything be tried again.
  public mutating func wait(
    _ interests: inout InterestTable, timeout: Nanoseconds?, _ counters: inout EngineCounters
  ) throws(Errno) {
    if Termination.requested != nil { throw .interrupted }
    if began == 0 { began = Clock.monotonic }
    let length = interval ?? pause
    System.pause(nanoseconds: min(length, timeout ?? length))
    // One pause in sixteen of what was waited already: late by a few per cent at most, up to the longest.
    pause = min(Self.longestPause, (Clock.monotonic - began) / 16)
    interests.markAll()
  }

  /// Begins anew with short pauses.
  public mutating func progress() {
    pause = 0
    began = 0
  }

  /// Whether a file has answered EAGAIN for too long.
  public mutating func hasLostPatience() -> Bool {
    began > 0 && Clock.monotonic - began > Self.patience
  }
}
