internal import SystemPackage
internal import XIOSystem

/// A place in the queue of events of names: what was queued before it was taken once it is over.
final class Fence {
  /// Whether everything before it was taken.
  fileprivate(set) var isOver = false
  /// The file that must not be read before.
  fileprivate let generation: Generation?

  fileprivate init(_ generation: Generation?) {
    self.generation = generation
  }
}

/// What has to wait until queued events are known.
///
/// A look at a name finds the file that it leads to now, while events that are still queued tell of files that
/// had the name before. A watch that is added and ended at once puts an event of its own behind those: once
/// that one is taken, all of them are, whatever an engine has in flight. As the queue goes on growing behind
/// it, a flood of events keeps nothing waiting for longer.
struct Fences {
  /// By the watches whose ends are to be told.
  private var waiting: [Int32: Fence] = [:]
  /// Those that wait for the next beat, because there can be no more watches.
  private var untilBeat: [Fence] = []

  /// Whether something waits.
  var isEmpty: Bool { waiting.isEmpty && untilBeat.isEmpty }

  /// Has something wait.
  ///
  /// - Parameters:
  ///   - generation: A file that must not be read before.
  ///   - watch: The watch that was ended; nil when there was none.
  /// - Returns: What it waits for.
  fileprivate mutating func add(_ generation: Generation?, _ watch: Int32?) -> Fence {
    let fence = Fence(generation)
    if let watch { waiting[watch] = fence } else { untilBeat.append(fence) }
    return fence
  }

  /// Takes note of the end of a watch.
  mutating func pass(_ watch: Int32) {
    if let fence = waiting.removeValue(forKey: watch) { Self.open(fence) }
  }

  /// Takes note that events were lost, and with them perhaps those that are waited for: everything is
  /// going to be looked at.
  mutating func passAll() {
    waiting.values.forEach(Self.open)
    waiting = [:]
  }

  /// Takes those that wait for a beat.
  mutating func takeUntilBeat() -> [Fence] {
    defer { untilBeat = [] }
    return untilBeat
  }

  static func open(_ fence: Fence) {
    fence.isOver = true
    guard let generation = fence.generation, !generation.hasEnded else { return }
    generation.isDirty = true
  }
}

extension Watcher {
  /// Makes a fence behind the events that are queued by now.
  ///
  /// - Parameters:
  ///   - generation: An open file.
  ///   - isHeld: Whether that file is not to be read before.
  /// - Returns: The fence; nil where there is no queue.
  func fence(_ generation: Generation, isHeld: Bool) -> Fence? {
    guard hasBegun, let inotify, let descriptor = generation.descriptor,
      generation.kind.isPositional
    else { return nil }
    // Only directories are watched there, so that this watch is never one that is needed.
    let watch = try? System.watch(inotify, descriptor, [.deleteSelf, .add])
    if let watch { try? System.unwatch(inotify, watch) }
    return fences.add(isHeld ? generation : nil, watch)
  }

  /// Whether queued events may tell of more files than those that are known.
  public var awaitsEvents: Bool { !fences.isEmpty }

  /// Looks at everything for the last time: what is queued by now is waited for, what comes later is not.
  public func beatLast() {
    beat()
    let open = sources.lazy.flatMap(\.generations).first {
      $0.descriptor != nil && $0.kind.isPositional
    }
    if let open, !awaitsEvents { _ = fence(open, isHeld: false) }
    // There is no other beat.
    fences.takeUntilBeat().forEach(Fences.open)
    settlePassages()
  }
}

extension Source {
  /// Whether it is certain in what order files have had the name.
  public var isSettled: Bool { passages.allSatisfy { $0.found == nil || $0.isConfirmed } }

  /// What is to be read next: older files first, and none before those are known that came before it.
  public var next: Generation? {
    guard isSettled else { return nil }
    let first = generations.first { $0.isDirty }
    return first?.isFenced == true ? nil : first
  }
}
