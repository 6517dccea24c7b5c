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

/// What cachestat(2) counts of a whole file.
func countPages(of file: FilePath) throws -> xio_test_cachestat {
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
