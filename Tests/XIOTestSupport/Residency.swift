import CXIOTestSupport
import Glibc
public import SystemPackage

/// What the page cache holds of a file, asked without help of the program under test.
public struct Residency: Sendable, Equatable {
  /// Pages in memory.
  public var residentPages: Int

  /// Pages that have yet to be written.
  public var dirtyPages: Int

  /// Pages that are being written.
  public var writebackPages: Int

  /// Nothing at all.
  public static let none = Residency()

  private init() {
    residentPages = 0
    dirtyPages = 0
    writebackPages = 0
  }

  /// Asks the kernel.
  ///
  /// - Parameter file: the file that is asked about.
  /// - Throws: `Errno` of open(2), `SupportFailure` of cachestat(2).
  public init(of file: FilePath) throws {
    let counts = try countPages(of: file)
    residentPages = Int(counts.cached)
    dirtyPages = Int(counts.dirty)
    writebackPages = Int(counts.writeback)
  }
}

private func countPages(of file: FilePath) throws -> xio_test_cachestat {
  let descriptor = try FileDescriptor.open(file, .readOnly, options: [.closeOnExec])
  var counts = xio_test_cachestat()
  let failed = try descriptor.closeAfter {
    xio_test_cachestat(descriptor.rawValue, &counts) != 0 ? errno : 0
  }
  guard failed == 0 else {
    throw SupportFailure.system("count the cached pages of \(file)", failed)
  }
  return counts
}

/// Observes what the page cache holds of files while nobody else takes pages away.
///
/// The kernel leaves a mark for each page that it takes for want of memory, and none for one that is
/// dropped on request; it counts the requests to drop everything. An observation with such a mark or
/// request in it says nothing about the program, and is made again.
///
/// - Parameters:
///   - files: whose pages are counted; each must be there at the end.
///   - observe: brings the files to where they begin, starting with ``evict(_:)``, and returns what
///     it has seen.
/// - Returns: what was seen while there was no disturbance.
/// - Throws: `SupportFailure` after five disturbances, and what the observation throws.
public func undisturbed<Seen>(
  _ files: [FilePath], _ observe: () throws -> Seen
) throws -> Seen {
  var disturbances: [String] = []
  repeat {
    let drops = try droppedCaches()
    let seen = try observe()
    let taken = try files.reduce(0) { try $0 + countPages(of: $1).evicted }
    let requests = try droppedCaches() - drops
    if taken == 0 && requests == 0 { return seen }
    disturbances.append("\(taken) pages reclaimed, \(requests) requests to drop all")
  } while disturbances.count < 5
  throw SupportFailure("somebody takes pages of \(files) away: \(disturbances)")
}

/// How often somebody has asked for the page cache of the whole machine to be dropped.
private func droppedCaches() throws -> Int {
  let text = String(decoding: try readFile("/proc/vmstat"), as: UTF8.self)
  let line = text.split(separator: "\n").first { $0.hasPrefix("drop_pagecache ") }
  guard let count = line?.split(separator: " ").last.flatMap({ Int($0) }) else {
    throw SupportFailure("/proc/vmstat has no drop_pagecache")
  }
  return count
}

/// Asks fincore(1), which uses mincore(2), for the number of resident pages.
///
/// - Parameter file: the file that is asked about.
/// - Returns: the number of pages in memory.
/// - Throws: `SupportFailure` when fincore is missing or fails.
public func fincorePages(of file: FilePath) throws -> Int {
  let output = try runTool("fincore", "--noheadings", "--output", "PAGES", file)
  guard let pages = Int(output.filter { $0.isNumber }) else {
    throw SupportFailure("fincore printed no number for \(file): \(output)")
  }
  return pages
}

/// Writes a file out and drops its pages from the page cache.
///
/// - Parameter file: the file.
/// - Throws: `Errno` of open(2), `SupportFailure` of fdatasync(2) or posix_fadvise(2), or when
///   pages remain.
public func evict(_ file: FilePath) throws {
  let descriptor = try FileDescriptor.open(file, .readOnly, options: [.closeOnExec])
  try descriptor.closeAfter {
    guard fdatasync(descriptor.rawValue) == 0 else { throw SupportFailure.system("sync \(file)") }
    // Pages that another processor has just let go of are dropped by a later call only.
    try eventually("the page cache lets go of \(file)") {
      let code = posix_fadvise(descriptor.rawValue, 0, 0, POSIX_FADV_DONTNEED)
      guard code == 0 else { throw SupportFailure.system("evict \(file)", code) }
      return try Residency(of: file).residentPages == 0
    }
  }
}
