internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// One input, open for reading.
struct CatInput {
  let path: FilePath
  let descriptor: FileDescriptor
  let status: FileStatus
  let cache: CacheTreatment
  private let isStandardInput: Bool
  /// Whether ``descriptor`` is ours to close.
  private let isOwned: Bool
  private let start: Int64
  /// Whether reads name their offsets; the kernel moves bytes from where the descriptor stands.
  private let namesOffsets: Bool

  /// Opens an input.
  ///
  /// - Throws: ``IOFailure``.
  init(
    _ path: FilePath, _ options: TransferOptions, _ session: SessionConfiguration
  ) throws(IOFailure) {
    self.path = path
    let isStandardInput = path == Concatenation.standardStream
    self.isStandardInput = isStandardInput
    var descriptor = FileDescriptor.standardInput
    if !isStandardInput {
      descriptor = try System.attempt(.openForReading, path) { () throws(Errno) in
        try System.open(path, .readOnly)
      }
    }
    do throws(IOFailure) {
      let opened = descriptor
      let status = try System.attempt(.read, path) { () throws(Errno) in
        try System.status(opened)
      }
      // A descriptor that was closed is held by one that cannot be read.
      guard !isStandardInput || (try? System.statusFlags(opened).canRead) == true else {
        throw IOFailure(.read, path, .badFileDescriptor)
      }
      guard status.kind != .directory else { throw IOFailure(.read, path, .isDirectory) }
      try System.attempt(.read, path) { () throws(Errno) in
        try System.checkRead(opened, status.kind)
      }
      try session.checkNumber(of: opened, path)
      self.status = status
      namesOffsets = status.kind.isPositional && session.engine != .kernel
      start = isStandardInput && status.kind.isPositional ? (try? System.position(opened)) ?? 0 : 0
      cache = try CachePlan.resolve(
        options.cache, of: path, kind: status.kind, engine: session.engine, probe: opened)
      try options.checkAlignment(cache, session, path)
      descriptor = try CachePlan.input(
        opened, cache, path, isStandardInput: isStandardInput, from: start)
    } catch {
      if !isStandardInput { try? System.close(descriptor) }
      throw error
    }
    self.descriptor = descriptor
    isOwned = descriptor != .standardInput
  }

  /// The end of a transfer.
  func endpoint(to output: CatOutput) -> Endpoint {
    var size = status.kind == .regular ? status.size : 0
    if status.kind == .blockDevice { size = (try? System.endPosition(descriptor)) ?? 0 }
    var endpoint = Endpoint(
      descriptor: descriptor, kind: status.kind,
      position: namesOffsets ? .offset(start) : .stream,
      size: max(0, size - start), cache: cache)
    endpoint.needsCopy = isSameFile(as: output)
    return endpoint
  }

  private func isSameFile(as output: CatOutput) -> Bool {
    status.kind.isPositional && status.isSameFile(as: output.status)
  }

  /// Whether writing this input to the output would feed it, as GNU's cat finds out.
  func isOutput(_ output: CatOutput) -> Bool {
    guard isSameFile(as: output), let position = try? System.position(descriptor),
      let end = output.nextPosition
    else { return false }
    return position < end
  }

  /// Moves the position of standard input past what was read, as other processes will see it.
  func advance(by count: Int64) {
    guard isStandardInput, namesOffsets else { return }
    try? System.setPosition(.standardInput, to: start + count)
  }

  /// Counts the file's pages.
  func probe() -> PageCacheProbe {
    PageCacheProbe(descriptor, kind: status.kind, size: status.size)
  }

  func close() {
    if isOwned { try? System.close(descriptor) }
  }
}
