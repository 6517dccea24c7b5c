public import SystemPackage
public import XIOSystem

/// Gathers changes when they come so fast that each alone costs more than it is worth.
public struct Coalescing {
  /// How long a pause is, in nanoseconds; 0 for none.
  public var latency: Nanoseconds = 0
  private var streak = 0
  private var waitsSince: Nanoseconds = 0
  private static let longestStreak = 8

  /// Whether the next change is let wait.
  public var isBusy: Bool { streak >= Self.longestStreak && latency > 0 }

  /// Makes one that pauses never.
  public init() {}

  /// Takes note that there is nothing left to do.
  public mutating func beginsToWait() {
    if waitsSince == 0 { waitsSince = Clock.monotonic }
  }

  /// Lets more come together, when changes have come again and again without a pause.
  ///
  /// - Parameter names: What ends the pause when something comes of it.
  public mutating func pauseIfBusy(unless names: FileDescriptor?) {
    let waited = waitsSince == 0 ? 0 : Clock.monotonic - waitsSince
    waitsSince = 0
    streak = waited < latency / 4 ? streak + 1 : 0
    guard isBusy else { return }
    guard let names else { return System.pause(nanoseconds: latency) }
    // A signal ends the pause early, which is as good.
    _ = try? System.waitUntilReady(names, forWriting: false, timeout: latency)
  }
}
