internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// The file that is written, not yet open.
struct CopyTarget {
  let path: FilePath
  /// What is there already.
  private let existing: FileStatus?
  private let sourceStatus: FileStatus

  /// Looks at what a name stands for; a directory stands for a file in it.
  ///
  /// - Throws: ``CopyError`` when source and target are one file, or the name cannot be looked up.
  init(_ name: FilePath, isDirectory: Bool, for source: CopySource) throws(CopyError) {
    var path = name
    var found = try Self.status(path)
    if isDirectory, found?.kind != .directory {
      throw .io(IOFailure(.create, name, .notDirectory))
    }
    if found?.kind == .directory, let last = source.path.lastComponent {
      path = name.appending(last)
      found = try Self.status(path)
    }
    if let found, found.isSameFile(as: source.status) { throw .sameFile(source.path, path) }
    if found == nil, System.isSymbolicLink(path) { throw .danglingLink(path) }
    if found?.kind == .directory {
      throw .io(
        IOFailure(
          .create, path, .isDirectory,
          reason: "cannot overwrite a directory with a file that is none"))
    }
    self.path = path
    existing = found
    sourceStatus = source.status
  }

  private static func status(_ path: FilePath) throws(CopyError) -> FileStatus? {
    do throws(Errno) {
      return try System.status(path)
    } catch {
      guard error == .noSuchFileOrDirectory else { throw .io(IOFailure(.stat, path, error)) }
      return nil
    }
  }

  /// Whether the target is, or will be, a regular file.
  var isRegular: Bool { existing.map { $0.kind == .regular } ?? true }

  /// Opens something readable on the target's file system that tells what it can do.
  ///
  /// - Throws: ``IOFailure`` when neither the directory nor the file lets us.
  func openProbe() throws(IOFailure) -> FileDescriptor {
    if let nameless = try? System.openNameless(beside: path) { return nameless }
    if existing != nil, let file = try? System.open(path, .readOnly) { return file }
    do throws(Errno) {
      return try System.openNameless(beside: path)
    } catch {
      throw IOFailure(
        .create, path, error, hint: "--cache needs a look at the target's file system first")
    }
  }

  /// The target once it is open.
  struct Opened {
    var descriptor: FileDescriptor
    var status: FileStatus
    /// Whether this program made it, and so may remove it.
    var isOurs: Bool
    /// Pages before anything was written.
    var before: PageCacheProbe?
  }

  /// Opens what is there, or creates the file. What is there is emptied only after it has been seen
  /// not to be the source.
  ///
  /// - Throws: ``IOFailure``.
  func open(measures: Bool) throws(IOFailure) -> Opened {
    // From here on there may be something to remove.
    Termination.catchSignals()
    if existing != nil {
      let descriptor = try System.attempt(.create, path) { () throws(Errno) in
        try System.open(path, .writeOnly)
      }
      return try prepare(descriptor, measures)
    }
    let permissions = sourceStatus.kind == .regular ? sourceStatus.permissions & 0o777 : 0o666
    let descriptor = try System.attempt(.create, path) { () throws(Errno) in
      try System.open(path, [.writeOnly, .create, .exclusive], permissions: permissions)
    }
    let status: FileStatus
    do throws(IOFailure) {
      status = try System.attempt(.stat, path) { () throws(Errno) in
        try System.status(descriptor)
      }
    } catch {
      try? System.close(descriptor)
      try? System.remove(path)
      throw error
    }
    let before = measures ? PageCacheProbe(descriptor, kind: status.kind, size: 0) : nil
    return Opened(descriptor: descriptor, status: status, isOurs: true, before: before)
  }

  private func prepare(
    _ descriptor: FileDescriptor, _ measures: Bool
  ) throws(IOFailure) -> Opened {
    do throws(IOFailure) {
      let status = try System.attempt(.stat, path) { () throws(Errno) in
        try System.status(descriptor)
      }
      if status.isSameFile(as: sourceStatus) {
        throw IOFailure(.create, path, nil, reason: "it has become the source file")
      }
      let before =
        measures
        ? PageCacheProbe(descriptor, kind: status.kind, size: status.size) : nil
      if status.kind == .regular, status.size > 0 {
        try System.attempt(.truncate, path) { () throws(Errno) in
          try System.truncate(descriptor, to: 0)
        }
      }
      return Opened(descriptor: descriptor, status: status, isOurs: false, before: before)
    } catch {
      try? System.close(descriptor)
      throw error
    }
  }

  /// Removes the file if it still is the one that was made.
  func remove(_ opened: Opened) {
    guard opened.isOurs, let named = try? System.status(path),
      named.isSameFile(as: opened.status)
    else { return }
    try? System.remove(path)
  }
}
