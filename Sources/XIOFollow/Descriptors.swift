public import SystemPackage
internal import XIOEngines
public import XIOSystem

/// Following more files than may be open at once: what has a name is closed, and opened again for what is new.
extension Watcher {
  /// Descriptors that are left for all that is no followed file: before the follow begins for the engine,
  /// and then for directories and files that are open for a moment. The more there may be, the more.
  private var reservedDescriptors: Int { (hasBegun ? 4 : 12) + min(40, descriptorLimit / 16) }

  /// Opens something, and closes files that can be opened again when there are few descriptors left.
  func withDescriptorsLeft(
    _ body: () throws(Errno) -> FileDescriptor
  ) throws(Errno) -> FileDescriptor {
    // Numbers are given out from the lowest one, so that the last one tells how many are taken.
    if Int(lastNumber) >= descriptorLimit - reservedDescriptors { coolDown() }
    do throws(Errno) {
      let descriptor = try body()
      lastNumber = descriptor.rawValue
      return descriptor
    } catch {
      guard error.saysTooManyOpenFiles, coolDown() else { throw error }
      return try body()
    }
  }

  /// So many files are closed at once, so that it is not done for every one that is opened.
  private static let mostClosed = 16

  /// Closes files that can be opened again, beginning behind those that were closed last.
  ///
  /// - Returns: Whether there were some.
  @discardableResult
  private func coolDown() -> Bool {
    var count = 0
    for _ in sources.indices where count < Self.mostClosed {
      nextToClose = nextToClose + 1 < sources.count ? nextToClose + 1 : 0
      guard let generation = sources[nextToClose].current, canReopen(generation) else { continue }
      // Its watch outlives the descriptor, and tells when there is something to open it for.
      close(generation)
      count += 1
    }
    guard count > 0 else { return false }
    lastNumber = 0
    if !hasToldOfDescriptors {
      hasToldOfDescriptors = true
      onLimit(
        "there are not enough descriptors: some files are opened only when they have changed",
        "raise the limit of open files (ulimit -n)")
    }
    return true
  }

  /// Whether a file can be closed: it is open, nothing is done with it, and a name leads to it, which is noted.
  private func canReopen(_ generation: Generation) -> Bool {
    guard let descriptor = generation.descriptor, generation.kind == .regular, !generation.isBusy,
      !generation.source.isStandardInput,
      let path = System.linkTarget(FilePath("/proc/self/fd/\(descriptor.rawValue)")),
      leads(path, to: generation)
    else { return false }
    generation.lastPath = path
    return true
  }

  private func leads(_ path: FilePath, to generation: Generation) -> Bool {
    guard let status = try? System.status(of: EntryName(path.bytes), in: nil) else { return false }
    return FileIdentity(status) == generation.identity
  }

  /// The open file of a generation, which may have been closed to save descriptors.
  ///
  /// - Parameter generation: What is to be read.
  /// - Returns: The descriptor; nil when the file cannot be found any more, or not be opened now.
  public func descriptor(of generation: Generation) -> FileDescriptor? {
    if let descriptor = generation.descriptor { return descriptor }
    do throws(Errno) {
      if let opened = try reopen(generation) {
        generation.descriptor = opened
        openFiles += 1
        return opened
      }
      miss(generation.source)
      end(generation)
    } catch {
      unopened.append(generation)
    }
    return nil
  }

  /// Has files read that could not be opened for want of descriptors.
  func retryUnopened() {
    let generations = unopened
    unopened = []
    for generation in generations where !generation.hasEnded { generation.isDirty = true }
  }

  /// Looks at a file that is closed by the names that have led to it; where they do not any more it is to be
  /// searched for.
  func lookAtClosedFile(_ generation: Generation) {
    let (name, directory) = generation.source.lookup
    let other = generation.lastPath.map { EntryName($0.bytes) }
    for (name, directory) in [(name, directory), other.map { ($0, nil) }].compactMap(\.self) {
      if let status = try? System.status(of: name, in: directory),
        FileIdentity(status) == generation.identity
      {
        generation.look(status)
        return
      }
    }
    generation.isDirty = true
  }

  /// Opens a file by its name, by the one that it had when it was closed, or by another in that directory.
  ///
  /// - Returns: The descriptor; nil when the file is not found.
  /// - Throws: EMFILE, ENFILE.
  private func reopen(_ generation: Generation) throws(Errno) -> FileDescriptor? {
    let (name, directory) = generation.source.lookup
    if let found = try open(name, directory, as: generation) { return found }
    guard let path = generation.lastPath else { return nil }
    if let found = try open(EntryName(path.bytes), nil, as: generation) { return found }
    let parent = path.removingLastComponent()
    for bytes in try entries(of: parent) {
      let other = parent.appending(bytes: bytes)
      guard leads(other, to: generation) else { continue }
      generation.lastPath = other
      return try open(EntryName(other.bytes), nil, as: generation)
    }
    return nil
  }

  private func open(
    _ name: EntryName, _ directory: FileDescriptor?, as generation: Generation
  ) throws(Errno) -> FileDescriptor? {
    let opened: FileDescriptor
    do throws(Errno) {
      opened = try withDescriptorsLeft { () throws(Errno) in
        try System.open(name, in: directory, [.readOnly, .nonBlocking])
      }
    } catch {
      if error.saysTooManyOpenFiles { throw error }
      return nil
    }
    if let status = try? System.nameStatus(opened), FileIdentity(status) == generation.identity {
      return opened
    }
    try? System.close(opened)
    return nil
  }

  private func entries(of directory: FilePath) throws(Errno) -> [[UInt8]] {
    do throws(Errno) {
      return try System.entries(of: directory)
    } catch {
      if error.saysTooManyOpenFiles { throw error }
      return []
    }
  }
}

extension Errno {
  fileprivate var saysTooManyOpenFiles: Bool {
    self == .tooManyOpenFiles || self == .tooManyOpenFilesInSystem
  }
}
