internal import SystemPackage
internal import XIOSystem

/// Counts what there is to copy, while it is being copied.
struct Survey {
  /// A tree that is deeper than this is not counted to its end, as every level keeps a directory open.
  private static let depthLimit = 128

  private let options: CopyOptions
  private(set) var files = 0
  private(set) var bytes: Int64 = 0
  private var seen: Set<EntryStatus.Identity> = []
  private var device: UInt64?

  private let isOver: () -> Bool

  /// Takes what is copied and what is not, and whether nobody wants to know any more.
  init(_ options: CopyOptions, isOver: @escaping () -> Bool) {
    self.options = options
    self.isOver = isOver
  }

  /// Counts an operand with all that is in it.
  ///
  /// - Returns: Whether all of it was seen.
  mutating func add(_ operand: PathName) -> Bool {
    device = nil
    return operand.text.withName {
      add($0, in: .working, follows: options.dereference != .never, depth: 0)
    }
  }

  private mutating func add(
    _ name: NamePointer, in directory: Directory, follows: Bool, depth: Int
  ) -> Bool {
    guard !isOver(), Termination.requested == nil else { return false }
    // What cannot be seen is not copied either, and told of there.
    guard let status = try? System.entryStatus(name, in: directory, follows: follows) else {
      return true
    }
    switch status.kind {
    case .regular:
      if options.kept.contains(.links), status.links > 1, !seen.insert(status.identity).inserted {
        return true
      }
      files += 1
      bytes += min(status.size, max(status.allocated, 4096))
      return true
    case .directory where options.isRecursive:
      let root = device ?? status.identity.device
      device = root
      if options.staysOnFileSystem, status.identity.device != root { return true }
      return depth < Self.depthLimit && list(name, in: directory, depth: depth)
    default: return true
    }
  }

  private mutating func list(_ name: NamePointer, in directory: Directory, depth: Int) -> Bool {
    guard
      let opened = try? System.open(name, in: directory, [.readOnly, .directory, .nonBlocking])
    else { return true }
    defer { try? System.close(opened) }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 15, alignment: 16)
    defer { memory.deallocate() }
    var isWhole = true
    while isWhole, let count = try? System.readEntries(opened, into: memory), count > 0 {
      for entry in RawEntries(UnsafeRawBufferPointer(rebasing: memory[..<count])) {
        isWhole =
          isWhole
          && add(
            entry.name, in: Directory(opened), follows: options.dereference == .always,
            depth: depth + 1)
      }
    }
    return isWhole
  }
}
