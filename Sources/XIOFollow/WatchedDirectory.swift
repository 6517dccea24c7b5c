internal import SystemPackage
internal import XIOSystem

/// What a watch of inotify is on; one file can be several things.
struct WatchTarget {
  var directories: [WatchedDirectory] = []
  /// Whether it is a directory above a watched one.
  var isAncestor = false
}

/// What a change is announced of: a file itself, or whatever is in a directory.
struct ChangeTarget {
  var generation: Generation?
  var directory: WatchedDirectory?
}

/// A directory in which followed names are, or links that lead to them.
final class WatchedDirectory {
  let path: FilePath
  /// The directory, as a place to look names up in; nil while there is none.
  var descriptor: FileDescriptor?
  var identity: FileIdentity?
  var watch: Int32?
  /// Whether changes of files are announced by the directory, because there are too many files.
  var announcesContent = false
  private var byName: [[UInt8]: [Source]] = [:]
  /// Names of symbolic links here that others pass through.
  private var links: Set<[UInt8]> = []
  /// Sources that pass through a link here.
  private(set) var visitors: [Source] = []
  private(set) var count = 0

  init(_ path: FilePath) {
    self.path = path
  }

  func add(_ source: Source) {
    byName[source.nameBytes, default: []].append(source)
    count += 1
  }

  func remove(_ source: Source) {
    visitors.removeAll { $0 === source }
    guard byName[source.nameBytes]?.contains(where: { $0 === source }) == true else { return }
    byName[source.nameBytes]?.removeAll { $0 === source }
    if byName[source.nameBytes]?.isEmpty == true { byName[source.nameBytes] = nil }
    count -= 1
  }

  func addLink(_ name: [UInt8], for source: Source) {
    links.insert(name)
    if !visitors.contains(where: { $0 === source }) { visitors.append(source) }
  }

  /// The sources of a name.
  func sources(named name: [UInt8]) -> [Source] { byName[name] ?? [] }
  /// Whether a name here is a link that sources pass through.
  func leadsOn(_ name: [UInt8]) -> Bool { links.contains(name) }
  var sources: [Source] { byName.values.flatMap { $0 } }
}

extension Watcher {
  /// So many files of one directory have a watch each; with more of them the directory has one.
  private static let mostWatchesInDirectory = 64
  private static let names: WatchMask = [
    .create, .delete, .movedFrom, .movedTo, .attributes, .deleteSelf, .moveSelf, .onlyDirectory,
    .add,
  ]

  /// Watches the directory of a name, and those of the symbolic links on the way.
  func attach(_ source: Source) {
    let directory = directory(Self.parent(of: source.path))
    directory.add(source)
    source.directory = directory
    if directory.count == Self.mostWatchesInDirectory + 1 { announceContent(directory) }
    watchLinks(of: source)
  }

  /// Undoes ``attach(_:)``. Watches of directories further up stay.
  func detach(_ source: Source) {
    for directory in source.linkDirectories + [source.directory].compactMap({ $0 }) {
      directory.remove(source)
      guard directory.count == 0, directory.visitors.isEmpty else { continue }
      leave(directory)
      directories[directory.path] = nil
    }
    source.directory = nil
    source.linkDirectories = []
  }

  private static func parent(of path: FilePath) -> FilePath {
    let parent = path.removingLastComponent()
    return parent.isEmpty ? "." : parent
  }

  private func directory(_ path: FilePath) -> WatchedDirectory {
    if let directory = directories[path] { return directory }
    let directory = WatchedDirectory(path)
    directories[path] = directory
    enter(directory)
    return directory
  }

  /// Watches what a path leads to now; where there is nothing, the nearest directory above it.
  private func enter(_ directory: WatchedDirectory) {
    // What is made between the look and the watch would not be announced: so it is looked again.
    for _ in 0..<4 {
      do throws(Errno) {
        let descriptor = try System.openDirectory(directory.path)
        directory.descriptor = descriptor
        directory.identity = FileIdentity(try System.nameStatus(descriptor))
      } catch {
        leave(directory)
      }
      watch(directory)
      watchAncestors(of: directory)
      let status = try? System.status(of: EntryName(directory.path.bytes), in: nil)
      let found = status.flatMap { $0.kind == .directory ? FileIdentity($0) : nil }
      if found == directory.identity { return }
      leave(directory)
    }
  }

  private func leave(_ directory: WatchedDirectory) {
    if let descriptor = directory.descriptor { try? System.close(descriptor) }
    if let inotify, let watch = directory.watch {
      watches[watch]?.directories.removeAll { $0 === directory }
      let isUsed = watches[watch].map { !$0.directories.isEmpty || $0.isAncestor } ?? false
      if !isUsed {
        watches[watch] = nil
        try? System.unwatch(inotify, watch)
      }
    }
    directory.descriptor = nil
    directory.identity = nil
    directory.watch = nil
  }

  private func watch(_ directory: WatchedDirectory) {
    guard let descriptor = directory.descriptor else { return }
    directory.watch = addWatch(inotify) { inotify throws(Errno) in
      try System.watch(inotify, descriptor, Self.names)
    }
    if let watch = directory.watch {
      var target = watches[watch] ?? WatchTarget()
      if !target.directories.contains(where: { $0 === directory }) {
        target.directories.append(directory)
      }
      watches[watch] = target
    }
    if directory.announcesContent { announceContent(directory) }
  }

  /// Adds a watch, or says which limit stands against it.
  func addWatch(
    _ inotify: FileDescriptor?, _ body: (FileDescriptor) throws(Errno) -> Int32
  ) -> Int32? {
    guard let inotify else { return nil }
    do throws(Errno) {
      return try body(inotify)
    } catch {
      if error == .noSpace, !hasToldOfWatches {
        hasToldOfWatches = true
        onLimit(
          "there are no more inotify watches: some files are looked at from time to time",
          "raise fs.inotify.max_user_watches")
      }
      return nil
    }
  }

  private func announceContent(_ directory: WatchedDirectory) {
    directory.announcesContent = true
    guard let descriptor = directory.descriptor else { return }
    let watch = addWatch(changes) { changes throws(Errno) in
      try System.watch(changes, descriptor, [.modify, .closeWrite, .onlyDirectory])
    }
    if let watch { changeWatches[watch] = ChangeTarget(directory: directory) }
  }

  /// Renaming a directory further up is seen only by watching that itself.
  private func watchAncestors(of directory: WatchedDirectory) {
    var path = directory.path
    var isMissing = directory.descriptor == nil
    while !path.isEmpty, path != "/", path != "." {
      let parent = Self.parent(of: path)
      let mask: WatchMask =
        isMissing
        ? [.create, .movedTo, .attributes, .moveSelf, .deleteSelf, .onlyDirectory, .add]
        : [.moveSelf, .deleteSelf, .onlyDirectory, .add]
      let found = addWatch(inotify) { inotify throws(Errno) in
        try System.watch(inotify, parent, mask)
      }
      if let found {
        watches[found, default: WatchTarget()].isAncestor = true
        // Only the nearest one that is there has to tell of what comes.
        isMissing = false
      }
      path = parent
    }
  }

  /// Watches the directories of symbolic links on the way to a file, and that of the file.
  func watchLinks(of source: Source) {
    var path = source.path
    for _ in 0..<40 {
      guard let link = firstLink(of: path) else { break }
      let holder = directory(Self.parent(of: link.prefix))
      holder.addLink(Array(link.prefix.lastComponent?.string.utf8 ?? "".utf8), for: source)
      if !source.linkDirectories.contains(where: { $0 === holder }) {
        source.linkDirectories.append(holder)
      }
      path =
        link.target.isAbsolute
        ? link.target.pushing(link.rest)
        : Self.parent(of: link.prefix).pushing(link.target).pushing(link.rest)
    }
  }

  /// The first part of a path that is a symbolic link, where it leads, and what follows.
  private func firstLink(of path: FilePath) -> (prefix: FilePath, target: FilePath, rest: FilePath)?
  {
    var prefix = FilePath(root: path.root, [])
    var components = path.components[...]
    while let component = components.first {
      components = components.dropFirst()
      prefix.append(component)
      if let target = System.linkTarget(prefix) {
        return (prefix, target, FilePath(root: nil, components))
      }
    }
    return nil
  }

  /// Finds out which directories are others than before, and looks at all names in those.
  func checkDirectories() {
    directoriesNeedCheck = false
    for directory in Array(directories.values) {
      let status = try? System.status(of: EntryName(directory.path.bytes), in: nil)
      let found = status.flatMap { $0.kind == .directory ? FileIdentity($0) : nil }
      let needsWatch = directory.watch == nil && directory.descriptor != nil && inotify != nil
      guard found != directory.identity || needsWatch && !hasToldOfWatches else { continue }
      leave(directory)
      enter(directory)
      for source in directory.sources + directory.visitors {
        check(source)
        if hasBegun, options.byName { recoverMissed(source) }
      }
    }
  }
}
