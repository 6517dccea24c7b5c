internal import CXIO
internal import DequeModule
internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// Lines go out as they come, each source in its turn.
extension FaninJob {
  /// Where a source stands after lines of it went out.
  enum Turn {
    /// There is no room for more; its turn is over; it has no more lines.
    case full, over, drained
  }

  /// Puts a source into the queue of those that have lines.
  mutating func enqueue(_ feed: Feed) {
    guard !feed.isQueued else { return }
    feed.isQueued = true
    if options.order == .merge { return merging.arrived.append(feed) }
    if options.order == .window { window.watermark.expect(feed) }
    ready.append(feed)
  }

  /// Puts lines of all sources into blocks, as far as there is room.
  mutating func pour(_ pool: BufferPool) {
    guard linesLeft > 0 else { return }
    switch options.order {
    case .merge: return pourMerged(pool)
    case .window: return pourWindow(pool)
    case .arrival: break
    }
    while let feed = passing ?? ready.first {
      guard feed.isQueued else { return }
      if feed !== ready.first { bringForward(feed) }
      feed.credit += Self.quantum
      switch putOut(feed, pool) {
      case .full: return
      case .over:
        ready.removeFirst()
        ready.append(feed)
      case .drained:
        ready.removeFirst()
        feed.isQueued = false
        feed.credit = 0
        drained.append(feed)
      }
    }
  }

  private mutating func bringForward(_ feed: Feed) {
    ready.removeAll { $0 === feed }
    ready.prepend(feed)
  }

  /// Puts lines of one source into blocks.
  private mutating func putOut(_ feed: Feed, _ pool: BufferPool) -> Turn {
    while linesLeft > 0 {
      if feed.credit <= 0 { return .over }
      guard blocks.drainOverflow() else { return .full }
      if let entry = feed.backlog.entries.first {
        guard case .memory(let chunk) = entry else {
          unspill(feed, entry)
          continue
        }
        let done = copy(chunk.oldest, feed, longest: .max, arrived: chunk.arrived)
        chunk.consume(done.consumed, lines: done.lines)
        if chunk.count == 0 { removeFirstWaiting(feed) }
        if done.isFull { return .full }
      } else if let line = feed.assembler.apart.first {
        guard append(line, feed, arrived: feed.arrivedAt) else { return .full }
        feed.assembler.consumeApart()
      } else if feed.assembler.isPassing {
        guard let turn = passOn(feed, pool) else { continue }
        return turn
      } else if feed.assembler.whole > feed.assembler.start {
        let memory = self.memory(feed, pool)
        let range = feed.assembler.start..<feed.assembler.whole
        let done = copy(
          UnsafeRawBufferPointer(rebasing: memory[range]), feed,
          longest: options.longLine == .pass ? .max : options.longestLine, arrived: feed.arrivedAt)
        feed.assembler.consume(upTo: range.lowerBound + done.consumed)
        markFile(feed, memory)
        if done.isTooLong { feed.assembler.cutFirst(memory) }
        if done.isFull { return .full }
      } else {
        return .drained
      }
    }
    return .full
  }

  /// The buffer that the lines of a source lie in.
  func memory(_ feed: Feed, _ pool: BufferPool) -> UnsafeRawBufferPointer {
    if files.pouring === feed {
      return UnsafeRawBufferPointer(pool.bytes(layout.fileSlot, 0..<BufferLayout.fileSize))
    }
    return UnsafeRawBufferPointer(buffer(of: feed, pool))
  }

  /// The buffer of a stream; empty while it has none.
  func buffer(of feed: Feed, _ pool: BufferPool) -> UnsafeMutableRawBufferPointer {
    guard feed.buffer >= 0 else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
    return pool.bytes(feed.buffer, 0..<layout.bufferSize)
  }

  struct Copied {
    var consumed = 0, lines = 0
    var isFull = false, isTooLong = false
  }

  /// Copies whole lines into blocks.
  private mutating func copy(
    _ bytes: UnsafeRawBufferPointer, _ feed: Feed, longest: Int, arrived: Nanoseconds
  ) -> Copied {
    guard formatter.format == .text, let label = feed.label.plain else {
      return copyRendered(bytes, feed, longest: longest, arrived: arrived)
    }
    var done = Copied()
    while done.consumed < bytes.count, linesLeft > 0, feed.credit > 0 {
      guard let room = blocks.room(for: 1) else {
        done.isFull = true
        break
      }
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done.consumed...])
      let copied = label.withUnsafeBufferPointer { label in
        options.delimiter.withUnsafeBufferPointer { delimiter in
          var how = xio_labelling(
            delimiter: delimiter.baseAddress, delimiter_size: delimiter.count,
            label: label.baseAddress, label_size: label.count, longest: longest, most: linesLeft)
          return xio_label_lines(&how, rest.baseAddress, rest.count, room.baseAddress, room.count)
        }
      }
      blocks.added(copied.produced)
      count(feed, copied.consumed, Int(copied.lines))
      feed.credit -= copied.produced
      done.consumed += copied.consumed
      done.lines += Int(copied.lines)
      if copied.stop == XIO_LINES_TOO_LONG {
        done.isTooLong = true
        break
      }
      guard copied.stop == XIO_LINES_NO_ROOM else { continue }
      // The next line needs a new block, or more than one.
      let line = firstLine(UnsafeRawBufferPointer(rebasing: bytes[done.consumed...]))
      let needed = label.count + line.count
      if needed > OutputBlocks.size {
        guard append(Array(line), feed, arrived: arrived) else {
          done.isFull = true
          break
        }
        done.consumed += line.count
        done.lines += 1
      } else if blocks.room(for: needed) == nil {
        done.isFull = true
        break
      }
    }
    return done
  }

  /// Renders whole lines one by one.
  private mutating func copyRendered(
    _ bytes: UnsafeRawBufferPointer, _ feed: Feed, longest: Int, arrived: Nanoseconds
  ) -> Copied {
    var done = Copied()
    while done.consumed < bytes.count, linesLeft > 0, feed.credit > 0 {
      let line = firstLine(UnsafeRawBufferPointer(rebasing: bytes[done.consumed...]))
      if line.count - options.delimiter.count > longest {
        done.isTooLong = true
        break
      }
      let before = feed.credit
      guard append(line, feed, time(of: line, feed, arrived)) else {
        done.isFull = true
        break
      }
      feed.credit = before - line.count
      done.consumed += line.count
      done.lines += 1
    }
    return done
  }

  func firstLine(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let end = xio_first_line_end(
      bytes.baseAddress, bytes.count, options.delimiter, options.delimiter.count)
    return UnsafeRawBufferPointer(rebasing: bytes[..<(end == 0 ? bytes.count : end)])
  }

  /// The time of a line, where one is shown or needed.
  mutating func time(
    of line: UnsafeRawBufferPointer, _ feed: Feed, _ arrived: Nanoseconds
  ) -> LineFacts {
    guard factory.needsTimes else { return LineFacts() }
    if options.time == .arrival { return LineFacts(time: arrived) }
    return LineFacts(time: feed.clock.time(of: line))
  }

  private mutating func append(_ line: [UInt8], _ feed: Feed, arrived: Nanoseconds) -> Bool {
    line.withUnsafeBytes { bytes in append(bytes, feed, time(of: bytes, feed, arrived)) }
  }

  /// Renders one line.
  ///
  /// - Returns: Whether there was room.
  mutating func append(
    _ line: UnsafeRawBufferPointer, _ feed: Feed, _ facts: LineFacts
  ) -> Bool {
    guard !blocks.isFull else { return false }
    var copy = formatter
    var rendered: [UInt8] = []
    rendered.reserveCapacity(line.count + 64)
    copy.render(line, feed, facts, into: &rendered)
    guard blocks.append(rendered) else { return false }
    formatter = copy
    count(feed, line.count, 1)
    return true
  }

  mutating func count(_ feed: Feed, _ bytes: Int, _ lines: Int) {
    feed.counts.bytes += Int64(bytes)
    feed.counts.lines += Int64(lines)
    linesLeft -= UInt64(lines)
  }
}

/// A line that is longer than the longest, and goes out as its bytes come.
extension FaninJob {
  /// Whether a source has a line that shall go out alone.
  mutating func beginsPassing(_ feed: Feed, _ memory: UnsafeRawBufferPointer) -> Bool {
    guard feed.assembler.isPassing else { return false }
    _ = feed.assembler.measurePassing(memory)
    return true
  }

  /// Puts out what there is of a line that passes; nil when it has ended.
  fileprivate mutating func passOn(_ feed: Feed, _ pool: BufferPool) -> Turn? {
    let memory = memory(feed, pool)
    if passing !== feed {
      guard passing == nil else { return .full }
      var head: [UInt8] = []
      if formatter.needsHeader(feed) { head += formatter.header(feed) }
      formatter.label(feed, LineFacts(time: feed.clock.last), into: &head)
      head += feed.assembler.takePassingHead()
      guard blocks.append(head) else { return .full }
      passing = feed
    }
    if let tail = feed.assembler.takePassingTail() {
      // It is short: whatever was longer has gone out.
      guard blocks.append(tail) else { return .full }
      count(feed, tail.count, 1)
      passing = nil
      return nil
    }
    let isWhole = feed.assembler.measurePassing(memory)
    let range = feed.assembler.start..<feed.assembler.passable
    if !range.isEmpty {
      let part = range.prefix(OutputBlocks.size)
      guard blocks.append(Array(memory[part])) else { return .full }
      feed.credit -= part.count
      feed.counts.bytes += Int64(part.count)
      let isEnd = isWhole && part.upperBound == range.upperBound
      feed.assembler.pass(upTo: part.upperBound, endsLine: isEnd)
      markFile(feed, memory)
      if isEnd {
        count(feed, 0, 1)
        passing = nil
      }
      return nil
    }
    return .drained
  }

  /// Ends a line that passes and that nobody will finish.
  mutating func endPassing(_ feed: Feed, _ pool: BufferPool) {
    feed.assembler.abandonPassing(isOut: passing === feed, memory(feed, pool))
    enqueue(feed)
  }
}
