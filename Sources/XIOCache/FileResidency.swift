public import SystemPackage
public import XIOReport
public import XIOSystem

/// What the page cache holds of a file, in all and along its extent.
public struct FileResidency: Sendable {
  /// A part of the file.
  public struct Cell: Sendable, Equatable {
    /// How many pages it has.
    public var pages: Int64
    /// How many of them are in the page cache.
    public var resident: UInt64
    /// Whether some are changed, and whether some are on their way to the device.
    public var isDirty: Bool, isInWriteback: Bool
  }

  /// How many parts a file is looked at in, at most.
  public static let mostCells: Int64 = 64

  /// The size of the file in bytes, and in pages, the last of which may be filled in part.
  public var size: Int64, pages: Int64
  /// The counts of the whole file.
  public var probe: PageCacheProbe
  /// The file in equal parts, from its beginning on; nil when pages cannot be counted.
  public var cells: [Cell]?

  /// Counts.
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - kind: What it is.
  ///   - size: Its size in bytes.
  ///   - hasCells: Whether its parts are wanted, too.
  public init(_ descriptor: FileDescriptor, kind: FileKind, size: Int64, hasCells: Bool) {
    self.size = size
    pages = size / System.pageSize + (size % System.pageSize > 0 ? 1 : 0)
    probe = PageCacheProbe(descriptor, kind: kind, size: size)
    guard hasCells, let counts = probe.counts else { return }
    cells = Self.cells(descriptor, kind, size, pages, counts)
  }

  private static func cells(
    _ descriptor: FileDescriptor, _ kind: FileKind, _ size: Int64, _ pages: Int64,
    _ counts: PageCounts
  ) -> [Cell]? {
    let number = min(pages, mostCells)
    var cells: [Cell] = []
    for index in 0..<number {
      // Files have fewer than 2^52 pages.
      let range = pages * index / number..<pages * (index + 1) / number
      guard counts.resident > 0 else {
        cells.append(
          Cell(pages: Int64(range.count), resident: 0, isDirty: false, isInWriteback: false))
        continue
      }
      let upper = range.upperBound == pages ? size : range.upperBound * System.pageSize
      let part = PageCacheProbe(
        descriptor, kind: kind, size: size, range: range.lowerBound * System.pageSize..<upper)
      guard let counted = part.counts else { return nil }
      cells.append(
        Cell(
          pages: Int64(range.count), resident: min(counted.resident, UInt64(range.count)),
          isDirty: (counted.dirty ?? 0) > 0, isInWriteback: (counted.writeback ?? 0) > 0))
    }
    return cells
  }
}
