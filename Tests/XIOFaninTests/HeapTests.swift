import Testing

@testable import XIOFanin

/// What is known of many sources without a look at all of them, compared with such looks.
@Suite struct HeapTests {
  private func feed(_ number: Int) -> Feed {
    let feed = Feed(
      number: number, title: FeedTitle(spec: [48]), label: RenderedLabel(pieces: [[]]),
      rule: LineRule(FaninOptions()), clock: LineClock(format: nil))
    feed.assembler.begin(at: 0)
    return feed
  }

  /// Gives a source a line, or takes it away.
  private func setLines(_ feed: Feed, _ hasLines: Bool) {
    let line: [UInt8] = [10]
    feed.assembler.begin(at: 0)
    if hasLines { line.withUnsafeBytes { feed.assembler.take(1, $0) } }
  }

  @Test(arguments: [nil, 50]) func theWatermarkIsTheLeastOfAllTimes(_ idleAfter: Int64?) {
    var generator = SystemRandomNumberGenerator()
    var watermark = Watermark(idleAfter: idleAfter)
    let feeds = (0..<30).map { feed($0) }
    for now in Int64(1)...2000 {
      let feed = feeds.randomElement(using: &generator) ?? feeds[0]
      if Bool.random(using: &generator) {
        setLines(feed, true)
        feed.lastKey = max(feed.lastKey, Int64.random(in: now - 40...now, using: &generator))
        feed.lastLine = now
        watermark.expect(feed)
      } else {
        setLines(feed, false)
      }
      let active = feeds.filter { feed in
        feed.hasLines && idleAfter.map { now - feed.lastLine < $0 } ?? true
      }
      #expect(watermark.time(now) == active.map(\.lastKey).min() ?? .max)
      let next = idleAfter.flatMap { limit in active.map(\.lastLine).min().map { $0 + limit } }
      #expect(watermark.nextIdle(now) == next)
    }
  }

  @Test func theLargestHolderIsKnown() {
    var generator = SystemRandomNumberGenerator()
    var holders = Holders()
    let feeds = (0..<20).map { feed($0) }
    let line = [UInt8](repeating: 10, count: 3000)
    for _ in 0..<3000 {
      let feed = feeds.randomElement(using: &generator) ?? feeds[0]
      if Int.random(in: 0..<3, using: &generator) > 0 {
        let before = feed.backlog.held
        line.withUnsafeBytes { feed.backlog.append($0, lines: 3000, arrived: 0) }
        if feed.backlog.held > before { holders.grew(feed) }
      } else if !feed.backlog.isEmpty {
        feed.backlog.removeFirst()
      }
      let most = feeds.map(\.backlog.held).max() ?? 0
      #expect(holders.largest?.backlog.held ?? 0 == most)
    }
  }

  /// Lines that were put into a file come back with the times of their arrival.
  @Test func chunksComeBackAsTheyWere() throws {
    var backlog = Backlog()
    let store = try SpillStore()
    for number in 0..<100 {
      let line = Array("\(number)\n".utf8)
      line.withUnsafeBytes { backlog.append($0, lines: 1, arrived: Int64(number) * 1_000_000) }
    }
    _ = try backlog.spill(into: store)
    #expect(backlog.held == 0 && backlog.entries.count == 1)
    guard case .spilled(let extent)? = backlog.entries.first else { return }
    #expect(extent.lines == 100 && extent.count == 290)
    let chunk = try store.read(extent)
    for number in 0..<100 {
      let line = Array("\(number)\n".utf8)
      #expect(chunk.arrived == Int64(number) * 1_000_000 && Array(chunk.oldest) == line)
      chunk.consume(line.count, lines: 1)
    }
    #expect(chunk.count == 0 && chunk.lines == 0)
  }
}
