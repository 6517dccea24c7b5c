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
      try session.checkNumber(of: opened, path)
      self.status = status
      start = isStandardInput && status.kind.isPositional ? (try? System.position(opened)) ?? 0 : 0
      cache = try CachePlan.resolve(
        options.cache, of: path, kind: status.kind, engine: session.engine, probe: opened)
      try options.checkAlignment(cache, session, path)
      descriptor = try Self.direct(opened, cache, path, isStandardInput, start)
    } catch {
      if !isStandardInput { try? System.close(descriptor) }
      throw error
    }
    self.descriptor = descriptor
    isOwned = descriptor != .standardInput
  }

  /// Standard input is opened anew: O_DIRECT on it would hit everybody who shares it.
  private static func direct(
    _ descriptor: FileDescriptor, _ cache: CacheTreatment, _ path: FilePath,
    _ isStandardInput: Bool, _ start: Int64
  ) throws(IOFailure) -> FileDescriptor {
    guard cache.mode == .direct else { return descriptor }
    guard start % Int64(cache.alignment) == 0 else {
      throw IOFailure(
        .prepare, path, nil,
        reason: "O_DIRECT cannot begin at offset \(start), no multiple of \(cache.alignment)",
        hint: "use --cache uncached or --cache page")
    }
    return try System.attempt(.prepare, path) { () throws(Errno) in
      if isStandardInput { return try System.open("/proc/self/fd/0", [.readOnly, .direct]) }
      try CachePlan.setDirect(descriptor, true)
      return descriptor
    }
  }

  /// The end of a transfer.
  var endpoint: Endpoint {
    var size = status.kind == .regular ? status.size : 0
    if status.kind == .blockDevice { size = (try? System.endPosition(descriptor)) ?? 0 }
    return Endpoint(
      descriptor: descriptor, kind: status.kind,
      position: status.kind.isPositional ? .offset(start) : .stream,
      size: max(0, size - start), cache: cache)
  }

  /// Whether writing this input to the output would feed it for ever.
  func isOutput(_ output: CatOutput) -> Bool {
    status.kind == .regular && status.isSameFile(as: output.status) && start < status.size
  }

  /// Moves the position of standard input past what was read, as other processes will see it.
  func advance(by count: Int64) {
    guard isStandardInput, status.kind.isPositional else { return }
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
