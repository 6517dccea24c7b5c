internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Standard output: whatever it is, and how to write to it.
struct CatOutput {
  private let original = FileDescriptor.standardOutput
  /// The descriptor that is written to: the original, or the same file opened anew with O_DIRECT.
  let descriptor: FileDescriptor
  let status: FileStatus
  let cache: CacheTreatment
  /// Where a file is written from on, in bytes; nil when every write goes to the end, or for a stream.
  private let start: Int64?
  /// Whether every write goes to the end of the file.
  private let appends: Bool
  /// Bytes written so far.
  private var written: Int64 = 0
  /// Where O_DIRECT had to end, because an input ended in the middle of a block.
  private var bufferedFrom: Int64?

  /// Looks at standard output.
  ///
  /// - Throws: ``IOFailure`` when it is closed, or a cache mode cannot be had on it.
  init(_ options: TransferOptions, engine: EngineName) throws(IOFailure) {
    let original = self.original
    let status = try System.attempt(.write, nil) { () throws(Errno) in
      try System.status(original)
    }
    let flags = try System.attempt(.write, nil) { () throws(Errno) in
      try System.statusFlags(original)
    }
    guard flags.canWrite else { throw IOFailure(.write, nil, .badFileDescriptor) }
    self.status = status
    appends = flags.contains(.append)
    var start: Int64?
    if status.kind.isPositional, !appends {
      start = try System.attempt(.write, nil) { () throws(Errno) in try System.position(original) }
    }
    self.start = start
    guard options.cache != .page, status.kind == .regular else {
      descriptor = original
      cache = .page
      return
    }
    cache = try Self.treatment(options, engine)
    descriptor = cache.mode == .direct ? try Self.reopenDirect(start, cache) : original
  }

  private static var name: FilePath { "standard output" }

  private static func treatment(
    _ options: TransferOptions, _ engine: EngineName
  ) throws(IOFailure) -> CacheTreatment {
    let probe = try System.attempt(.prepare, name) { () throws(Errno) in
      try System.open("/proc/self/fd/1", .readOnly)
    }
    defer { try? System.close(probe) }
    return try CachePlan.resolve(
      options.cache, of: name, kind: .regular, engine: engine, probe: probe)
  }

  /// Opens the file anew: O_DIRECT on the descriptor itself would hit everybody who shares it.
  private static func reopenDirect(
    _ start: Int64?, _ cache: CacheTreatment
  ) throws(IOFailure) -> FileDescriptor {
    guard let start, start % Int64(cache.alignment) == 0 else {
      throw IOFailure(
        .prepare, name, nil,
        reason: "O_DIRECT cannot continue a file at an offset that is no multiple of "
          + "\(cache.alignment) bytes, or one open for appending",
        hint: "use --cache uncached or --cache page")
    }
    return try System.attempt(.prepare, name) { () throws(Errno) in
      try System.open("/proc/self/fd/1", [.writeOnly, .direct])
    }
  }

  /// The end of the next transfer. Whoever shares standard output shares its position, too, so writes
  /// go where that stands; only the file opened anew needs offsets.
  var endpoint: Endpoint {
    guard isReopened, let start else {
      return Endpoint(descriptor: descriptor, kind: status.kind, position: .stream, cache: cache)
    }
    return Endpoint(
      descriptor: descriptor, kind: status.kind, position: .offset(start + written),
      cache: bufferedFrom == nil ? cache : .page)
  }

  private var isReopened: Bool { descriptor != original }

  /// Where the next byte goes, in bytes; nil where there are no positions.
  var nextPosition: Int64? {
    appends ? try? System.status(original).size : try? System.position(original)
  }

  /// Takes note of bytes written, and moves the position that other processes see if the writes did not.
  ///
  /// - Throws: ``IOFailure``.
  mutating func advance(by count: Int64) throws(IOFailure) {
    written += count
    guard isReopened, let start else { return }
    let position = start + written
    if bufferedFrom == nil, position % Int64(cache.alignment) != 0 { bufferedFrom = position }
    try System.attempt(.write, nil) { () throws(Errno) in
      try System.setPosition(original, to: position)
    }
  }

  /// Counts the file's pages.
  func probe() -> PageCacheProbe {
    PageCacheProbe(original, kind: status.kind, size: (start ?? 0) + written)
  }

  /// Takes pages out of the page cache again that were not to be there.
  ///
  /// - Throws: ``IOFailure``.
  func finish() throws(IOFailure) {
    guard let start else { return }
    let end = start + written
    var first: Int64?
    if cache.mode == .uncached { first = start }
    if let bufferedFrom { first = max(start, bufferedFrom & ~4095) }
    guard let first else { return }
    try System.attempt(.write, nil) { () throws(Errno) in
      try CachePlan.writeOut(descriptor, first..<end)
    }
  }

  func close() {
    if isReopened { try? System.close(descriptor) }
  }
}
