import CXIOTestSupport
public import SystemPackage

/// How many observations are made at most.
public let mostObservations = 20

/// Makes an observation of the page cache while nobody else empties it.
///
/// The cache belongs to the whole machine: what was evicted for want of memory or of use, or by whoever
/// drops all caches, is no work of the program. Such an observation says nothing and is made again,
/// from its beginning.
///
/// Of a page that was evicted and has been read again the kernel only knows that it was one of the
/// machine's. So what is not as expected counts when there was no such page at all.
///
/// - Parameters:
///   - isAsExpected: whether what was seen is what is to be seen.
///   - observe: makes the files, observes them, and returns what it saw and the files.
/// - Returns: what was seen when nothing was evicted.
/// - Throws: `SupportFailure` after twenty observations that were disturbed, saying how.
public func undisturbed<Observation>(
  expecting isAsExpected: (Observation) -> Bool = { _ in true },
  _ observe: () throws -> (Observation, [FilePath])
) throws -> Observation {
  var disturbances: [String] = []
  for _ in 1...mostObservations {
    let before = try CacheLosses()
    let (observation, files) = try observe()
    let evicted = try files.reduce(0) { try $0 + Int(countPages(of: $1).evicted) }
    let after = try CacheLosses()
    let isUntouched = evicted == 0 && before.drops == after.drops
    if isUntouched, before.refaults == after.refaults || isAsExpected(observation) {
      return observation
    }
    disturbances.append("\(evicted) pages evicted, \(before) became \(after)")
  }
  throw SupportFailure(
    "the page cache was disturbed each time: \(disturbances.joined(separator: "; "))")
}

/// What the whole page cache has lost so far.
private struct CacheLosses: CustomStringConvertible {
  /// How often somebody has written to /proc/sys/vm/drop_caches.
  let drops: Int
  /// Pages that were read again after they had been evicted.
  let refaults: Int

  var description: String { "\(drops) drops and \(refaults) refaults" }

  init() throws {
    // Each processor counts for itself at first; root can have it all added up.
    _ = try? readFile("/proc/sys/vm/stat_refresh")
    let text = String(decoding: try readFile("/proc/vmstat"), as: UTF8.self)
    let fields = text.split(separator: "\n").map { $0.split(separator: " ") }
    func count(_ name: String) throws -> Int {
      guard let field = fields.first(where: { $0.first == name[...] })?.last, let count = Int(field)
      else { throw SupportFailure("/proc/vmstat has no number of \(name)") }
      return count
    }
    drops = try count("drop_pagecache")
    refaults = try count("workingset_refault_file")
  }
}
