internal import SystemPackage
internal import XIOSystem

/// Going on where an earlier run has stopped.
extension Watcher {
  /// Finds the files of an earlier run, and those that came after them.
  ///
  /// - Parameters:
  ///   - source: A source whose file was just opened.
  ///   - positions: Where reading had got to, oldest file first.
  ///   - checkpoint: Where they were kept.
  public func resume(
    _ source: Source, at positions: [FilePosition], _ checkpoint: Checkpoint
  ) {
    guard options.byName, !source.isStandardInput else {
      if let current = source.current, let position = positions.last(where: { $0.matches(current) })
      {
        resume(current, at: position, checkpoint)
      }
      return
    }
    let siblings = siblings(of: source)
    for position in positions {
      if position.hasEnded, position.sent == position.accepted {
        ended.add(
          position.identity,
          EndedFiles.Entry(
            source: source.index, handle: position.handle, birthTime: position.birthTime,
            offset: position.accepted, marker: position.marker))
        continue
      }
      if let current = source.current, position.matches(current) {
        resume(current, at: position, checkpoint)
      } else if let found = find(position, among: siblings, source) {
        resume(found, at: position, checkpoint)
      } else if !position.hasEnded {
        miss(source)
      }
    }
    // What was made after the last file that is known came while nobody was there.
    source.firstBirthTime = positions.compactMap(\.birthTime).max() ?? source.firstBirthTime
    recoverMissed(source)
  }

  private func resume(
    _ generation: Generation, at position: FilePosition, _ checkpoint: Checkpoint
  ) {
    if generation.resume(at: position) { checkpoint.found(generation, at: position) }
  }

  private func find(
    _ position: FilePosition, among siblings: [Sibling], _ source: Source
  ) -> Generation? {
    guard let directory = source.directory else { return nil }
    for sibling in siblings where sibling.identity.inode == position.identity.inode {
      guard
        let generation = try? openPassage(
          source, sibling.name, directory, before: source.current)
      else { continue }
      if position.matches(generation) { return generation }
      // Another file has got the number of the inode: it is new, and still to be found.
      end(generation)
      ended.remove(generation.identity)
    }
    return nil
  }
}

extension FilePosition {
  /// Whether it is about a file: by its handle, else by the time it was made, else by what it holds.
  func matches(_ generation: Generation) -> Bool {
    // The number of a device can be another one after a restart of the machine.
    guard identity.inode == generation.identity.inode else { return false }
    let other = generation.handle
    if !handle.isEmpty, !other.isEmpty { return handle == other }
    if let birthTime, let born = generation.birthTime { return birthTime == born }
    return identity == generation.identity && generation.holds(marker, before: markerOffset)
  }
}

extension Generation {
  /// The handle of the file; empty where the file system has none.
  var handle: [UInt8] {
    guard let descriptor else { return [] }
    return (try? System.fileHandle(descriptor)) ?? []
  }

  /// Goes on where reading had got to, or at the beginning of a file that was cut or written anew.
  ///
  /// - Returns: Whether it is as it was then.
  fileprivate func resume(at position: FilePosition) -> Bool {
    isDirty = true
    guard holds(position.marker, before: position.markerOffset), seenSize >= position.accepted
    else {
      peakSize = max(seenSize, position.accepted)
      offset = position.accepted
      restart(wasCut: seenSize < position.accepted)
      return false
    }
    begin(at: position.accepted)
    return true
  }

  /// Whether the bytes before an offset are these.
  func holds(_ marker: [UInt8], before end: Int64) -> Bool {
    let (oldOffset, oldMarker) = (offset, self.marker)
    defer { (offset, self.marker) = (oldOffset, oldMarker) }
    (offset, self.marker) = (end, marker)
    return seenSize >= end && recognition() != .other
  }
}
