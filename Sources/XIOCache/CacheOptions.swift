public import SystemPackage
public import XIOEngines
internal import XIOReport
public import XIOSystem

/// What is to be done with the pages of files.
public struct CacheOptions: Sendable {
  /// What is done.
  public enum Action: String, Sendable, CaseIterable {
    /// Pages are counted.
    case show
    /// Files are read, so that their pages come in.
    case warm
    /// Files are written to the device, and their pages given up, for every process.
    case evict
  }

  /// What is done.
  public var action: Action
  /// Whether directories stand for all files below them.
  public var isRecursive = false
  /// How files are read that are to be warm.
  public var transfer = TransferOptions()

  /// Takes what is to be done.
  public init(_ action: Action) {
    self.action = action
  }
}

/// What has become of a file.
public struct CacheEntry: Sendable {
  /// Its name.
  public var path: FilePath
  /// What the page cache held of it before anything was done; nil where nothing was to be done.
  public var before: FileResidency?
  /// What the page cache holds of it now.
  public var now: FileResidency
  /// How many bytes were read, holes left out; nil where nothing was to be read.
  public var bytesRead: Int64?
  /// Why the page cache does not hold what it should.
  public var shortfalls: [CacheShortfall] = []
  /// Whether it is another name of a file that has been counted.
  public var isRepeated = false
}

/// Why the page cache does not hold what it should.
public enum CacheShortfall: Sendable, Equatable {
  /// So many pages are in memory because the file system has no other place for them.
  case inMemory(pages: UInt64)
  /// So many pages were changed again meanwhile.
  case dirty(pages: UInt64)
  /// So many pages are in use, by these processes as far as can be known.
  case inUse(pages: UInt64, by: [String])
  /// So many pages of so many were given up again before the last one had come.
  case givenUp(pages: UInt64, of: UInt64)
  /// It cannot be known.
  case unknown(String)
}

/// What has become of all files.
public struct CacheTotals: Sendable {
  /// How many files there are, how large they are in bytes, and how many pages they have.
  public var files = 0, size: Int64 = 0, pages: Int64 = 0
  /// Pages of all files before anything was done, and now.
  public var before = PageSum(), now = PageSum()
  /// How many bytes were read.
  public var bytesRead: Int64 = 0
  /// Whether everything went well.
  public var succeeded = true

  /// Counts of pages, of those files that can be counted.
  public struct PageSum: Sendable {
    /// The sums; nil where some file's number cannot be known.
    public var resident: UInt64? = 0, dirty: UInt64? = 0, writeback: UInt64? = 0
    public var evicted: UInt64? = 0, recentlyEvicted: UInt64? = 0

    mutating func add(_ counts: PageCounts?) {
      func sum(_ first: UInt64?, _ second: UInt64?) -> UInt64? {
        first.flatMap { first in second.map { first + $0 } }
      }
      resident = sum(resident, counts?.resident)
      dirty = sum(dirty, counts?.dirty)
      writeback = sum(writeback, counts?.writeback)
      evicted = sum(evicted, counts?.evicted)
      recentlyEvicted = sum(recentlyEvicted, counts?.recentlyEvicted)
    }
  }

  mutating func add(_ entry: CacheEntry) {
    if !entry.shortfalls.isEmpty { succeeded = false }
    guard !entry.isRepeated else { return }
    files += 1
    size += entry.now.size
    pages += entry.now.pages
    now.add(entry.now.probe.counts)
    before.add(entry.before?.probe.counts)
    bytesRead += entry.bytesRead ?? 0
  }
}

/// Why nothing was done.
public enum CacheError: Error, Sendable {
  /// A call failed, or an option cannot be met.
  case io(IOFailure)
  /// The engine cannot run.
  case engine(EngineUnavailable)
}
