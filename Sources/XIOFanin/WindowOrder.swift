internal import DequeModule
internal import HeapModule
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Lines that wait for others with earlier times.
struct Window {
  /// One of them.
  final class Line {
    /// Its time, and that which it is put into order by: no earlier than that of its predecessor.
    let time: Nanoseconds, key: Nanoseconds
    let sequence: Int
    let arrived: Nanoseconds
    let bytes: [UInt8]
    let feed: Feed
    let mark: FileMark?
    var isOut = false

    init(
      time: Nanoseconds, key: Nanoseconds, sequence: Int, arrived: Nanoseconds, bytes: [UInt8],
      feed: Feed, mark: FileMark?
    ) {
      self.time = time
      self.key = key
      self.sequence = sequence
      self.arrived = arrived
      self.bytes = bytes
      self.feed = feed
      self.mark = mark
    }

    /// What it costs beside its bytes.
    var cost: Int { bytes.count + 160 }
  }

  struct Entry: Comparable {
    let line: Line

    static func < (one: Entry, other: Entry) -> Bool {
      (one.line.key, one.line.feed.number, one.line.sequence)
        < (other.line.key, other.line.feed.number, other.line.sequence)
    }
    static func == (one: Entry, other: Entry) -> Bool { one.line === other.line }
  }

  var heap = Heap<Entry>()
  /// The same lines in the order in which they came.
  var arrivals: Deque<Line> = []
  var bytes = 0
  var latest = Nanoseconds.min
  var nextSequence = 0
  var watermark = Watermark(idleAfter: nil)

  var isEmpty: Bool { heap.isEmpty }
}

/// Lines go out by their times, as far as they come within a window.
extension FaninJob {
  private var windowLimit: Int { options.memory / 2 }

  mutating func pourWindow(_ pool: BufferPool) {
    repeat {
      gather(pool)
      guard release() else { return }
      // What was put off because the window was full may come in now.
    } while !ready.isEmpty && window.bytes < windowLimit
  }

  /// Takes lines into the window as long as it is not full.
  private mutating func gather(_ pool: BufferPool) {
    let now = Clock.monotonic
    while window.bytes < windowLimit, let feed = ready.popFirst() {
      var budget = Self.quantum
      while budget > 0, window.bytes < windowLimit {
        let taken = withFirstLine(of: feed, pool) { job, line in job.admit(line, feed, now) }
        guard let taken else { break }
        consumeFirst(of: feed, taken.bytes.count, pool)
        if files.pouring === feed { advanceFile(feed, memory(feed, pool)) }
        add(taken, mark: fileMark(feed))
        budget -= taken.bytes.count
      }
      if feed.hasLines {
        ready.append(feed)
      } else {
        feed.isQueued = false
        drained.append(feed)
      }
    }
  }

  private struct Admitted {
    var time: Nanoseconds, key: Nanoseconds, arrived: Nanoseconds, bytes: [UInt8]
    var feed: Feed
  }

  private mutating func admit(
    _ line: UnsafeRawBufferPointer, _ feed: Feed, _ now: Nanoseconds
  ) -> Admitted {
    let time = time(of: line, feed, feed.arrivedAt).time ?? feed.arrivedAt
    feed.lastKey = max(feed.lastKey, time)
    feed.lastLine = now
    window.watermark.expect(feed)
    return Admitted(time: time, key: feed.lastKey, arrived: now, bytes: Array(line), feed: feed)
  }

  private mutating func add(_ line: Admitted, mark: FileMark?) {
    let entry = Window.Line(
      time: line.time, key: line.key, sequence: window.nextSequence, arrived: line.arrived,
      bytes: line.bytes, feed: line.feed, mark: mark)
    window.nextSequence += 1
    window.heap.insert(Window.Entry(line: entry))
    window.arrivals.append(entry)
    window.bytes += entry.cost
    line.feed.linesInWindow += 1
  }

  /// Puts out what need not wait any longer.
  ///
  /// - Returns: Whether there was room.
  private mutating func release() -> Bool {
    let now = Clock.monotonic
    let watermark = ending.isDraining ? .max : window.watermark.time(now)
    while linesLeft > 0, let first = window.heap.min?.line {
      while window.arrivals.first?.isOut == true { window.arrivals.removeFirst() }
      let oldest = window.arrivals.first?.arrived ?? now
      guard
        first.key <= watermark || now - oldest >= options.window || window.bytes >= windowLimit
      else { return true }
      let isLate = first.time < window.latest
      let facts = LineFacts(time: first.time, isLate: isLate)
      let wasAdded = first.bytes.withUnsafeBytes { append($0, first.feed, facts) }
      guard wasAdded else { return false }
      if let mark = first.mark { blocks.mark(mark) }
      if isLate { first.feed.counts.late += 1 }
      window.latest = max(window.latest, first.time)
      first.isOut = true
      window.bytes -= first.cost
      first.feed.linesInWindow -= 1
      _ = window.heap.removeMin()
    }
    return true
  }

  /// When the next line has waited long enough; nil when none waits.
  mutating func nextRelease(_ now: Nanoseconds) -> Nanoseconds? {
    while window.arrivals.first?.isOut == true { window.arrivals.removeFirst() }
    guard let first = window.arrivals.first else { return nil }
    let end = first.arrived + options.window
    return window.watermark.nextIdle(now).map { min(end, $0) } ?? end
  }
}
