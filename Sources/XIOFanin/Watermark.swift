internal import HeapModule
internal import XIOSystem

/// What is due at a time.
struct Due<Subject>: Comparable {
  let time: Nanoseconds
  let subject: Subject

  static func < (one: Due, other: Due) -> Bool { one.time < other.time }
  static func == (one: Due, other: Due) -> Bool { one.time == other.time }
}

/// How far all sources have come that a window waits for, known without a look at all of them.
///
/// Places in the heaps are put right when they come to the top: no source goes back.
struct Watermark {
  /// After what time without a line a source is not waited for; nil for never.
  let idleAfter: Nanoseconds?
  /// Sources that are waited for, by the time of their last line, and by when that came.
  private var behind = Heap<Due<Feed>>(), silent = Heap<Due<Feed>>()

  init(idleAfter: Nanoseconds?) { self.idleAfter = idleAfter }

  /// Waits for a source from which something may come, or has.
  mutating func expect(_ feed: Feed) {
    guard !feed.isExpected || !feed.isTimed else { return }
    if feed.lastLine == 0 { feed.lastLine = Clock.monotonic }
    if !feed.isExpected {
      feed.isExpected = true
      behind.insert(Due(time: feed.lastKey, subject: feed))
    }
    if idleAfter != nil, !feed.isTimed {
      feed.isTimed = true
      silent.insert(Due(time: feed.lastLine, subject: feed))
    }
  }

  /// Before this time nothing more is to be expected of any source that is not idle.
  mutating func time(_ now: Nanoseconds) -> Nanoseconds {
    while let first = behind.min {
      let feed = first.subject
      if !feed.mayHaveLines || isIdle(feed, now) {
        _ = behind.removeMin()
        feed.isExpected = false
      } else if feed.lastKey > first.time {
        behind.replaceMin(with: Due(time: feed.lastKey, subject: feed))
      } else {
        return first.time
      }
    }
    return .max
  }

  /// When the next source will have been idle for too long; nil when none can be.
  mutating func nextIdle(_ now: Nanoseconds) -> Nanoseconds? {
    guard let idleAfter else { return nil }
    while let first = silent.min {
      let feed = first.subject
      if !feed.mayHaveLines || isIdle(feed, now) {
        _ = silent.removeMin()
        feed.isTimed = false
      } else if feed.lastLine > first.time {
        silent.replaceMin(with: Due(time: feed.lastLine, subject: feed))
      } else {
        return first.time + idleAfter
      }
    }
    return nil
  }

  private func isIdle(_ feed: Feed, _ now: Nanoseconds) -> Bool {
    idleAfter.map { now - feed.lastLine >= $0 } ?? false
  }
}
