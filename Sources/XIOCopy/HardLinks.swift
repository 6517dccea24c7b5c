internal import SystemPackage
internal import XIOSystem

/// Files with several names, of which the first that is met is copied and the others are linked to it.
final class HardLinks: @unchecked Sendable {
  /// A place in the target.
  struct Place {
    var directory: TreeDirectory?
    var name: ContiguousArray<CChar>
  }

  /// A name that waits for the copy of another.
  struct Waiter {
    var directory: TreeDirectory
    var sourceName: ContiguousArray<CChar>, targetName: ContiguousArray<CChar>
  }

  /// What to do with a name.
  enum Answer {
    /// It is the first: it is to be copied, and the outcome told.
    case first
    /// It is another name of this.
    case link(Place)
    /// The first one is being copied, and this one will be made a task again.
    case later
  }

  /// A place in eight bytes: there may be millions of them.
  private struct Address {
    var directory: UInt32, name: UInt32
  }

  private let monitor = Monitor()
  private var copying: [EntryStatus.Identity: [Waiter]] = [:]
  /// By device, then by inode.
  private var copied: [UInt64: [UInt64: Address]] = [:]
  private var names = NameStore()
  private var directories: [TreeDirectory?] = []
  private var directoryNumbers: [ObjectIdentifier?: UInt32] = [:]

  /// Asks what to do with a name of a file that has several.
  ///
  /// - Parameters:
  ///   - identity: The file.
  ///   - waiter: What to do again later, when the file is being copied; made only then.
  /// - Returns: What to do.
  func ask(_ identity: EntryStatus.Identity, _ waiter: () -> Waiter?) -> Answer {
    monitor.locked {
      if let address = copied[identity.device]?[identity.inode] {
        return .link(
          Place(
            directory: directories[Int(address.directory)], name: names.name(at: address.name)))
      }
      guard let waiters = copying[identity] else {
        copying[identity] = []
        return .first
      }
      // An operand is alone: whoever copies is the one that asks, through another name.
      guard let waiter = waiter() else { return .first }
      copying[identity] = waiters + [waiter]
      return .later
    }
  }

  /// Tells where the first name has been copied to, or nil when it has not.
  ///
  /// - Returns: Who has been waiting.
  func tell(_ identity: EntryStatus.Identity, _ place: Place?) -> [Waiter] {
    monitor.locked {
      copied[identity.device, default: [:]][identity.inode] = place.map {
        Address(directory: number(of: $0.directory), name: names.add($0.name))
      }
      return copying.removeValue(forKey: identity) ?? []
    }
  }

  private func number(of directory: TreeDirectory?) -> UInt32 {
    let key = directory.map { ObjectIdentifier($0) }
    if let number = directoryNumbers[key] { return number }
    let number = UInt32(directories.count)
    directories.append(directory)
    directoryNumbers[key] = number
    return number
  }
}

/// Names one after the other, in blocks that are never moved: an array of each would take more than the
/// name, and one that grows is in memory twice meanwhile.
struct NameStore {
  private static let blockSize = 1 << 20
  /// Names begin at multiples of this, so that 32 bits reach 32 GiB.
  private static let alignment = 8

  private var blocks: [ContiguousArray<CChar>] = []

  /// Takes a name, shorter than a block, with a NUL at its end.
  ///
  /// - Returns: Where it is.
  mutating func add(_ name: ContiguousArray<CChar>) -> UInt32 {
    if blocks.last.map({ $0.count + name.count > Self.blockSize }) ?? true {
      var block = ContiguousArray<CChar>()
      block.reserveCapacity(Self.blockSize + Self.alignment)
      blocks.append(block)
    }
    let last = blocks.count - 1
    let place = (last * Self.blockSize + blocks[last].count) / Self.alignment
    blocks[last].append(contentsOf: name)
    while blocks[last].count % Self.alignment != 0 { blocks[last].append(0) }
    return UInt32(place)
  }

  /// The name that ``add(_:)`` has put there.
  func name(at place: UInt32) -> ContiguousArray<CChar> {
    let start = Int(place) * Self.alignment
    let block = blocks[start / Self.blockSize]
    return ContiguousArray(block[(start % Self.blockSize)...].prefix { $0 != 0 }) + [0]
  }
}
