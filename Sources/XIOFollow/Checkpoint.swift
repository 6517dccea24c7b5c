public import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// What the output has at its end when a run begins.
public struct OutputEnd {
  /// Whether that is what the run before has written last.
  public var isSeamless: Bool
  /// Whether that is anything at all.
  public var hasContent: Bool
  /// Whether a line is not finished there.
  public var isInLine: Bool
  /// Whose bytes they are, if that is known.
  public var file: Generation?
}

/// Positions of sources, kept in a file from one run to the next.
///
/// The file is replaced as a whole: written under another name, synchronised and renamed. Between
/// two such times it is noted in place, without synchronising, what is about to be written, and where:
/// when the program is killed the next run goes on there. Of a regular output its size tells how much of
/// that was accepted, so no second note is needed; of others that is noted, too.
public final class Checkpoint {
  private static let interval: Nanoseconds = 1_000_000_000
  /// The same when there are other files than before, of which not everything is noted yet.
  private static let shortInterval: Nanoseconds = 200_000_000
  /// So many names that are not followed now are kept.
  private static let mostOthers = 4096
  /// So many files of each source that have ended are kept, which tell whether others are new.
  private static let endedFiles = 16

  /// Where the note about a file is, and of which of its states it tells.
  private struct Place {
    var offset: Int64, epoch: Int, source: Int
  }

  /// What is being written.
  private struct Write {
    var span: OutputSpan?
    var parts: [(generation: Generation, epoch: Int, end: Int64)]
  }

  /// What ends a line; nil where lines mean nothing.
  let delimiter: UInt8?
  /// Standard output, if it is a regular file.
  let output = RegularOutput()
  /// How the output of this run continues that of the one before.
  private var continuation = Continuation()

  private let path: FilePath
  private var file: FileDescriptor?
  private var size = 0
  private var outputPlace: Int64 = 0
  private var places: [FileIdentity: Place] = [:]
  /// Where the last write of each file went.
  private var spans: [FileIdentity: OutputSpan] = [:]
  private var current: Write?
  private var lastWritten: Nanoseconds = 0, lastLooked: Nanoseconds = 0
  private var lastText: [UInt8] = []
  private var hasAppended = false
  /// What is known of names that nobody follows now, and their order: they may be followed again.
  private var others: [[UInt8]: (positions: [FilePosition], lines: [UInt8])] = [:]
  private var otherNames: [[UInt8]] = []
  /// The last failure to write it, which does not end the follow.
  public private(set) var failure: Errno?

  /// Keeps positions in a file.
  ///
  /// - Parameters:
  ///   - path: Its name.
  ///   - delimiter: What ends a line; nil where lines mean nothing, or no line is ever printed in part.
  public init(_ path: FilePath, delimiter: UInt8?) {
    self.path = path
    self.delimiter = delimiter
  }

  /// Reads what an earlier run has left, and finds out how much of it standard output has accepted.
  ///
  /// - Returns: The positions of each source by its name, oldest file first; nil when there is no file.
  /// - Throws: The error number; EINVAL when the file is something else.
  public func load() throws(Errno) -> [[UInt8]: [FilePosition]]? {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Self.contents(of: path)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw error
    }
    var text = try CheckpointText(bytes)
    continuation = Continuation(of: &text, on: output)
    defer {
      // Where something went in the output of this run matters alone from now on.
      text.update { $0.span = nil }
      otherNames = text.names
      for (name, positions) in text.positions { remember(positions, of: name) }
    }
    return text.positions
  }

  /// What is known of a name that nobody has followed so far in this run.
  ///
  /// - Parameter name: The bytes of its path.
  /// - Returns: Its positions, oldest file first; nil where nothing is known.
  public func positions(of name: [UInt8]) -> [FilePosition]? { others[name]?.positions }

  /// Keeps what is known of a source that is not followed any more.
  ///
  /// - Parameters:
  ///   - source: The source, all of whose files have ended.
  ///   - watcher: Who has followed it.
  public func retain(_ source: Source, of watcher: Watcher) {
    if others[source.pathBytes] == nil { otherNames.append(source.pathBytes) }
    remember(positions(source, watcher), of: source.pathBytes)
    if otherNames.count > Self.mostOthers { others[otherNames.removeFirst()] = nil }
  }

  private func remember(_ positions: [FilePosition], of name: [UInt8]) {
    others[name] = (positions, CheckpointText.lines(name, positions))
  }

  /// Takes note of a file that is read on where an earlier run has stopped.
  func found(_ generation: Generation, at position: FilePosition) {
    continuation.add(generation, position, delimiter)
  }

  /// Finds out how the output goes on, when all files are open that were named, and cuts off what the former
  /// run has written in part.
  ///
  /// - Returns: What the output ends with.
  public func settle() -> OutputEnd {
    continuation.settle(on: output, delimiter)
    if continuation.isSeamless {
      for (generation, position) in continuation.files {
        spans[generation.identity] = position.span
      }
    }
    let isInLine =
      continuation.hasFormer && delimiter != nil
      && output?.lastByte.map { $0 != delimiter } ?? false
    defer { continuation.files = [] }
    return OutputEnd(
      isSeamless: continuation.isSeamless,
      hasContent: continuation.isSeamless && output?.end != 0, isInLine: isInLine,
      file: output.flatMap { continuation.file(endingAt: $0.end) })
  }

  // MARK: As a whole

  /// Writes the positions if something has changed, once in a while or when it has to be now.
  ///
  /// - Parameters:
  ///   - watcher: What is followed.
  ///   - mustBeNow: Whether the program is about to end.
  public func save(_ watcher: Watcher, mustBeNow: Bool) {
    let now = Clock.monotonic
    guard mustBeNow || now - lastLooked >= Self.shortInterval else { return }
    lastLooked = now
    let isDue = now - lastWritten >= Self.interval || hasAppended || hasNewFiles(watcher.sources)
    guard mustBeNow || isDue else { return }
    lastWritten = now
    replace(render(watcher), watcher)
  }

  private func hasNewFiles(_ sources: [Source]) -> Bool {
    sources.contains { source in
      source.generations.contains { $0.kind == .regular && places[$0.identity] == nil }
    }
  }

  private func render(_ watcher: Watcher) -> CheckpointText {
    let end = output.map { OutputSpan(start: $0.end, count: 0, content: .verbatim) }
    let isBare = current?.parts.isEmpty == true
    var text = CheckpointText(output?.identity, isBare ? current?.span : end)
    let followed = others.isEmpty ? [] : Set(watcher.sources.map(\.pathBytes))
    for name in otherNames where !followed.contains(name) {
      text.add(others[name]?.lines ?? [])
    }
    for source in watcher.sources { text.add(source.pathBytes, positions(source, watcher)) }
    text.finish()
    return text
  }

  private func positions(_ source: Source, _ watcher: Watcher) -> [FilePosition] {
    watcher.ended.last(Self.endedFiles, of: source.index).map(FilePosition.init)
      + source.generations.filter { $0.kind == .regular }.map(position)
  }

  /// What is to be noted of a file: how far it was delivered, and what of it is being written.
  private func position(_ generation: Generation) -> FilePosition {
    var position = FilePosition(generation)
    position.span = spans[generation.identity]
    if let part = current?.parts.last(where: { $0.generation === generation }),
      part.epoch == generation.epoch
    {
      position.sent = part.end
    }
    return position
  }

  private func replace(_ text: CheckpointText, _ watcher: Watcher) {
    guard text.bytes != lastText else { return }
    do throws(Errno) {
      try replace(text.bytes)
      places = [:]
      size = text.bytes.count
      outputPlace = Int64(text.outputPlace)
      remember(text, watcher.sources)
      lastText = text.bytes
      hasAppended = false
      failure = nil
    } catch {
      // Whoever reads the output goes on being served; the next time may be better.
      failure = error
    }
  }

  private func remember(_ text: CheckpointText, _ sources: [Source]) {
    for source in sources {
      for generation in source.generations {
        guard let offset = text.places[generation.identity] else { continue }
        places[generation.identity] = Place(
          offset: Int64(offset), epoch: generation.epoch, source: source.index)
      }
    }
  }

  private func replace(_ text: [UInt8]) throws(Errno) {
    var name = path
    let last = path.lastComponent?.string ?? "checkpoint"
    name.removeLastComponent()
    name.append(".\(last).new")
    let new = try System.open(name, [.writeOnly, .create, .truncate], permissions: 0o600)
    do throws(Errno) {
      try Self.write(text, to: new, at: 0)
      try System.synchronize(new, dataOnly: false)
      try System.rename(name, to: path)
    } catch {
      try? System.close(new)
      try? System.remove(name)
      throw error
    }
    if let file { try? System.close(file) }
    file = new
    synchronizeDirectory()
  }

  private func synchronizeDirectory() {
    let parent = path.removingLastComponent()
    guard let directory = try? System.open(parent.isEmpty ? "." : parent, .readOnly) else { return }
    try? System.synchronize(directory, dataOnly: false)
    try? System.close(directory)
  }

  private static func write(
    _ text: [UInt8], to file: FileDescriptor, at offset: Int64
  ) throws(Errno) {
    var done = 0
    while done < text.count {
      done += try text.withUnsafeBytes { bytes in
        Result { () throws(Errno) in
          try System.write(
            file, from: UnsafeRawBufferPointer(rebasing: bytes[done...]), at: offset + Int64(done))
        }
      }.get()
    }
  }

  private static func contents(of path: FilePath) throws(Errno) -> [UInt8] {
    let file = try System.open(path, .readOnly)
    defer { try? System.close(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = try block.withUnsafeMutableBytes { memory in
        Result { () throws(Errno) in
          try System.read(file, into: memory, at: Int64(bytes.count))
        }
      }.get()
      if count == 0 { return bytes }
      bytes += block[..<count]
    }
  }

  // MARK: In place

  /// Notes that bytes are about to be written.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - content: What they are.
  ///   - parts: The files that they come from, with the offset behind those bytes.
  public func willWrite(
    _ count: Int, _ content: OutputSpan.Content, of parts: [(Generation, Int64)]
  ) {
    let span = output?.span(count, content)
    current = Write(span: span, parts: parts.map { ($0.0, $0.0.epoch, $0.1) })
    if parts.isEmpty, let span { note(CheckpointText.note(span), at: outputPlace) }
    for (generation, end) in parts {
      spans[generation.identity] = span
      admit(generation)
      note(generation, sent: end)
    }
  }

  /// Notes that what was about to be written was accepted.
  public func didWrite() {
    guard let write = current else { return }
    current = nil
    if let output, let span = write.span {
      output.wrote(span)
      guard output.isShared else { return }
    }
    for part in write.parts where part.epoch == part.generation.epoch {
      note(part.generation, sent: part.end)
    }
  }

  /// Notes that nothing more will come from a file.
  ///
  /// - Parameter generation: The file.
  public func didEnd(_ generation: Generation) {
    note(generation, sent: generation.settledOffset, hasEnded: true)
  }

  private func note(_ generation: Generation, sent: Int64, hasEnded: Bool = false) {
    guard let place = places[generation.identity], place.epoch == generation.epoch else { return }
    var position = FilePosition(generation)
    position.sent = sent
    position.span = spans[generation.identity]
    position.hasEnded = hasEnded
    note(position.note, at: place.offset)
  }

  private func note(_ text: String, at offset: Int64) {
    guard let file else { return }
    do throws(Errno) {
      try Self.write(Array(text.utf8), to: file, at: offset)
    } catch {
      failure = error
    }
  }

  /// Makes sure that there is a place for notes about a file, before its first bytes are written: a file that
  /// the next run does not know would be printed once more.
  private func admit(_ generation: Generation) {
    let source = generation.source
    if let place = places[generation.identity], place.epoch == generation.epoch,
      place.source == source.index
    {
      return
    }
    let files = source.generations.filter { $0.kind == .regular }
    let known = files.prefix { places[$0.identity]?.epoch == $0.epoch }
    let new = files[known.count...]
    // Files of a source stand in their order, and each of them once.
    guard let file, !lastText.isEmpty, new.allSatisfy({ places[$0.identity] == nil }) else {
      return replace(render(source.watcher), source.watcher)
    }
    var text = CheckpointText(behind: size)
    text.add(source.pathBytes, new.map(position))
    do throws(Errno) {
      try Self.write(text.bytes, to: file, at: Int64(size))
      size += text.bytes.count
      hasAppended = true
      remember(text, [source])
    } catch {
      failure = error
    }
  }
}
