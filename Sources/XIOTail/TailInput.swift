internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// One input, open for reading.
struct TailInput {
  let path: FilePath
  let descriptor: FileDescriptor
  let status: FileStatus
  let cache: CacheTreatment
  /// Where the input begins, in bytes: standard input may have been read in part.
  let start: Int64
  private let isOwned: Bool

  var isStandardInput: Bool { path == Tail.standardStream }

  /// What messages call an input.
  static func name(of path: FilePath) -> FilePath {
    path == Tail.standardStream ? "standard input" : path
  }

  /// Opens a file; standard input is open.
  ///
  /// - Throws: ``IOFailure``.
  static func open(_ path: FilePath) throws(IOFailure) -> FileDescriptor {
    guard path != Tail.standardStream else { return .standardInput }
    return try System.attempt(.openForReading, path) { () throws(Errno) in
      try System.open(path, .readOnly)
    }
  }

  /// Looks at what was opened, and takes it over: whoever throws closes it.
  ///
  /// - Throws: ``IOFailure``; `.stat` for a descriptor that is closed.
  init(
    _ path: FilePath, _ opened: FileDescriptor, _ options: TransferOptions,
    _ session: SessionConfiguration
  ) throws(IOFailure) {
    self.path = path
    let name = Self.name(of: path)
    do throws(IOFailure) {
      let status = try System.attempt(.stat, name) { () throws(Errno) in
        try System.status(opened)
      }
      let isStandardInput = path == Tail.standardStream
      guard !isStandardInput || (try? System.statusFlags(opened).canRead) == true else {
        // One that was closed has a number, and nothing else.
        throw IOFailure(System.isHeld(opened) ? .stat : .read, name, .badFileDescriptor)
      }
      try session.checkNumber(of: opened, name)
      self.status = status
      start = isStandardInput && status.kind.isPositional ? (try? System.position(opened)) ?? 0 : 0
      cache = try CachePlan.resolve(
        options.cache, of: name, kind: status.kind, engine: session.engine, probe: opened)
      try options.checkAlignment(cache, session, name)
      descriptor = try CachePlan.input(
        opened, cache, name, isStandardInput: isStandardInput, from: start)
    } catch {
      if opened != .standardInput { try? System.close(opened) }
      throw error
    }
    isOwned = descriptor != .standardInput
  }

  /// A failure to read.
  func problem(_ errno: Errno) -> TailProblem {
    TailProblem(IOFailure(.read, Self.name(of: path), errno))
  }

  /// Reads once a call makes sense.
  ///
  /// - Parameters:
  ///   - memory: What to fill.
  ///   - offset: The position in bytes, or nil for the descriptor's own.
  /// - Returns: The number of bytes, 0 at the end.
  /// - Throws: The error number.
  func read(
    into memory: UnsafeMutableRawBufferPointer, at offset: Int64?
  ) throws(Errno) -> Int {
    var repetition = Repetition()
    while true {
      do throws(Errno) {
        return try System.read(
          descriptor, into: memory, at: offset, flags: offset == nil ? [] : cache.flags)
      } catch {
        if let failure = repetition.failure(
          after: error, waitingFor: descriptor, forWriting: false)
        {
          throw failure
        }
      }
    }
  }

  /// The source of a transfer of a range.
  func endpoint(_ range: Range<Int64>) -> Endpoint {
    // O_DIRECT cannot begin anywhere; what it reads too much is not written.
    let unit = Int64(cache.alignment)
    let first = range.lowerBound / unit * unit
    var endpoint = Endpoint(
      descriptor: descriptor, kind: status.kind, position: .offset(first),
      size: range.upperBound - first, cache: cache, limit: range.upperBound - first)
    endpoint.skipped = Int(range.lowerBound - first)
    return endpoint
  }

  /// The source of a transfer from where a stream stands to its end.
  func endpoint(limit: Int64?) -> Endpoint {
    Endpoint(descriptor: descriptor, kind: status.kind, position: .stream, limit: limit)
  }

  /// Moves the position of standard input to where reading has ended, as other processes will see it.
  func leave(at offset: Int64) {
    guard isStandardInput, status.kind.isPositional else { return }
    try? System.setPosition(.standardInput, to: offset)
  }

  /// Counts the file's pages.
  func probe() -> PageCacheProbe {
    PageCacheProbe(descriptor, kind: status.kind, size: status.size)
  }

  func close() {
    if isOwned { try? System.close(descriptor) }
  }
}
