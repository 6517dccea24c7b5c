public import SystemPackage
public import XIOSystem

/// How file data meets the page cache.
public enum CacheMode: String, CaseIterable, Sendable {
  /// Ordinary buffered I/O.
  case page
  /// O_DIRECT.
  case direct
  /// RWF_DONTCACHE: pages that were cached stay, no new ones do.
  case uncached
  /// The cache is left as it was: uncached where that is possible, else direct.
  case keep
}

/// What a cache mode comes down to on one file.
public struct CacheTreatment: Sendable, Equatable {
  /// `page`, `direct` or `uncached`.
  public var mode: CacheMode
  /// What offsets and lengths of O_DIRECT must be multiples of, in bytes; 1 without it.
  public var alignment = 1
  /// Flags of each transfer.
  public var flags: TransferFlags = []
  /// Whether the alignment was assumed, because the file system names none.
  public var isAlignmentAssumed = false

  /// The alignment in bytes, where O_DIRECT is used.
  public var shownAlignment: Int? { mode == .direct ? alignment : nil }

  /// Ordinary buffered I/O.
  public static let page = CacheTreatment(mode: .page)
}

/// Finds out what a cache mode comes down to.
public enum CachePlan {
  /// Resolves a mode on an open file. Files without a page cache of their own are left alone.
  ///
  /// - Parameters:
  ///   - mode: What was asked for.
  ///   - path: The file's name, for the failure.
  ///   - kind: What the file is.
  ///   - engine: The engine that will make the transfers.
  ///   - probe: A readable descriptor on the file's file system; nothing of it is read.
  /// - Returns: How transfers of the file are to be made.
  /// - Throws: ``IOFailure`` where the file system or the engine cannot do it.
  public static func resolve(
    _ mode: CacheMode, of path: FilePath, kind: FileKind, engine: EngineName,
    probe: FileDescriptor
  ) throws(IOFailure) -> CacheTreatment {
    guard mode != .page, kind.isPositional else { return .page }
    guard engine != .kernel else {
      throw refusal(
        mode, path, "the kernel engine moves pages of the page cache",
        hint: "name another engine, or use --cache page")
    }
    let carriesFlags = Registry.description(of: engine).traits.carriesFlags
    let dontCache = DescriptorFacts.honour(of: .dontCache, probe, canRead: true)
    switch mode {
    case .uncached:
      guard carriesFlags else {
        throw refusal(
          mode, path, "\(engine.rawValue) cannot carry RWF_DONTCACHE",
          hint: "use --cache direct, or an engine other than \(engine.rawValue)")
      }
      guard dontCache == .honoured else { throw refusal(mode, path, dontCache) }
      return CacheTreatment(mode: .uncached, flags: .dontCache)
    case .direct, .keep:
      if mode == .keep, carriesFlags, dontCache == .honoured {
        return CacheTreatment(mode: .uncached, flags: .dontCache)
      }
      return try direct(mode, path, probe)
    case .page:
      return .page
    }
  }

  private static func direct(
    _ mode: CacheMode, _ path: FilePath, _ probe: FileDescriptor
  ) throws(IOFailure) -> CacheTreatment {
    do throws(Errno) {
      guard let alignment = try System.directAlignment(probe) else {
        throw .notSupported
      }
      return CacheTreatment(
        mode: .direct, alignment: max(alignment.offset, alignment.memory),
        isAlignmentAssumed: !alignment.isDeclared)
    } catch {
      throw refusal(
        mode, path, "O_DIRECT is not honoured: the file system serves it from the page cache",
        hint: "use --cache page")
    }
  }

  private static func refusal(
    _ mode: CacheMode, _ path: FilePath, _ honour: Honour
  ) -> IOFailure {
    var reason = "the file system refuses RWF_DONTCACHE"
    if case .refused(let errno) = honour { reason += ": \(errno)" }
    return refusal(mode, path, reason, hint: "use --cache direct or --cache page")
  }

  private static func refusal(
    _ mode: CacheMode, _ path: FilePath, _ reason: String, hint: String
  ) -> IOFailure {
    IOFailure(
      .prepare, path, nil, reason: "--cache \(mode.rawValue) is not possible: \(reason)",
      hint: hint)
  }

  /// Writes a range to the device and takes it out of the page cache: only a range that this program
  /// has written, for it goes for everybody.
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - range: The range in bytes; a page that is only in part in it stays.
  /// - Throws: The error number, which can be that of an earlier write.
  public static func writeOut(
    _ descriptor: FileDescriptor, _ range: Range<Int64>
  ) throws(Errno) {
    guard !range.isEmpty else { return }
    let start = range.lowerBound
    let count = Int64(range.count)
    try System.writeBack(descriptor, at: start, count: count)
    try drop(descriptor, at: start, count: count)
  }

  /// Takes the clean pages of a range out of the page cache, for everybody.
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - offset: Where the range begins, in bytes.
  ///   - count: Its length in bytes; 0 is the rest of the file.
  /// - Throws: The error number.
  public static func drop(
    _ descriptor: FileDescriptor, at offset: Int64 = 0, count: Int64 = 0
  ) throws(Errno) {
    // A page that the kernel still holds for the end of its writeback can be dropped a little later.
    for _ in 0..<16 {
      try System.dropPages(descriptor, at: offset, count: count)
      guard let left = try? System.cachedPages(descriptor, at: offset, count: count),
        left.resident > 0
      else { return }
      System.pause(nanoseconds: 50_000)
    }
  }

  /// Switches O_DIRECT on or off on a descriptor that this program opened.
  ///
  /// - Throws: EINVAL where the file system has no direct I/O.
  public static func setDirect(_ descriptor: FileDescriptor, _ isOn: Bool) throws(Errno) {
    let flags = try System.statusFlags(descriptor)
    try System.setStatusFlags(
      descriptor, isOn ? flags.union(.direct) : flags.subtracting(.direct))
  }

  /// Makes an input one that is read as a cache mode asks for.
  ///
  /// Standard input is opened anew for direct I/O: O_DIRECT on it would hit everybody who shares it.
  ///
  /// - Parameters:
  ///   - descriptor: The input as it was opened.
  ///   - cache: What its cache mode has come to.
  ///   - path: Its name in messages.
  ///   - isStandardInput: Whether somebody else opened it.
  ///   - start: Where reading begins, in bytes.
  /// - Returns: What to read from: the descriptor itself, or another.
  /// - Throws: ``IOFailure`` where reading cannot begin there, and of open(2) and fcntl(2).
  public static func input(
    _ descriptor: FileDescriptor, _ cache: CacheTreatment, _ path: FilePath,
    isStandardInput: Bool, from start: Int64
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
      try setDirect(descriptor, true)
      return descriptor
    }
  }
}
