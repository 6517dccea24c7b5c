#if DEBUG
  import Glibc
  import SystemPackage
  import XIOSystem
  import XIOTestSupport

  /// A small tree with one of everything that copies are made of, and what there is below a directory.
  struct CopyStage {
    let directory: TestDirectory
    let source: FilePath
    /// What is in the way, by name, where that is wanted.
    static let old = ["big": Array("old and big".utf8), "small": Array("old".utf8)]

    /// One file or link, with all that a copy keeps.
    struct Item: Equatable {
      var mode: UInt32 = 0, links = 0, modified: Int64 = 0
      var bytes: [UInt8] = []
      var attributes: [String: [UInt8]] = [:]

      static func == (one: Item, other: Item) -> Bool {
        (one.mode, one.links, one.modified) == (other.mode, other.links, other.modified)
          && isSame(one.bytes, other.bytes) && one.attributes == other.attributes
      }
    }

    init() throws {
      directory = try TestDirectory(on: .ext4)
      source = try directory.makeDirectory("source")
      let big = try directory.writeRandom("source/big", count: 300_001)
      let small = try directory.writeRandom("source/small", count: 500)
      try setExtendedAttribute("user.kept", of: small, to: Array("value".utf8))
      let below = try directory.makeDirectory("source/d")
      try withNames(big, below.appending("again")) { try check(Glibc.link($0, $1)) }
      try withNames("nowhere", below.appending("symbolic")) { try check(Glibc.symlink($0, $1)) }
      try setExtendedAttribute("user.kept", of: below, to: Array("other".utf8))
      let modes: [(FilePath, mode_t)] = [(big, 0o640), (small, 0o604), (below, 0o750)]
      for (path, mode) in modes {
        try check(path.withPlatformString { chmod($0, mode) })
      }
      let moment = timespec(tv_sec: 1_000_000_000, tv_nsec: 123_456_789)
      for path in [big, small, below.appending("symbolic"), below, source] {
        let result = path.withPlatformString {
          utimensat(AT_FDCWD, $0, [moment, moment], AT_SYMLINK_NOFOLLOW)
        }
        try check(result)
      }
    }

    /// What is copied: the tree, or one file of it.
    func source(_ isFile: Bool) -> FilePath { isFile ? source.appending("big") : source }

    /// What a copy of it is like.
    func items(_ isFile: Bool) throws -> [String: Item] {
      var items = try Self.items(below: source(isFile))
      if isFile { items["."]?.links = 1 }
      return items
    }

    /// Makes what copies are to be made over.
    func makeOld(_ target: FilePath) throws {
      try check(target.withPlatformString { mkdir($0, 0o755) })
      for (name, bytes) in Self.old {
        let file = try FileDescriptor.open(
          target.appending(name), .writeOnly, options: [.create], permissions: [.ownerReadWrite])
        try file.closeAfter { _ = try file.writeAll(bytes) }
      }
    }

    /// What there is below a directory, by name; itself is `.`.
    static func items(below root: FilePath) throws -> [String: Item] {
      var items: [String: Item] = [:]
      try add(root, ".", to: &items)
      return items
    }

    private static func add(
      _ path: FilePath, _ name: String, to items: inout [String: Item]
    ) throws {
      var status = stat()
      guard path.withPlatformString({ lstat($0, &status) }) == 0 else { return }
      var item = Item(
        mode: status.st_mode, links: Int(status.st_nlink),
        modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
        attributes: extendedAttributes(path))
      switch status.st_mode & S_IFMT {
      case S_IFREG: item.bytes = try readFile(path)
      case S_IFLNK: item.bytes = Array((System.linkTarget(path)?.string ?? "").utf8)
      default:
        for entry in try System.entries(of: path) {
          let entry = String(decoding: entry, as: UTF8.self)
          try add(path.appending(entry), name == "." ? entry : "\(name)/\(entry)", to: &items)
        }
      }
      items[name] = item
    }

    /// Removes a tree.
    static func remove(_ path: FilePath) throws {
      if !System.isSymbolicLink(path), let entries = try? System.entries(of: path) {
        for entry in entries { try remove(path.appending(String(decoding: entry, as: UTF8.self))) }
        try check(path.withPlatformString { rmdir($0) })
      } else {
        try System.remove(path)
      }
    }
  }

  private func check(_ result: CInt) throws {
    if result < 0 { throw Errno(rawValue: errno) }
  }

  private func withNames(
    _ one: FilePath, _ other: FilePath,
    _ body: (UnsafePointer<CChar>, UnsafePointer<CChar>) throws -> Void
  ) throws {
    try one.withPlatformString { one in try other.withPlatformString { try body(one, $0) } }
  }
#endif
