internal import FoundationEssentials
internal import SystemPackage
internal import XIOCache
internal import XIOReport
internal import XIOSystem

/// A line of JSON about a file, or about all of them. Sizes are bytes.
struct CacheRecord: Encodable {
  /// Counts of pages.
  struct Pages: Encodable {
    var residentPages: Known<UInt64>, dirtyPages: Known<UInt64>, writebackPages: Known<UInt64>
    var evictedPages: Known<UInt64>, recentlyEvictedPages: Known<UInt64>

    init(_ probe: PageCacheProbe) {
      let reason = probe.reason ?? "\(probe.method ?? "mincore") does not tell"
      func known(_ value: UInt64?) -> Known<UInt64> { value.map(Known.value) ?? .unknown(reason) }
      residentPages = known(probe.counts?.resident)
      dirtyPages = known(probe.counts?.dirty)
      writebackPages = known(probe.counts?.writeback)
      evictedPages = known(probe.counts?.evicted)
      recentlyEvictedPages = known(probe.counts?.recentlyEvicted)
    }

    init(_ sum: CacheTotals.PageSum) {
      func known(_ value: UInt64?) -> Known<UInt64> {
        value.map(Known.value) ?? .unknown("it is not known of every file")
      }
      residentPages = known(sum.resident)
      dirtyPages = known(sum.dirty)
      writebackPages = known(sum.writeback)
      evictedPages = known(sum.evicted)
      recentlyEvictedPages = known(sum.recentlyEvicted)
    }

    /// Why fields are null, by their names.
    func reasons(under name: String) -> [(String, String)] {
      [
        ("resident_pages", residentPages), ("dirty_pages", dirtyPages),
        ("writeback_pages", writebackPages), ("evicted_pages", evictedPages),
        ("recently_evicted_pages", recentlyEvictedPages),
      ].compactMap { field, value in value.reason.map { ("\(name).\(field)", $0) } }
    }
  }

  /// A part of a file.
  struct Cell: Encodable {
    var pages: Int64, residentPages: UInt64
  }

  var version = 1
  /// `show`, `warm` or `evict`, and `file` or `total`.
  var action: String, kind: String
  /// The name; missing in the line of sums.
  var file: FileName?
  /// How many files the line is about, and their size and pages.
  var files: Int, bytes: Int64, pages: Int64
  var pageBytes = System.pageSize
  /// Pages before anything was done, and now.
  var before: Pages?, now: Pages
  /// The call that counted.
  var method: String?
  /// The parts of the file from its beginning on.
  var extent: [Cell]?
  /// How many bytes were read.
  var bytesRead: Int64?
  /// Why the page cache does not hold what it should, in words.
  var shortfalls: [String]?
  /// Why fields are null.
  var unknown: [String: String]

  init(_ entry: CacheEntry, _ action: CacheOptions.Action) {
    self.action = action.rawValue
    kind = "file"
    file = FileName(entry.path)
    files = 1
    bytes = entry.now.size
    pages = entry.now.pages
    before = entry.before.map { Pages($0.probe) }
    now = Pages(entry.now.probe)
    method = entry.now.probe.method
    extent = entry.now.cells?.map { Cell(pages: $0.pages, residentPages: $0.resident) }
    bytesRead = entry.bytesRead
    shortfalls = entry.shortfalls.map(Diagnostics.text)
    unknown = Self.reasons(before, now)
  }

  init(_ totals: CacheTotals, _ action: CacheOptions.Action) {
    self.action = action.rawValue
    kind = "total"
    files = totals.files
    bytes = totals.size
    pages = totals.pages
    before = action == .show ? nil : Pages(totals.before)
    now = Pages(totals.now)
    bytesRead = action == .warm ? totals.bytesRead : nil
    unknown = Self.reasons(before, now)
  }

  private static func reasons(_ before: Pages?, _ now: Pages) -> [String: String] {
    Dictionary(
      (before?.reasons(under: "before") ?? []) + now.reasons(under: "now"),
      uniquingKeysWith: { first, _ in first })
  }

  /// One line, with a newline.
  var line: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // Every field is a number, a string or null, so that nothing can go wrong.
    let bytes = (try? encoder.encode(self)).map(Array.init) ?? []
    return String(decoding: bytes, as: UTF8.self) + "\n"
  }
}
