internal import DequeModule
internal import HeapModule
internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// What becomes of lines when there is no room for them in blocks.
extension FaninJob {
  /// How many bytes of one source may wait in memory.
  private var sourceLimit: Int { options.sourceMemory ?? max(64 << 10, options.memory / 8) }

  /// Lets sources be read on although their lines cannot go out.
  mutating func stashReady(_ pool: BufferPool) {
    guard options.onFull != .block, options.order == .arrival else { return }
    for feed in ready where feed.file == nil && feed.offset == nil && feed.assembler.hasLines {
      guard !feed.assembler.isPassing else { continue }
      stash(feed, memory(feed, pool))
      stashed.append(feed)
    }
  }

  /// Puts the lines of a source where they can wait.
  mutating func stash(_ feed: Feed, _ memory: UnsafeRawBufferPointer) {
    let assembler = feed.assembler
    while let line = assembler.apart.first {
      line.withUnsafeBytes { wait(feed, $0, lines: 1) }
      assembler.consumeApart()
    }
    guard assembler.whole > assembler.start else { return }
    if assembler.whole - assembler.start > options.longestLine { cutLong(feed, memory) }
    let range = assembler.start..<assembler.whole
    if !range.isEmpty {
      let bytes = UnsafeRawBufferPointer(rebasing: memory[range])
      wait(feed, bytes, lines: LineRule(options).count(bytes))
    }
    assembler.consume(upTo: assembler.whole)
  }

  /// Lines that are too long must not wait as they are.
  private mutating func cutLong(_ feed: Feed, _ memory: UnsafeRawBufferPointer) {
    let assembler = feed.assembler
    while assembler.start < assembler.whole, options.longLine != .pass {
      let end = assembler.firstEnd(memory)
      if end - assembler.start - options.delimiter.count > options.longestLine {
        assembler.cutFirst(memory)
        while let line = assembler.apart.first {
          line.withUnsafeBytes { wait(feed, $0, lines: 1) }
          assembler.consumeApart()
        }
      } else {
        let range = assembler.start..<end
        wait(feed, UnsafeRawBufferPointer(rebasing: memory[range]), lines: 1)
        assembler.consume(upTo: end)
      }
    }
  }

  /// Has lines wait, or gives some up.
  private mutating func wait(_ feed: Feed, _ bytes: UnsafeRawBufferPointer, lines: Int) {
    let policy = options.onFull == .spill && spillFailed ? .dropNewest : options.onFull
    let before = feed.backlog.held
    if policy == .dropNewest,
      before + bytes.count > sourceLimit || waitingBytes + bytes.count > options.memory
    {
      return drop(feed, bytes.count, lines)
    }
    feed.backlog.append(
      bytes, lines: lines, arrived: options.time == .arrival ? feed.arrivedAt : 0)
    waitingBytes += feed.backlog.held - before
    guard policy == .dropOldest || policy == .spill else { return }
    if feed.backlog.held > before { holders.grew(feed) }
    while feed.backlog.held > sourceLimit, makeRoom(feed, policy) {}
    // Whoever has most gives up first; a whisper keeps its lines.
    while waitingBytes > options.memory, let largest = holders.largest,
      makeRoom(largest, policy)
    {}
  }

  /// Has lines of a source wait elsewhere, or gives the oldest up.
  ///
  /// - Returns: Whether there is more room than before.
  private mutating func makeRoom(_ feed: Feed, _ policy: FaninOptions.OnFull) -> Bool {
    let before = waitingBytes
    switch policy {
    case .spill where spillFailed: return false
    case .spill: spill(feed)
    default: dropOldest(feed)
    }
    return waitingBytes < before
  }

  private mutating func drop(_ feed: Feed, _ bytes: Int, _ lines: Int) {
    feed.counts.droppedLines += Int64(lines)
    feed.counts.droppedBytes += Int64(bytes)
  }

  private mutating func dropOldest(_ feed: Feed) {
    guard let entry = feed.backlog.entries.first else { return }
    drop(feed, entry.count, entry.lines)
    removeFirstWaiting(feed)
  }

  mutating func removeFirstWaiting(_ feed: Feed) {
    let before = feed.backlog.held
    feed.backlog.removeFirst()
    waitingBytes += feed.backlog.held - before
  }

  private mutating func spill(_ feed: Feed) {
    let before = feed.backlog.held
    do throws(IOFailure) {
      if spill == nil { spill = try SpillStore() }
      guard let spill else { return }
      feed.counts.spilledBytes += Int64(try feed.backlog.spill(into: spill))
    } catch {
      spillFailed = true
      settings.onNotice(.io(error))
      settings.onNotice(.message("lines that find no room are dropped from here on"))
    }
    waitingBytes += feed.backlog.held - before
  }

  /// Brings lines back from the file.
  mutating func unspill(_ feed: Feed, _ entry: Backlog.Entry) {
    guard case .spilled(let extent) = entry, let spill else { return }
    let before = feed.backlog.held
    do throws(Errno) {
      feed.backlog.replaceFirst(try spill.read(extent))
    } catch {
      settings.onNotice(.io(IOFailure(.read, System.temporaryDirectory, error)))
      spill.release(extent)
      drop(feed, extent.count, extent.lines)
      feed.backlog.removeFirst()
    }
    waitingBytes += feed.backlog.held - before
  }
}

/// Which source has most lines waiting, known without a look at all of them.
struct Holders {
  private struct Entry: Comparable {
    let held: Int
    let feed: Feed

    /// One whose source has had another since counts no more.
    var isValid: Bool { held == feed.heldAtLast }

    static func < (one: Entry, other: Entry) -> Bool { one.held < other.held }
    static func == (one: Entry, other: Entry) -> Bool { one.held == other.held }
  }

  private var heap = Heap<Entry>()
  private var most = 256

  /// Takes note of a source that holds more than before.
  mutating func grew(_ feed: Feed) {
    feed.heldAtLast = feed.backlog.held
    heap.insert(Entry(held: feed.heldAtLast, feed: feed))
    guard heap.count > most else { return }
    heap = Heap(heap.unordered.filter { $0.isValid && !$0.feed.backlog.isEmpty })
    most = max(256, 2 * heap.count)
  }

  /// The source that holds most; nil when none holds anything.
  var largest: Feed? {
    mutating get {
      while let first = heap.max {
        let held = first.feed.backlog.held
        if first.isValid, held == first.held { return first.feed }
        _ = heap.removeMax()
        guard first.isValid, held > 0 else { continue }
        first.feed.heldAtLast = held
        heap.insert(Entry(held: held, feed: first.feed))
      }
      return nil
    }
  }
}
