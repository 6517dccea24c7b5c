public import SystemPackage
public import XIOSystem

/// The pages of a file in the page cache, and how they were counted.
public struct PageCacheProbe: Sendable {
  /// The counts; nil when they could not be had.
  public var counts: PageCounts?
  /// The call that counted.
  public var method: String?
  /// Why there are no counts.
  public var reason: String?

  /// Counts the pages of an open file, by cachestat(2) and where that is missing by mincore(2).
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - kind: What it is.
  ///   - size: Its size in bytes.
  ///   - range: A part of it in bytes, from the beginning of a page on; nil is all of it.
  public init(
    _ descriptor: FileDescriptor, kind: FileKind, size: Int64, range: Range<Int64>? = nil
  ) {
    guard kind.isPositional else {
      reason = "a \(kind.rawValue) has no pages of its own in the page cache"
      return
    }
    do throws(Errno) {
      counts = try System.cachedPages(
        descriptor, at: range?.lowerBound ?? 0, count: Int64(range?.count ?? 0))
      method = "cachestat"
    } catch let first {
      do throws(Errno) {
        counts = try System.mappedPages(
          descriptor, at: range?.lowerBound ?? 0, size: range.map { Int64($0.count) } ?? size)
        method = "mincore"
      } catch {
        reason = "cachestat: \(first); mincore: \(error)"
      }
    }
  }
}

/// A file whose pages a report is to show.
public struct ObservedFile: Sendable {
  /// The name as it was given.
  public var path: FilePath
  /// `source` or `target`.
  public var role: TransferRole
  /// The cache mode asked for.
  public var asked: String
  /// The mode it came down to, and the alignment of O_DIRECT.
  public var mode: String, alignment: Int?
  /// Its size in bytes.
  public var size: Int64
  /// Its pages.
  public var before: PageCacheProbe, after: PageCacheProbe
  /// Whether O_DIRECT was seen to be served from the page cache, whatever has become of the pages.
  public var directWasIgnored: Bool

  /// Takes what is known.
  public init(
    path: FilePath, role: TransferRole, asked: String, mode: String, alignment: Int?, size: Int64,
    before: PageCacheProbe, after: PageCacheProbe, directWasIgnored: Bool = false
  ) {
    self.path = path
    self.role = role
    self.asked = asked
    self.mode = mode
    self.alignment = alignment
    self.size = size
    self.before = before
    self.after = after
    self.directWasIgnored = directWasIgnored
  }
}

/// What a file is to a transfer.
public enum TransferRole: String, Sendable {
  case source, target
}
