internal import SystemPackage
internal import XIOSystem

/// Finding files that had a followed name while nobody was looking.
extension Watcher {
  /// Opens files beside a followed one that were made after the first one, and are not known.
  func recoverMissed(_ source: Source) {
    guard let first = source.firstBirthTime else { return }
    let current = source.current
    let found = siblings(of: source).filter { sibling in
      guard let birth = sibling.birthTime, birth >= first else { return false }
      return known[sibling.identity] == nil
        && ended.entry(sibling.identity, birthTime: birth) == nil
        && (current?.birthTime.map { birth <= $0 } ?? true)
    }
    for sibling in found.sorted(by: { $0.age < $1.age }) {
      let next = source.generations.first { generation in
        (generation.birthTime ?? .max, generation.seenModified) > (
          sibling.birthTime ?? 0, sibling.modified
        )
      }
      guard let directory = source.directory else { return }
      let opened = try? openPassage(
        source, sibling.name, directory, before: next ?? source.current)
      if opened == nil { miss(source) }
    }
    sortUnread(source)
  }

  /// Puts former files of which nothing was read yet in the order in which they were made: where events
  /// are missing, those that there were may have led to other files than they meant.
  private func sortUnread(_ source: Source) {
    let former = source.current == nil ? source.generations[...] : source.generations.dropLast()
    guard let start = former.firstIndex(where: \.isUnread) else { return }
    let unread = former[start...]
    guard unread.allSatisfy({ $0.isUnread && $0.birthTime != nil }) else { return }
    let sorted = unread.enumerated().sorted {
      ($0.element.birthTime ?? 0, $0.offset) < ($1.element.birthTime ?? 0, $1.offset)
    }
    source.generations.replaceSubrange(unread.indices, with: sorted.map(\.element))
    for generation in source.generations { generation.turn = nil }
  }

  struct Sibling {
    var name: EntryName
    var identity: FileIdentity
    var birthTime: Int64?
    var modified: Int64, changed: Int64

    /// What sorts files by the order in which they had the name; times alone are often equal.
    var age: (Int64, Int64, Int64, UInt64) {
      (birthTime ?? 0, modified, changed, identity.inode)
    }
  }

  /// Regular files in the directory of a source whose names begin with its name.
  func siblings(of source: Source) -> [Sibling] {
    guard let directory = source.directory, let place = directory.descriptor,
      let names = try? System.entries(of: directory.path)
    else { return [] }
    return names.compactMap { bytes in
      guard bytes.count > source.nameBytes.count, bytes.starts(with: source.nameBytes),
        !Self.compressed.contains(where: { bytes.reversed().starts(with: $0.utf8.reversed()) })
      else { return nil }
      let name = EntryName(bytes)
      guard let status = try? System.status(of: name, in: place), status.kind == .regular,
        let file = try? System.open(name, in: place, [.readOnly, .nonBlocking])
      else { return nil }
      defer { try? System.close(file) }
      return Sibling(
        name: name, identity: FileIdentity(status), birthTime: try? System.birthTime(file),
        modified: status.modified, changed: status.changed)
    }
  }

  /// What archives end in, whose bytes are no lines.
  private static let compressed = [".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z"]
}
