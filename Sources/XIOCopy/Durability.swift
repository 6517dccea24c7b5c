internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// What makes a copy last, and keeps it from being taken for one before it is right.
extension CopyWorker {
  /// Brings a file whose bytes and attributes are there to the device, compares it, and lets it take its
  /// name: in this order, and as far as that was asked for.
  func secure(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget, _ pair: CachePair
  ) throws(CopyProblem) {
    let reaches = options.durability == .data || options.durability == .full
    if reaches || options.verification == .media, !options.attributesOnly || reaches,
      target.kind == .regular || target.kind == .blockDevice
    {
      try synchronize(entry, target)
    }
    if !options.attributesOnly { try verify(entry, source, target, pair) }
    try publish(entry, target)
  }

  private func synchronize(_ entry: Entry, _ target: OpenTarget) throws(CopyProblem) {
    do throws(Errno) {
      try System.retry { () throws(Errno) in
        try System.synchronize(target.descriptor, dataOnly: options.durability != .full)
      }
    } catch {
      // What is on the device now nobody knows, and asking again would only hide that.
      data.distrust(from: 0)
      throw .io(IOFailure(.synchronise, entry.targetPath, error))
    }
  }

  /// Brings the name of an operand's copy to the device, or remembers where it is.
  func secureName(_ entry: Entry) throws(CopyProblem) {
    let name = PathName(entry.targetName).directory
    try secureNames(name.text, in: entry.target, path: PathName(entry.targetPath).directory.path)
  }

  /// Brings the names in a directory to the device, or remembers its file system for the end.
  ///
  /// - Parameters:
  ///   - name: The directory.
  ///   - base: Where the name is looked up.
  ///   - path: The whole name, for messages.
  /// - Throws: ``CopyProblem``.
  func secureNames(
    _ name: ContiguousArray<CChar>, in base: Directory, path: FilePath
  ) throws(CopyProblem) {
    guard options.durability == .full || options.durability == .batch else { return }
    do throws(Errno) {
      let directory = try name.withName { (name) throws(Errno) in
        try System.open(name, in: base, [.readOnly, .directory])
      }
      if options.durability == .batch { return try remember(directory) }
      defer { try? System.close(directory) }
      try System.retry { () throws(Errno) in
        try System.synchronize(directory, dataOnly: false)
      }
    } catch {
      throw .io(IOFailure(.synchronise, path, error))
    }
  }

  /// Keeps an open directory, whose file system is to be written out in the end.
  private func remember(_ directory: FileDescriptor) throws(Errno) {
    do throws(Errno) {
      run.fileSystems.add(directory, try System.entryStatus(directory).identity.device)
    } catch {
      try? System.close(directory)
      throw error
    }
  }
}

/// File systems that are to be written out when everything has been copied (`--durability batch`).
final class FileSystems: @unchecked Sendable {
  private let monitor = Monitor()
  private var directories: [UInt64: FileDescriptor] = [:]

  /// Takes a directory, which is closed when another one of its file system is here.
  func add(_ directory: FileDescriptor, _ device: UInt64) {
    let isNew = monitor.locked {
      guard directories[device] == nil else { return false }
      directories[device] = directory
      return true
    }
    if !isNew { try? System.close(directory) }
  }

  /// Whether a file system is here.
  func contains(_ device: UInt64) -> Bool {
    monitor.locked { directories[device] != nil }
  }

  /// Writes everything of them to their devices.
  ///
  /// - Returns: The errors; each call is made once, as an error is told of only once.
  func synchronize() -> [Errno] {
    var errors: [Errno] = []
    for directory in directories.values {
      do throws(Errno) {
        try System.synchronizeFileSystem(of: directory)
      } catch {
        errors.append(error)
      }
      try? System.close(directory)
    }
    directories.removeAll()
    return errors
  }
}
