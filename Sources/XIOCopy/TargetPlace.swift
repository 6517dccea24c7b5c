internal import SystemPackage
internal import XIOSystem

/// A name in a directory that a target will have.
final class TargetPlace {
  let directory: Directory
  let name: ContiguousArray<CChar>
  /// Whether something has the name, and is to be replaced.
  let isTaken: Bool
  private let owned: FileDescriptor?

  private init(
    _ directory: Directory, _ name: ContiguousArray<CChar>, isTaken: Bool, owned: FileDescriptor?
  ) {
    self.directory = directory
    self.name = name
    self.isTaken = isTaken
    self.owned = owned
  }

  deinit {
    // Nothing was written through it: there is no error that could matter.
    if let owned { try? System.close(owned) }
  }

  /// Finds the place of a target: where a symbolic link leads when it would be written through.
  ///
  /// - Parameters:
  ///   - entry: The names.
  ///   - existing: What is in the way and would be written; nil for nothing.
  ///   - replaces: Whether the name is to be taken over, whatever has it.
  /// - Returns: The place.
  /// - Throws: ``CopyProblem`` for a link to nothing, and where the directory cannot be opened.
  static func find(
    _ entry: Entry, _ existing: EntryStatus?, replaces: Bool
  ) throws(CopyProblem) -> TargetPlace {
    if PathName.endsInSlash(entry.targetName) {
      throw .io(IOFailure(.create, entry.targetPath, .notDirectory))
    }
    let isTaken = existing != nil || replaces
    if !entry.targetIsNew, !replaces {
      let named = try? System.entryStatus(entry.targetName, in: entry.target, follows: false)
      if let existing, named?.kind == .symbolicLink, existing.kind != .symbolicLink {
        return try behindLink(entry, existing)
      }
      if existing == nil, let named {
        throw named.kind == .symbolicLink
          ? .danglingLink(entry.targetPath)
          : .io(IOFailure(.create, entry.targetPath, .fileExists))
      }
    }
    let name = PathName(entry.targetName)
    guard entry.isOperand else {
      return TargetPlace(entry.target, name.text, isTaken: isTaken, owned: nil)
    }
    return try open(name, in: entry.target, entry, isTaken: isTaken)
  }

  private static func open(
    _ name: PathName, in base: Directory, _ entry: Entry, isTaken: Bool
  ) throws(CopyProblem) -> TargetPlace {
    do throws(Errno) {
      let opened = try name.directory.text.withName { (name) throws(Errno) in
        try System.open(name, in: base, [.readOnly, .directory, .place])
      }
      return TargetPlace(
        Directory(opened), PathName(name.last).text, isTaken: isTaken, owned: opened)
    } catch {
      throw .io(IOFailure(.create, entry.targetPath, error))
    }
  }

  /// Where the file is that a symbolic link leads to.
  private static func behindLink(
    _ entry: Entry, _ existing: EntryStatus
  ) throws(CopyProblem) -> TargetPlace {
    let file: FileDescriptor
    do throws(Errno) {
      file = try System.open(entry.targetName, in: entry.target, [.readOnly, .place])
    } catch {
      throw .io(IOFailure(.create, entry.targetPath, error))
    }
    defer { try? System.close(file) }
    guard let path = System.linkTarget(FilePath("/proc/thread-self/fd/\(file.rawValue)")) else {
      throw .io(
        IOFailure(
          .create, entry.targetPath, .noSuchFileOrDirectory,
          reason: "/proc does not tell where the symbolic link leads"))
    }
    let place = try open(PathName(path), in: .working, entry, isTaken: true)
    do throws(Errno) {
      let found = try place.name.withName { (name) throws(Errno) in
        try System.entryStatus(name, in: place.directory, follows: false)
      }
      if found.identity == existing.identity { return place }
    } catch {
      guard error == .noSuchFileOrDirectory else {
        throw .io(IOFailure(.stat, entry.targetPath, error))
      }
    }
    throw .replaced(entry.targetPath)
  }

  /// The path of another name in the directory, for messages.
  func path(of name: ContiguousArray<CChar>, _ entry: Entry) -> FilePath {
    PathName(entry.targetPath).directory.appending(name.withName { PathName($0) }.bytes).path
  }
}
