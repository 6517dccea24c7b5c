import CXIOTestSupport
public import SystemPackage

/// Makes an observation of the page cache while nobody else empties it.
///
/// The cache belongs to the whole machine: what was evicted for want of memory, or by whoever drops
/// all caches, is no work of the program. Such an observation says nothing and is made again, from its
/// beginning.
///
/// - Parameter observe: makes the files, observes them, and returns what it saw and the files.
/// - Returns: what was seen when nothing was evicted.
/// - Throws: `SupportFailure` after five observations that were disturbed, saying how.
public func undisturbed<Observation>(
  _ observe: () throws -> (Observation, [FilePath])
) throws -> Observation {
  var disturbances: [String] = []
  for _ in 1...5 {
    let before = try cacheDrops()
    let (observation, files) = try observe()
    let evicted = try files.reduce(0) { try $0 + Int(countPages(of: $1).evicted) }
    let drops = try cacheDrops() - before
    if evicted == 0, drops == 0 { return observation }
    disturbances.append("\(evicted) pages evicted, all caches dropped \(drops) times")
  }
  throw SupportFailure(
    "the page cache was disturbed each time: \(disturbances.joined(separator: "; "))")
}

/// How often somebody has written to /proc/sys/vm/drop_caches.
private func cacheDrops() throws -> Int {
  let lines = String(decoding: try readFile("/proc/vmstat"), as: UTF8.self).split(separator: "\n")
  let line = lines.first { $0.hasPrefix("drop_pagecache ") }
  guard let count = line?.split(separator: " ").last.flatMap({ Int($0) }) else {
    throw SupportFailure("/proc/vmstat does not tell how often caches were dropped")
  }
  return count
}
