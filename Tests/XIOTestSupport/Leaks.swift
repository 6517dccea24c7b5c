import Glibc
import Synchronization
public import SystemPackage

/// The descriptors and threads of the test process at one moment.
///
/// Other tests run at the same time, so what is new may be theirs. Theirs goes again; what stays
/// for the whole limit is a leak.
public struct ProcessSnapshot: Sendable {
  private let descriptors: Set<Descriptor>
  private let threads: Set<Int>

  private struct Descriptor: Hashable {
    var number: Int
    var target: String
  }

  /// Takes a snapshot.
  ///
  /// - Throws: `SupportFailure` when /proc cannot be read.
  public init() throws {
    descriptors = try Self.openDescriptors()
    threads = try Self.runningThreads()
  }

  /// Waits until every descriptor opened since the snapshot has been closed.
  ///
  /// - Parameters:
  ///   - target: when set, only descriptors that lead to something with this in its name count, such as
  ///     `[io_uring]` or the path of a test directory.
  ///   - other: when set, descriptors that lead to something with this in its name do not count.
  ///   - limit: how long to wait at most.
  /// - Throws: `SupportFailure` naming what is still open.
  public func expectNoNewDescriptors(
    containing target: String? = nil, except other: String? = nil,
    within limit: Duration = .seconds(10)
  ) throws {
    let counted = { (descriptor: Descriptor) in
      (target.map(descriptor.target.contains) ?? true)
        && !(other.map(descriptor.target.contains) ?? false)
    }
    var remaining = try Self.openDescriptors().subtracting(descriptors).filter(counted)
    do {
      try eventually("descriptors are closed", within: limit) {
        remaining.formIntersection(try Self.openDescriptors())
        return remaining.isEmpty
      }
    } catch let failure as SupportFailure {
      let list = remaining.map { "\($0.number) -> \($0.target)" }.sorted()
      throw SupportFailure("\(failure); still open: \(list.joined(separator: ", "))")
    }
  }

  /// Waits until every thread started since the snapshot has ended.
  ///
  /// - Parameters:
  ///   - name: when set, only threads whose name begins with this text count; others may belong
  ///     to the pool that tests run on.
  ///   - limit: how long to wait at most.
  /// - Throws: `SupportFailure` naming what still runs.
  public func expectNoNewThreads(
    named name: String? = nil, within limit: Duration = .seconds(10)
  ) throws {
    let counted = { (thread: Int) in name.map(Self.threadName(thread).hasPrefix) ?? true }
    var remaining = try Self.runningThreads().subtracting(threads).filter(counted)
    do {
      try eventually("threads end", within: limit) {
        remaining.formIntersection(try Self.runningThreads())
        return remaining.isEmpty
      }
    } catch let failure as SupportFailure {
      let list = remaining.sorted().map { "\($0) (\(Self.threadName($0)))" }
      throw SupportFailure("\(failure); still running: \(list.joined(separator: ", "))")
    }
  }

  private static func openDescriptors() throws -> Set<Descriptor> {
    let kept = keptDescriptors.withLock { $0 }
    var result: Set<Descriptor> = []
    for name in try directoryEntries("/proc/self/fd") {
      let text = String(decoding: name, as: UTF8.self)
      // The descriptor that the listing itself used is gone by now.
      guard let number = Int(text), !kept.contains(number), fcntl(CInt(number), F_GETFD) >= 0 else {
        continue
      }
      result.insert(
        Descriptor(number: number, target: linkTarget(FilePath("/proc/self/fd/\(text)"))))
    }
    return result
  }

  private static func runningThreads() throws -> Set<Int> {
    let names = try directoryEntries("/proc/self/task")
    return Set(names.compactMap { Int(String(decoding: $0, as: UTF8.self)) })
  }

  private static func threadName(_ thread: Int) -> String {
    let bytes = (try? readFile(FilePath("/proc/self/task/\(thread)/comm"))) ?? []
    return String(decoding: bytes.dropLast(), as: UTF8.self)
  }
}

/// Descriptors that are meant to stay open as long as the test process lives.
let keptDescriptors = Mutex<Set<Int>>([])

/// Returns what a symbolic link leads to.
///
/// - Parameter link: its path.
/// - Returns: the target as text, or nothing when there is no such link.
public func linkTarget(_ link: FilePath) -> String {
  var buffer = [CChar](repeating: 0, count: 4096)
  let count = link.withPlatformString { readlink($0, &buffer, buffer.count) }
  return String(decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
}
