internal import Glibc
internal import SystemPackage
internal import XIOFollow
internal import XIOSystem

/// A pattern of names: `*`, `?` and `[…]` within a name, `**` for any directories.
struct GlobPattern {
  /// The patterns of the names on the way, and whether the way begins at the root.
  private let parts: [[UInt8]]
  private let isAbsolute: Bool

  init(_ pattern: [UInt8]) {
    isAbsolute = pattern.first == UInt8(ascii: "/")
    parts = pattern.split(separator: UInt8(ascii: "/")).map(Array.init)
  }

  /// What is found: files, and the directories that were looked into.
  struct Found {
    var files: [[UInt8]] = []
    var directories: [[UInt8]] = []
  }

  /// Looks for files.
  func find() -> Found {
    var found = Found()
    walk(isAbsolute ? [UInt8(ascii: "/")] : [], parts[...], &found, depth: 0)
    return found
  }

  private static let deepest = 64

  private func walk(
    _ place: [UInt8], _ rest: ArraySlice<[UInt8]>, _ found: inout Found, depth: Int
  ) {
    guard let part = rest.first, depth < Self.deepest else { return }
    let following = rest.dropFirst()
    let isDeep = part == Array("**".utf8)
    // A name without signs is known without a look, but what comes under it is not.
    found.directories.append(place.isEmpty ? [UInt8(ascii: ".")] : place)
    if isDeep { walk(place, following, &found, depth: depth + 1) }
    guard
      let names = try? System.entries(
        of: SourceSpecification.path(place.isEmpty ? [UInt8(ascii: ".")] : place))
    else { return }
    for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard name != [UInt8(ascii: ".")], name != Array("..".utf8) else { continue }
      guard isDeep ? name.first != UInt8(ascii: ".") : Self.matches(name, part) else { continue }
      let path =
        place + (place.isEmpty || place == [UInt8(ascii: "/")] ? [] : [UInt8(ascii: "/")]) + name
      guard let status = try? System.status(SourceSpecification.path(path)) else { continue }
      if status.kind == .directory {
        // A link can lead back to where it is.
        if isDeep, !System.isSymbolicLink(SourceSpecification.path(path)) {
          walk(path, rest, &found, depth: depth + 1)
        } else if !isDeep, !following.isEmpty {
          walk(path, following, &found, depth: depth + 1)
        }
      } else if !isDeep, following.isEmpty {
        found.files.append(path)
      }
    }
  }

  /// Whether a name matches the pattern of one.
  static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
    let flags = FNM_PERIOD
    return (name + [0]).withUnsafeBufferPointer { name in
      (pattern + [0]).withUnsafeBufferPointer { pattern in
        name.withMemoryRebound(to: CChar.self) { name in
          pattern.withMemoryRebound(to: CChar.self) { pattern in
            guard let name = name.baseAddress, let pattern = pattern.baseAddress else {
              return false
            }
            return fnmatch(pattern, name, flags) == 0
          }
        }
      }
    }
  }
}

/// Names that patterns do not stand for.
struct Excludes {
  private let patterns: [[UInt8]]

  init(_ patterns: [String]) {
    self.patterns = patterns.map { Array($0.utf8) }
  }

  /// Whether a path is one of them: a pattern without slashes is about its last name.
  func contains(_ path: [UInt8]) -> Bool {
    let name = path.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? path
    return patterns.contains {
      GlobPattern.matches(name, $0)
        || $0.contains(UInt8(ascii: "/")) && GlobPattern.matches(path, $0)
    }
  }
}

/// Finds files that patterns name, when they come.
final class GlobWatcher {
  private static let mask: WatchMask = [
    .create, .movedTo, .attributes, .deleteSelf, .moveSelf, .onlyDirectory,
  ]

  let inotify: FileDescriptor?
  private let patterns: [GlobPattern]
  private let excludes: Excludes
  /// Names that were found and have not been forgotten, and those that the last look has found.
  private var known: Set<[UInt8]> = [], found: Set<[UInt8]> = []
  private var watched: Set<[UInt8]> = []
  /// Whether there may be something new.
  private(set) var needsLook = true

  init(_ patterns: [[UInt8]], excludes: [String], blocking: Bool) {
    self.patterns = patterns.map(GlobPattern.init)
    self.excludes = Excludes(excludes)
    inotify = patterns.isEmpty ? nil : try? System.makeInotify(blocking: blocking)
  }

  /// Whether there is something to find.
  var hasPatterns: Bool { !patterns.isEmpty }

  /// Takes events in; whatever it was, there may be new names.
  func take(_ bytes: UnsafeRawBufferPointer) {
    for event in WatchEvents(in: bytes) where event.mask.contains(.ignored) { watched = [] }
    needsLook = true
  }

  /// Has the next look be one.
  func mustLook() { needsLook = !patterns.isEmpty }

  /// Names that match and were not there at the last look.
  func newMatches() -> [FilePath] {
    guard needsLook else { return [] }
    needsLook = false
    found.removeAll(keepingCapacity: true)
    var new: [FilePath] = []
    for pattern in patterns {
      var found = pattern.find()
      // A directory that is made is watched, and then looked into once more.
      while watch(found.directories) { found = pattern.find() }
      for name in found.files where !excludes.contains(name) {
        self.found.insert(name)
        if known.insert(name).inserted { new.append(SourceSpecification.path(name)) }
      }
    }
    return new
  }

  /// Whether there is a file now that matches one of the patterns.
  func hasMatches(_ pattern: [UInt8]) -> Bool {
    GlobPattern(pattern).find().files.contains { !excludes.contains($0) }
  }

  /// Whether a name was found at some time, and not at the last look.
  func hasLost(_ name: [UInt8]) -> Bool { !found.contains(name) && known.contains(name) }

  /// Has a name count as new when it is found again.
  func forget(_ name: [UInt8]) { known.remove(name) }

  private func watch(_ directories: [[UInt8]]) -> Bool {
    guard let inotify else { return false }
    var hasNew = false
    for directory in directories where !watched.contains(directory) {
      watched.insert(directory)
      let path = SourceSpecification.path(directory)
      if (try? System.watch(inotify, path, Self.mask)) != nil { hasNew = true }
    }
    return hasNew
  }
}
