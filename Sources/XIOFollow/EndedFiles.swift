/// Files that were read to their end, so that none is read again when it comes back under a name.
struct EndedFiles {
  struct Entry {
    /// Whose it was.
    var source: Int
    var handle: [UInt8]
    var birthTime: Int64?
    var offset: Int64
    var marker: [UInt8]
  }

  /// So many are remembered.
  private static let limit = 4096

  private var entries: [FileIdentity: Entry] = [:]
  private var order: [FileIdentity] = []

  mutating func add(_ generation: Generation) {
    add(
      generation.identity,
      Entry(
        source: generation.source.index, handle: generation.handle,
        birthTime: generation.birthTime, offset: generation.offset, marker: generation.marker))
  }

  mutating func add(_ identity: FileIdentity, _ entry: Entry) {
    if entries[identity] == nil { order.append(identity) }
    entries[identity] = entry
    if order.count > Self.limit { entries[order.removeFirst()] = nil }
  }

  mutating func remove(_ identity: FileIdentity) {
    guard entries.removeValue(forKey: identity) != nil else { return }
    order.removeAll { $0 == identity }
  }

  /// What is known of a file; nil for one that has got the number of the inode since.
  func entry(_ identity: FileIdentity, birthTime: Int64?) -> Entry? {
    guard let entry = entries[identity] else { return nil }
    if let birthTime, let born = entry.birthTime, birthTime != born { return nil }
    return entry
  }

  /// The last ones of a source, oldest first.
  func last(_ count: Int, of source: Int) -> [(identity: FileIdentity, entry: Entry)] {
    var found: [(identity: FileIdentity, entry: Entry)] = []
    for identity in order.reversed() where found.count < count {
      if let entry = entries[identity], entry.source == source { found.append((identity, entry)) }
    }
    return found.reversed()
  }
}
