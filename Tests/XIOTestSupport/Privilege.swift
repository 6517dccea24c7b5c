import CXIOTestSupport
import Glibc
import SystemPackage
public import Testing

/// Leaves the test out where an ordinary user runs it; as root, it does nothing.
///
/// - Parameters:
///   - what: what only root can do, such as "mount ext4".
///   - sourceLocation: where it is left out.
/// - Throws: what ends the test, or `SupportFailure` where none may be left out (`CI` is set).
public func requireRoot(
  to what: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  guard geteuid() != 0 else { return }
  guard environmentValue("CI") == nil else {
    throw SupportFailure("only root can \(what), and with CI nothing is left out")
  }
  // Of a test with arguments nothing is printed when a case of it is left out.
  print("left out: only root can \(what)")
  try Test.cancel("only root can \(what)", sourceLocation: sourceLocation)
}

/// A directory of an ordinary user on a file system of a kind; nil where there is none.
///
/// The runner of the tests has mounted those in memory, in namespaces of the user's own.
func unprivilegedDirectory(on kind: FileSystemKind) -> FilePath? {
  if kind == .tmpfs || kind == .overlayfs {
    guard environmentValue("XIO_TEST_USER") != nil else { return nil }
    return suiteDirectory().appending(kind.rawValue)
  }
  let type = suiteDirectory().withPlatformString { xio_test_file_system_type($0) }
  return type == kind.magicNumber ? suiteDirectory() : nil
}

extension FileSystemKind {
  /// What statfs(2) calls it.
  fileprivate var magicNumber: Int {
    switch self {
    case .ext4: 0xEF53
    case .xfs: 0x5846_5342
    case .btrfs: 0x9123_683E
    case .tmpfs: 0x0102_1994
    case .overlayfs: 0x794C_7630
    }
  }
}
