internal import DequeModule
internal import HeapModule
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// The first line of each source of a merge.
struct Merging {
  struct Head: Comparable {
    let time: Nanoseconds
    let feed: Feed

    static func < (one: Head, other: Head) -> Bool {
      (one.time, one.feed.number) < (other.time, other.feed.number)
    }
    static func == (one: Head, other: Head) -> Bool {
      one.time == other.time && one.feed.number == other.feed.number
    }
  }

  var heads = Heap<Head>()
  /// How many sources may have a line that comes first, and have not shown it yet.
  var awaited = 0
  /// Sources that have lines again.
  var arrived: [Feed] = []

  /// Does not wait any more for a source that has ended.
  mutating func end(_ feed: Feed) {
    guard feed.isAwaited else { return }
    feed.isAwaited = false
    awaited -= 1
  }
}

/// Lines go out by their times: the first lines of all sources are compared.
extension FaninJob {
  mutating func pourMerged(_ pool: BufferPool) {
    takeArrivedHeads(pool)
    while merging.awaited == 0, linesLeft > 0, let head = merging.heads.min {
      let feed = head.feed
      guard putOutFirst(feed, pool, LineFacts(time: feed.headTime)) else { return }
      guard let next = self.head(of: feed, pool) else {
        _ = merging.heads.removeMin()
        feed.isQueued = false
        feed.isAwaited = true
        merging.awaited += 1
        drained.append(feed)
        continue
      }
      merging.heads.replaceMin(with: next)
    }
  }

  private mutating func takeArrivedHeads(_ pool: BufferPool) {
    let feeds = merging.arrived
    merging.arrived.removeAll(keepingCapacity: true)
    for feed in feeds {
      guard let head = head(of: feed, pool) else {
        feed.isQueued = false
        drained.append(feed)
        continue
      }
      if feed.isAwaited {
        feed.isAwaited = false
        merging.awaited -= 1
      }
      merging.heads.insert(head)
    }
  }

  /// The time of the first line of a source; nil when there is none.
  private mutating func head(of feed: Feed, _ pool: BufferPool) -> Merging.Head? {
    let time = withFirstLine(of: feed, pool) { job, line in
      job.time(of: line, feed, feed.arrivedAt).time
    }
    guard let time else { return nil }
    feed.headTime = time
    // A source that is not sorted must not hold up those that are: its own order stays.
    feed.lastKey = max(feed.lastKey, time ?? feed.lastKey)
    return Merging.Head(time: feed.lastKey, feed: feed)
  }

  /// Lends the first line of a source, cut if it is too long; nil when there is none.
  mutating func withFirstLine<Output>(
    of feed: Feed, _ pool: BufferPool,
    _ body: (inout FaninJob, UnsafeRawBufferPointer) -> Output
  ) -> Output? {
    while true {
      if case .spilled? = feed.backlog.entries.first, let entry = feed.backlog.entries.first {
        unspill(feed, entry)
        continue
      }
      if case .memory(let chunk)? = feed.backlog.entries.first {
        return body(&self, firstLine(chunk.oldest))
      }
      if let line = feed.assembler.apart.first {
        return line.withUnsafeBytes { body(&self, $0) }
      }
      let assembler = feed.assembler
      guard assembler.whole > assembler.start else { return nil }
      let memory = self.memory(feed, pool)
      let line = firstLine(
        UnsafeRawBufferPointer(rebasing: memory[assembler.start..<assembler.whole]))
      guard line.count - options.delimiter.count > options.longestLine else {
        return body(&self, line)
      }
      assembler.cutFirst(memory)
      markFile(feed, memory)
    }
  }

  /// Takes the first line of a source away.
  mutating func consumeFirst(of feed: Feed, _ count: Int, _ pool: BufferPool) {
    if case .memory(let chunk)? = feed.backlog.entries.first {
      chunk.consume(count, lines: 1)
      if chunk.count == 0 { removeFirstWaiting(feed) }
    } else if !feed.assembler.apart.isEmpty {
      feed.assembler.consumeApart()
    } else {
      feed.assembler.consume(upTo: feed.assembler.start + count)
    }
  }

  private mutating func putOutFirst(
    _ feed: Feed, _ pool: BufferPool, _ facts: LineFacts
  ) -> Bool {
    let count = withFirstLine(of: feed, pool) { job, line in
      job.append(line, feed, facts) ? line.count : 0
    }
    guard let count, count > 0 else { return false }
    consumeFirst(of: feed, count, pool)
    return true
  }
}
