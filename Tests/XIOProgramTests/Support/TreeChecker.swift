import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Compares two trees in everything that a copy can keep.
struct TreeChecker {
  /// What is not compared, where a file system cannot hold it.
  struct Tolerance: OptionSet {
    let rawValue: Int
    /// Extended attributes.
    static let attributes = Tolerance(rawValue: 1)
  }

  private let tolerance: Tolerance
  private(set) var differences: [String] = []
  private var links: [UInt64: UInt64] = [:]

  /// Compares, and returns what differs.
  static func compare(
    _ first: FilePath, _ second: FilePath, tolerance: Tolerance = []
  ) throws -> [String] {
    var checker = TreeChecker(tolerance: tolerance)
    try checker.compare(first, second)
    return checker.differences
  }

  private init(tolerance: Tolerance) {
    self.tolerance = tolerance
  }

  private mutating func compare(_ first: FilePath, _ second: FilePath) throws {
    var one = stat()
    var other = stat()
    try #require(first.withPlatformString { lstat($0, &one) } == 0)
    guard second.withPlatformString({ lstat($0, &other) }) == 0 else {
      differences.append("\(second): missing")
      return
    }
    expect("mode", one.st_mode, other.st_mode, second)
    expect("owner", one.st_uid, other.st_uid, second)
    expect("group", one.st_gid, other.st_gid, second)
    expect("seconds", one.st_mtim.tv_sec, other.st_mtim.tv_sec, second)
    expect("nanoseconds", one.st_mtim.tv_nsec, other.st_mtim.tv_nsec, second)
    if !tolerance.contains(.attributes) {
      expect("attributes", extendedAttributes(first), extendedAttributes(second), second)
    }
    guard one.st_mode == other.st_mode else { return }
    switch one.st_mode & S_IFMT {
    case S_IFDIR: try compareDirectories(first, second)
    case S_IFLNK: expect("contents", linkTarget(first), linkTarget(second), second)
    case S_IFREG:
      expect("names", one.st_nlink, other.st_nlink, second)
      expect(
        "name of", links[UInt64(one.st_ino)] ?? UInt64(other.st_ino), UInt64(other.st_ino), second)
      links[UInt64(one.st_ino)] = UInt64(other.st_ino)
      expect("size", one.st_size, other.st_size, second)
      let isHolier = Int64(other.st_blocks) > Int64(one.st_blocks) + 256
      if isHolier {
        differences.append("\(second): \(other.st_blocks) not \(one.st_blocks) blocks")
      }
      try compareContents(first, second, Int64(one.st_size))
    default: expect("device", one.st_rdev, other.st_rdev, second)
    }
  }

  private mutating func compareDirectories(_ first: FilePath, _ second: FilePath) throws {
    let names = try entries(first)
    expect("entries", names, try entries(second), second)
    for name in names {
      try compare(
        FilePath(rawBytes: first.rawBytes + [47] + name),
        FilePath(rawBytes: second.rawBytes + [47] + name))
    }
  }

  private mutating func compareContents(_ first: FilePath, _ second: FilePath, _ size: Int64) throws
  {
    // Large files are holes almost all over.
    guard size < 1 << 26 else { return }
    if try firstDifference(first, second) != nil { differences.append("\(second): other bytes") }
  }

  private mutating func expect<Value: Equatable>(
    _ what: String, _ one: Value, _ other: Value, _ path: FilePath
  ) {
    if one != other { differences.append("\(path): \(what) \(other), not \(one)") }
  }

  private func entries(_ directory: FilePath) throws -> [[UInt8]] {
    let stream = try #require(directory.withPlatformString { opendir($0) })
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while let entry = Glibc.readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        UnsafeRawBufferPointer(start: field, count: strlen(field)).map { $0 }
      }
      if name != [46] && name != [46, 46] { names.append(name) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }
}
