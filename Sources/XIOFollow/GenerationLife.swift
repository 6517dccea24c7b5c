public import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// How generations begin and end.
extension Watcher {
  /// How long a file without a name is kept open for writers that nothing is known of, after it last
  /// grew: where leases are not known, and then where not even a closing was seen.
  private static let holdTime: Nanoseconds = 5_000_000_000
  private static let longHoldTime: Nanoseconds = 60_000_000_000

  /// Watches a file itself, whatever its name.
  func watchContent(_ generation: Generation) {
    guard generation.watch == nil, let descriptor = generation.descriptor,
      generation.kind == .regular
    else { return }
    generation.watch = addWatch(changes) { changes throws(Errno) in
      try System.watch(changes, descriptor, [.modify, .closeWrite])
    }
    if let watch = generation.watch { changeWatches[watch] = ChangeTarget(generation: generation) }
  }

  /// Takes note that a name does not lead to a file any more.
  func supersede(_ generation: Generation) {
    guard !generation.isSuperseded, !generation.hasEnded else { return }
    // Another followed name may still lead to it, and then it is that one's.
    if let other = sources.first(where: { $0.shared === generation }) {
      return give(generation, to: other)
    }
    generation.isSuperseded = true
    // A FIFO goes on until its writers leave; whoever reads it finds that out.
    guard generation.kind.isPositional else { return }
    generation.isDirty = true
    watchContent(generation)
    superseded.append(generation)
  }

  /// Looks at a file that has lost its name.
  func lookAtSuperseded(_ generation: Generation) {
    guard !generation.hasEnded, let descriptor = generation.descriptor else { return }
    if let status = try? System.nameStatus(descriptor) { generation.look(status) }
    if !generation.isDirty, !generation.isBusy, isOver(generation) { end(generation) }
  }

  /// Whether nobody can write to a file any more, or nobody has for long.
  func isOver(_ generation: Generation) -> Bool {
    guard let descriptor = generation.descriptor else { return true }
    if generation.lag > 0 {
      // Something is held back, or has just come. Once nobody can add to it, it goes out as it is.
      generation.mustFlush = (try? System.hasWriters(descriptor)) == false
      if generation.mustFlush { generation.isDirty = true }
      return false
    }
    if let hasWriters = try? System.hasWriters(descriptor) {
      guard !hasWriters else { return false }
      // The last writer may have written before it closed: what is there now is all.
      if let status = try? System.nameStatus(descriptor), generation.look(status) { return false }
      return true
    }
    let still = Clock.monotonic - generation.lastGrowth
    return still > (generation.wasClosed ? Self.holdTime : Self.longHoldTime)
  }

  /// Takes note that a file could not be read. What a followed name leads to is tried again with the next beat;
  /// everything else is given up.
  ///
  /// - Parameter generation: The file.
  /// - Returns: Whether that is news.
  public func failToRead(_ generation: Generation) -> Bool {
    guard options.byName, generation.kind.isPositional else {
      endStream(generation)
      return true
    }
    guard !generation.isSuperseded else {
      end(generation)
      superseded.removeAll { $0.hasEnded }
      return true
    }
    defer { generation.cannotBeRead = true }
    return !generation.cannotBeRead
  }

  /// Closes a file, and remembers that it has been read.
  func end(_ generation: Generation) {
    generation.hasEnded = true
    generation.isDirty = false
    generation.former = nil
    onEnd(generation)
    known[generation.identity] = nil
    if generation.kind == .regular { ended.add(generation) }
    unwatch(generation)
    close(generation)
    generation.source.generations.removeAll { $0 === generation }
  }

  /// Closes a file, which is not the end of it.
  func close(_ generation: Generation) {
    guard let descriptor = generation.descriptor else { return }
    if descriptor != .standardInput { try? System.close(descriptor) }
    closed.append(descriptor)
    openFiles -= 1
    generation.descriptor = nil
  }

  /// Takes the numbers of descriptors that were closed, of which an engine may still know something.
  public func takeClosed() -> [FileDescriptor] {
    defer { if !closed.isEmpty { closed = [] } }
    return closed
  }

  private func unwatch(_ generation: Generation) {
    guard let changes, let watch = generation.watch else { return }
    changeWatches[watch] = nil
    generation.watch = nil
    try? System.unwatch(changes, watch)
  }

  /// Whether a file is one that has been read to its end.
  func isEnded(_ status: NameStatus, _ file: FileDescriptor) -> Bool {
    let entry = ended.entry(FileIdentity(status), birthTime: try? System.birthTime(file))
    return entry.map { $0.offset == status.size } ?? false
  }
}
