public import SystemPackage
internal import XIOEngines
public import XIOSystem

/// Shows, fills or empties the page cache of files.
public struct CacheJob {
  private let operands: [FilePath]
  private let options: CacheOptions
  private let hasCells: Bool

  /// Takes the names, and what is to be done.
  ///
  /// - Parameters:
  ///   - operands: Names of files, or of directories.
  ///   - options: What is to be done.
  ///   - hasCells: Whether the extent of each file is wanted, too.
  public init(_ operands: [FilePath], _ options: CacheOptions, hasCells: Bool = true) {
    self.operands = operands
    self.options = options
    self.hasCells = hasCells
  }

  /// Does it. A file that fails is told of, and the others are gone on with.
  ///
  /// - Parameters:
  ///   - onEntry: Told of every file.
  ///   - onFailure: Told of every failure.
  /// - Returns: The sums.
  /// - Throws: ``CacheError`` when nothing was begun.
  public func run(
    onEntry: @escaping (CacheEntry) -> Void, onFailure: @escaping (IOFailure) -> Void
  ) throws(CacheError) -> CacheTotals {
    let visitor = CacheVisitor(
      action: options.action, hasCells: hasCells, onEntry: onEntry, onFailure: onFailure)
    guard options.action == .warm else {
      return visitor.run(operands, options.isRecursive, warm: nil)
    }
    var selection = EngineSelection.resolve(
      options.transfer.engine,
      candidates: [(.kernel, "bytes need not come to the process")])
    var session: SessionConfiguration
    let sink: FileDescriptor
    do throws(IOFailure) {
      session = try options.transfer.session(for: &selection).session
      sink = try System.attempt(.create, "/dev/null") { () throws(Errno) in
        try System.open("/dev/null", .writeOnly)
      }
    } catch {
      throw .io(error)
    }
    defer { try? System.close(sink) }
    session.fallsBack = selection.asked == nil
    var job = WarmingJob(
      visitor: visitor, operands: operands, isRecursive: options.isRecursive, session: session,
      sink: sink)
    do throws(SessionError<Never>) {
      return try Registry.run(&job, session)
    } catch {
      switch error {
      case .unavailable(let problem): throw .engine(problem)
      }
    }
  }
}

/// Reads files with whichever engine was chosen.
private struct WarmingJob: TransferJob {
  let visitor: CacheVisitor
  let operands: [FilePath]
  let isRecursive: Bool
  let session: SessionConfiguration
  let sink: FileDescriptor

  mutating func run<Session: TransferSession & ~Copyable>(
    _ session: inout Session
  ) throws(Never) -> CacheTotals {
    let (configuration, sink) = (self.session, sink)
    return withUnsafeMutablePointer(to: &session) { session in
      visitor.run(operands, isRecursive) { file throws(IOFailure) in
        try configuration.checkNumber(of: file.descriptor, file.path)
        let size = file.size
        var extents = DataExtents(file.descriptor, size: size, .map)
        var done = Warmed()
        while true {
          let part = try System.attempt(.read, file.path) { () throws(Errno) in
            try extents.next()
          }
          guard let part else { return done }
          let count = Int64(part.count)
          let result = session.pointee.transfer(
            from: Endpoint(
              descriptor: file.descriptor, kind: file.status.kind,
              position: .offset(part.lowerBound), size: count, limit: count),
            to: Endpoint(descriptor: sink, kind: .characterDevice, position: .stream))
          done.add(part)
          if let failure = result.failure { throw IOFailure(.read, file.path, failure.errno) }
        }
      }
    }
  }
}

/// What was read of a file.
struct Warmed {
  /// Bytes that are no hole, and the pages they lie in.
  private(set) var bytes: Int64 = 0, pages: Int64 = 0
  private var nextPage: Int64 = 0

  mutating func add(_ part: Range<Int64>) {
    bytes += Int64(part.count)
    let first = max(nextPage, part.lowerBound / System.pageSize)
    nextPage = (part.upperBound + System.pageSize - 1) / System.pageSize
    pages += max(0, nextPage - first)
  }
}

extension FoundFile {
  /// The size in bytes, of a device too.
  var size: Int64 {
    status.kind == .blockDevice ? (try? System.endPosition(descriptor)) ?? 0 : status.size
  }
}
