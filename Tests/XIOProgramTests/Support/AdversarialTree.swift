import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// A tree with everything in it that copies get wrong.
struct AdversarialTree {
  let root: FilePath
  private let directory: TestDirectory

  /// Makes the tree.
  ///
  /// - Parameters:
  ///   - directory: Where to make it, as `tree`.
  ///   - isLarge: Whether one of its directories has more entries than are read at once.
  /// - Throws: `Errno`, or `SupportFailure`.
  init(in directory: TestDirectory, isLarge: Bool = true) throws {
    self.directory = directory
    root = try directory.makeDirectory("tree")
    try makeNames(isLarge)
    try makeContents()
    try makeLinks()
    try makeSpecials()
    try makeAttributes()
    try makeModesAndTimes()
  }

  private func make(_ name: String) throws -> FilePath {
    try directory.makeDirectory("tree/\(name)")
  }

  private func write(_ name: some ByteString, _ text: String) throws {
    try directory.write(Array("tree/".utf8) + name.rawBytes, text.utf8)
  }

  private func makeNames(_ isLarge: Bool) throws {
    _ = try make("names")
    let names: [[UInt8]] = [
      Array("two\nlines".utf8), [0x61, 0xff, 0xfe], Array(repeating: 0x6e, count: 255),
      Array("-rf".utf8), Array(" ".utf8), Array("\\".utf8), Array("*".utf8), Array("é".utf8),
      Array("e\u{301}".utf8), Array("...".utf8), Array("a'b\"c".utf8),
    ]
    for name in names { try write(Array("names/".utf8) + name, "named") }
    _ = try make("empty")
    _ = try make("many")
    for number in 0..<(isLarge ? 3000 : 200) { try write("many/\(number)", "\(number)") }
  }

  private func makeContents() throws {
    _ = try make("contents")
    for size in [0, 1, 4095, 4096, 4097, 262_143, 262_144, 262_145, 3_000_001] {
      try directory.writeRandom("tree/contents/\(size)", count: size)
    }
    try directory.writeSparse("tree/contents/hole", count: 1 << 30)
    try holes("tree/contents/holes", [0, 1 << 20, 5 << 20], size: 8 << 20)
    try holes("tree/contents/end", [7 << 20], size: (7 << 20) + 4096)
    try holes("tree/contents/begin", [0], size: 3 << 20)
  }

  private func holes(_ name: String, _ data: [Int], size: Int) throws {
    let file = try directory.writeSparse(name, count: size)
    let descriptor = try FileDescriptor.open(file, .writeOnly, options: [.closeOnExec])
    try descriptor.closeAfter {
      for offset in data {
        _ = try descriptor.writeAll(
          toAbsoluteOffset: Int64(offset), [UInt8](repeating: 7, count: 4096))
      }
    }
  }

  private func makeLinks() throws {
    _ = try make("links")
    _ = try make("links/other")
    try write("links/one", "one")
    _ = try directory.makeHardLink("tree/links/two", to: root.appending("links/one"))
    _ = try directory.makeHardLink("tree/links/other/three", to: root.appending("links/one"))
    for (name, target) in [
      ("dangling", "nowhere"), ("absolute", "/etc/passwd"), ("loop", "loop"), ("up", ".."),
      ("long", String(repeating: "x/", count: 500)),
    ] {
      _ = try directory.makeLink("tree/links/\(name)", to: FilePath(target))
    }
  }

  private func makeSpecials() throws {
    _ = try make("special")
    for (name, kind, device) in [
      ("fifo", S_IFIFO, 0), ("socket", S_IFSOCK, 0), ("null", S_IFCHR, 0x103),
      ("block", S_IFBLK, 0x701),
    ] {
      let path = root.appending("special/\(name)")
      try #require(path.withPlatformString { mknod($0, kind | 0o640, dev_t(device)) } == 0)
    }
    let fifo = root.appending("special/fifo")
    let second = root.appending("special/fifo2")
    let linked = fifo.withPlatformString { old in second.withPlatformString { link(old, $0) } }
    try #require(linked == 0)
  }

  private func makeAttributes() throws {
    _ = try make("attributes")
    _ = try make("attributes/directory")
    for name in ["user", "trusted", "capable", "list", "setuid"] {
      try write("attributes/\(name)", name)
    }
    func set(_ name: String, _ key: String, _ value: [UInt8]) throws {
      try setExtendedAttribute(key, of: root.appending("attributes/\(name)"), to: value)
    }
    try set("user", "user.one", [1, 2, 3])
    try set("user", "user.empty", [])
    try set("user", "user.large", [UInt8](repeating: 9, count: 2000))
    try set("trusted", "trusted.one", Array("t".utf8))
    try set("directory", "user.directory", Array("d".utf8))
    // cap_net_raw, effective and permitted.
    try set(
      "capable", "security.capability",
      [1, 0, 0, 2, 0, 0x20, 0, 0] + [UInt8](repeating: 0, count: 12))
    // Version 2; the owner, the user 7, the group, the mask, others.
    func entry(_ tag: UInt8, _ bits: UInt8, _ id: UInt32 = .max) -> [UInt8] {
      [tag, 0, bits, 0] + (0..<4).map { UInt8(truncatingIfNeeded: id >> ($0 * 8)) }
    }
    let list =
      [2, 0, 0, 0] + entry(1, 6) + entry(2, 7, 7) + entry(4, 4) + entry(16, 5) + entry(32, 0)
    try set("list", "system.posix_acl_access", list)
    try set("directory", "system.posix_acl_access", list)
    try set("directory", "system.posix_acl_default", list)
    _ = try make("attributes/directory/below")
  }

  private func makeModesAndTimes() throws {
    _ = try make("modes")
    for mode in [0, 0o400, 0o4755, 0o2755, 0o6711, 0o1644, 0o7777, 0o444] {
      let file = root.appending("modes/\(mode)")
      try write("modes/\(mode)", "mode")
      try #require(file.withPlatformString { chown($0, 12, 34) } == 0)
      try setPermissions(file, mode_t(mode))
      let directory = try make("modes/d\(mode)")
      try write("modes/d\(mode)/file", "in")
      try setPermissions(directory, mode_t(mode))
    }
    var second = time_t(-1_000_000_000)
    for path in ["contents/1", "links/dangling", "special/fifo", "modes/d448", "many", "empty", ""]
    {
      second += 300_000_000
      let times = [
        timespec(tv_sec: second, tv_nsec: 1), timespec(tv_sec: second, tv_nsec: 987_654_321),
      ]
      let file = root.appending(path)
      _ = file.withPlatformString { utimensat(AT_FDCWD, $0, times, AT_SYMLINK_NOFOLLOW) }
    }
  }
}
