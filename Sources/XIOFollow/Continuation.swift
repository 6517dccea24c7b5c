internal import SystemPackage
internal import XIOSystem

/// How the output of one run continues that of the run before, which may have been killed within a write.
///
/// The checkpoint says where in the output the last write began and how many bytes it had; the size of the
/// output says how many of them arrived. What arrived in part is cut off, as it is going to be
/// written again, but only what can be told to be this program's own.
struct Continuation {
  private enum State {
    /// There was no run before.
    case first
    /// Another output, or one that cannot be told from another.
    case elsewhere
    /// The output ends with the last whole write of the former run.
    case seamless
    /// The last write has to be compared with what its file says, in an output of this size; one without a
    /// file was a header.
    case undecided(OutputSpan, size: Int64, isHeader: Bool)
  }

  private var state = State.first
  /// Files of the former run that are read on, and where.
  var files: [(generation: Generation, position: FilePosition)] = []

  /// Begins with nothing.
  init() {}

  /// Finds out how much of what was about to be written was accepted.
  ///
  /// - Parameters:
  ///   - text: What the former run has left; what turns out to be accepted is changed in it.
  ///   - output: The output of this run, if it is a regular file.
  init(of text: inout CheckpointText, on output: RegularOutput?) {
    state = .elsewhere
    guard let output, let place = output.place, text.output?.matches(output.identity) == true else {
      return
    }
    var last = text.span ?? OutputSpan(start: 0, count: 0, content: .verbatim)
    text.update { position in
      if let span = position.span, span.isAfter(last) { last = span }
    }
    guard place >= last.start, last.content != .shared else { return }
    // A write was begun when the one before had been accepted.
    text.update { position in
      if let span = position.span, span != last, span.content != .shared {
        position.accepted = position.sent
      }
    }
    if last.count == 0 {
      state = place == last.start ? .seamless : .elsewhere
    } else if place == last.start {
      state = .seamless
    } else if place == last.end {
      text.update { position in
        if position.span == last { position.accepted = position.sent }
      }
      state = .seamless
    } else if last.content == .verbatim {
      state = .undecided(last, size: place, isHeader: text.span == last)
    } else if place <= last.end, last.content != .unrepeatable, output.cut(at: last.start) {
      state = .seamless
    }
  }

  /// Whether there was a run before.
  var hasFormer: Bool {
    if case .first = state { false } else { true }
  }

  /// Whether the output is that of the run before, and ends where that has stopped.
  var isSeamless: Bool {
    if case .seamless = state { true } else { false }
  }

  /// Takes note of a file that is read on.
  mutating func add(_ generation: Generation, _ position: FilePosition, _ delimiter: UInt8?) {
    files.append((generation, position))
    if case .elsewhere = state { Self.beginLine(generation, position, delimiter) }
  }

  /// Settles what could not be told by sizes alone, once the files are open.
  mutating func settle(on output: RegularOutput?, _ delimiter: UInt8?) {
    guard let output, case .undecided(let span, let size, let isHeader) = state else { return }
    state = .elsewhere
    let last = files.firstIndex { $0.position.span == span && $0.position.isPending }
    var isOwn = isHeader
    if let last {
      let (generation, position) = files[last]
      isOwn = generation.filled(span, as: position, in: size)
      if isOwn, size >= span.end {
        generation.begin(at: position.sent)
        files[last].position.accepted = position.sent
      }
    }
    // What stands behind the whole of it is somebody else's. Of a file that is gone nothing is cut off.
    if isOwn, size == span.end || size < span.end && output.cut(at: span.start) {
      state = .seamless
    } else {
      for (generation, position) in files { Self.beginLine(generation, position, delimiter) }
    }
  }

  /// The file whose bytes come before an offset of the output; nil where that is not known.
  func file(endingAt end: Int64) -> Generation? {
    guard isSeamless else { return nil }
    return files.first { _, position in
      guard let span = position.span else { return false }
      // Without a header it went on where the same file had stopped.
      return position.isPending
        ? span.start == end && span.count == position.sent - position.accepted : span.end == end
    }?.generation
  }

  /// Has the output of a file begin with a whole line, where nothing is known of what stands before it.
  private static func beginLine(
    _ generation: Generation, _ position: FilePosition, _ delimiter: UInt8?
  ) {
    let start = delimiter.flatMap { generation.lineStart($0) } ?? generation.offset
    let sent = max(position.sent, generation.offset)
    generation.source.counts.repeatedBytes += sent - start
    if start < generation.offset { generation.begin(at: start) }
  }
}

extension Generation {
  /// So much is compared, or searched for the beginning of a line, at once.
  private static let blockSize: Int64 = 64 << 10

  /// Whether an output has what a write of this file had to fill it with, as far as it goes.
  ///
  /// - Parameters:
  ///   - span: Where it went.
  ///   - position: What of this file it had, behind a header or the end of a line.
  ///   - size: The size of the output.
  /// - Returns: Whether it has; false where that cannot be read.
  fileprivate func filled(
    _ span: OutputSpan, as position: FilePosition, in size: Int64
  ) -> Bool {
    guard let descriptor, let output = RegularOutput.openForReading() else { return false }
    defer { try? System.close(output) }
    var place = span.end - (position.sent - position.accepted)
    var offset = position.accepted
    guard place >= span.start else { return false }
    let end = min(size, span.end)
    while place < end {
      let count = Int(min(Self.blockSize, end - place))
      guard let written = output.bytes(at: place, count),
        written == descriptor.bytes(at: offset, count)
      else { return false }
      place += Int64(count)
      offset += Int64(count)
    }
    return true
  }

  /// Where the line begins that ``offset`` is in; nil when it cannot be read.
  fileprivate func lineStart(_ delimiter: UInt8) -> Int64? {
    guard let descriptor, kind == .regular else { return nil }
    var end = offset
    while end > 0 {
      let count = min(Self.blockSize, end)
      guard let bytes = descriptor.bytes(at: end - count, Int(count)) else { return nil }
      if let last = bytes.lastIndex(of: delimiter) { return end - count + Int64(last) + 1 }
      end -= count
    }
    return 0
  }
}
