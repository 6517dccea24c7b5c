/// Files that were read to their end, so that none is read again when it comes back under a name.
struct EndedFiles {
  struct Entry {
    var birthTime: Int64?
    var offset: Int64
    var marker: [UInt8]
  }

  /// So many are remembered.
  private static let limit = 4096

  private var entries: [FileIdentity: Entry] = [:]
  private var order: [FileIdentity] = []

  mutating func add(_ generation: Generation) {
    if entries[generation.identity] == nil { order.append(generation.identity) }
    entries[generation.identity] = Entry(
      birthTime: generation.birthTime, offset: generation.offset, marker: generation.marker)
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
}
