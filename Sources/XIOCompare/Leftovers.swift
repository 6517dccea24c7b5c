internal import Glibc
public import SystemPackage
internal import XIOSystem

/// What a comparison has left behind that was killed, and so could remove nothing.
public enum Leftover: Sendable {
  /// It was one of this machine that runs no more, and has been removed.
  case removed(FilePath)
  /// It may be in use somewhere else, or could not be removed.
  case kept(FilePath)
}

/// Finds private directories of comparisons that were killed, and removes them.
enum Leftovers {
  private static let prefix = Array(".xio-compare-".utf8)
  private static let length = 16

  /// What tells this kernel, since it was started, from all others: locks are between its processes alone.
  private static let kernel: String? = {
    guard let file = try? System.open("/proc/sys/kernel/random/boot_id", .readOnly) else {
      return nil
    }
    defer { try? System.close(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = bytes.withUnsafeMutableBytes { try? System.read(file, into: $0, at: nil) } ?? 0
    let digits = bytes[..<count].filter { $0 != UInt8(ascii: "-") && $0 > 32 }
    return digits.count == 32 ? String(decoding: digits.prefix(length), as: UTF8.self) : nil
  }()

  /// The name of a private directory: the kernel, the process, the time, and a number where that is not enough.
  static func name(_ attempt: Int) -> String {
    String(decoding: prefix, as: UTF8.self)
      + "\(kernel ?? "unknown")-\(System.processNumber)-\(Clock.monotonic)-\(attempt)"
  }

  /// Looks for directories whose comparisons have not removed them.
  ///
  /// - Parameters:
  ///   - parent: Where.
  ///   - tell: Told of each that nobody of this machine has locked.
  static func clear(in parent: FilePath, _ tell: (Leftover) -> Void) {
    guard let directory = try? System.open(parent, [.readOnly, .directory]) else { return }
    defer { try? System.close(directory) }
    let names = (try? Tree.names(in: directory)) ?? []
    for name in names {
      guard let origin = origin(of: name) else { continue }
      let path = parent.appending(bytes: name)
      let found = path.withPlatformString {
        try? System.entryStatus($0, in: .working, follows: false)
      }
      guard found?.kind == .directory, found?.user == geteuid() else { continue }
      guard origin == kernel else {
        tell(.kept(path))
        continue
      }
      do throws(Errno) {
        let lock = try DirectoryLock(path)
        defer { lock.release() }
        do throws(IOFailure) {
          try Tree.remove(path)
          tell(.removed(path))
        } catch {
          tell(.kept(path))
        }
      } catch {
        // Somebody works in it, or has just removed it.
        guard error != .wouldBlock, error != .noSuchFileOrDirectory else { continue }
        tell(.kept(path))
      }
    }
  }

  /// The kernel that a name tells of; nil for names that are not made here.
  private static func origin(of name: [UInt8]) -> String? {
    guard name.starts(with: prefix) else { return nil }
    let parts = name[prefix.count...].split(
      separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0].count == length,
      parts[1...].allSatisfy({ !$0.isEmpty && $0.allSatisfy { 48...57 ~= $0 } })
    else { return nil }
    return String(decoding: parts[0], as: UTF8.self)
  }
}

/// An open directory that nobody else can lock meanwhile; children do not inherit it.
struct DirectoryLock {
  private let descriptor: FileDescriptor

  /// Locks a directory.
  ///
  /// - Throws: EWOULDBLOCK when somebody else has, ENOENT when it is not there any more.
  init(_ path: FilePath) throws(Errno) {
    descriptor = try System.open(path, [.readOnly, .directory, .noFollow])
    do throws(Errno) {
      try System.lock(descriptor)
      let own = try System.entryStatus(descriptor).identity
      let named = try path.withPlatformString { name in
        Result { () throws(Errno) in
          try System.entryStatus(name, in: .working, follows: false).identity
        }
      }.get()
      // Whoever had the lock before may have removed it.
      guard own == named else { throw .noSuchFileOrDirectory }
    } catch {
      try? System.close(descriptor)
      throw error
    }
  }

  /// Gives it up.
  func release() { try? System.close(descriptor) }
}
