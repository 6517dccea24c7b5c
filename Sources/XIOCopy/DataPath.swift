internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Moves all of a source to a target by the engine that was chosen.
typealias Mover = (_ from: Endpoint, _ to: Endpoint) -> TransferResult

/// How the bytes of one file get to the other: shared, moved by the kernel, or by an engine, in this order.
///
/// The next way is taken only where the last one cannot be, and before anything has moved.
struct DataPath {
  /// Files up to this size in bytes are read at once, into memory that is a little larger: then a short
  /// count is the end, without another call.
  static let smallSize: Int64 = 256 << 10
  /// One call of the kernel moves at most so many bytes: a signal must not have to wait long.
  private let step: Int64
  /// After so many bytes a device is given something to do, when the file has to be on it in the end.
  private let stride: Int64

  private let run: CopyRun
  private let options: CopyOptions
  private let memory: UnsafeMutableRawBufferPointer
  /// Pairs of file systems that cannot share extents, or copy inside the kernel.
  private var cannotClone: Set<DevicePair> = [], cannotRange: Set<DevicePair> = []
  private(set) var debug: CopyDebug
  /// How many bytes from the beginning on have arrived without a gap.
  private(set) var arrived: Int64 = 0
  /// Where the target ends, in bytes, when nothing has failed.
  private(set) var end: Int64 = 0
  /// Where the copy of the next file goes on, and where it is written how far it is.
  private var journal: ResumeJournal?

  private struct DevicePair: Hashable {
    var source: UInt64, target: UInt64
  }

  init(_ run: CopyRun) throws(Errno) {
    self.run = run
    options = run.options
    debug = CopyDebug(options)
    step = run.showsProgress ? 16 << 20 : 256 << 20
    let reaches = options.durability == .data || options.durability == .full
    stride = reaches && options.transfer.cache == .page ? 32 << 20 : .max
    memory = try System.mapMemory(Int(Self.smallSize) + 4096)
  }

  func close() {
    System.unmapMemory(memory)
  }

  /// Nothing of the next file has arrived yet, or what its journal says.
  mutating func begin(_ journal: ResumeJournal?) {
    self.journal = journal
    debug = CopyDebug(options)
    let start = journal?.offset ?? 0
    (arrived, end) = (start, start)
  }

  /// Takes back that bytes from an offset on have arrived.
  mutating func distrust(from offset: Int64) {
    arrived = min(arrived, offset)
  }

  /// Takes a target for complete that was there before.
  mutating func assumeComplete(_ size: Int64) {
    (arrived, end) = (size, size)
  }

  /// Moves everything. The position of a stream moves on; files are read from their beginning.
  ///
  /// - Parameters:
  ///   - entry: The names, for messages.
  ///   - source: The source.
  ///   - target: The target, empty.
  ///   - plan: How both meet the page cache.
  ///   - device: The file system of the target, when it is known.
  ///   - totals: What has moved is added here, also before a failure.
  ///   - mover: The engine.
  /// - Throws: ``CopyProblem``.
  mutating func move(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget, _ plan: CachePair,
    device: UInt64?, _ totals: inout TransferResult, _ mover: Mover
  ) throws(CopyProblem) {
    debug.sparse = options.sparse == .always ? "zeros" : "no"
    if options.reflink != .never { debug.reflink = "unsupported" }
    let areFiles = source.kind == .regular && target.kind == .regular
    if areFiles, try clone(entry, source, target, device, &totals) { return }
    // Who asks how bytes move sees it in small files, too.
    if run.chooses, !run.measures, !options.debug, areFiles, source.size < Self.smallSize,
      options.sparse != .always, !isSparse(source)
    {
      return try moveSmall(entry, source, target, &totals)
    }
    if areFiles, source.size > 0 {
      try moveParts(entry, source, target, plan, device, &totals, mover)
    } else {
      let result = mover(source.endpoint(plan.source), target.endpoint(plan.target))
      if !options.allowsOffload {
        debug.offload = "avoided"
      } else if !areFiles || result.total > 0 {
        debug.offload = "unsupported"
      }
      try check(result, entry, &totals)
      (arrived, end) = (result.total, result.total)
    }
  }

  /// Whether fewer blocks are there than the size asks for.
  private func isSparse(_ source: OpenSource) -> Bool {
    source.kind == .regular && source.status.allocated < source.size
  }

  // MARK: Sharing

  /// Shares all extents, where that is wanted and possible.
  private mutating func clone(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget, _ device: UInt64?,
    _ totals: inout TransferResult
  ) throws(CopyProblem) -> Bool {
    let isWanted = run.chooses && !options.isPhysical && options.sparse != .always
    guard options.reflink == .always || options.reflink == .auto && isWanted else { return false }
    guard source.size > 0 || options.reflink == .always else { return false }
    let pair = device.map { DevicePair(source: source.status.identity.device, target: $0) }
    if options.reflink == .auto, let pair, cannotClone.contains(pair) { return false }
    do throws(Errno) {
      try System.clone(source.descriptor, to: target.descriptor)
      totals.bytesReflinked += source.size
      Self.note("FICLONE", &totals)
      debug.reflink = "yes"
      if run.showsProgress { run.advance(.bytes(source.size)) }
      (arrived, end) = (source.size, source.size)
      return true
    } catch {
      let verdict = Offload.verdict(error, of: .clone, moved: 0)
      if case .unsupportedHere = verdict, let pair { cannotClone.insert(pair) }
      let isFailure = if case .failed = verdict { true } else { false }
      guard options.reflink == .auto, !isFailure else {
        throw .io(IOFailure(.clone(from: entry.sourcePath), entry.targetPath, error))
      }
      return false
    }
  }

  // MARK: Small files

  private mutating func moveSmall(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget,
    _ totals: inout TransferResult
  ) throws(CopyProblem) {
    var total: Int64 = 0
    while true {
      let count = try read(entry, source, memory)
      guard count > 0 else { break }
      try write(entry, target.descriptor, 0..<count)
      total += Int64(count)
      (arrived, end) = (total, total)
      // A regular file of a size is at its end where it should be, and nothing came after that.
      if total == source.size, count < memory.count { break }
    }
    debug.offload = "avoided"
    if run.showsProgress { run.advance(.bytes(total)) }
    totals.bytesRead += total
    totals.bytesWritten += total
  }

  /// What one of several small files may take of the memory, in bytes; smaller ones end in a short count.
  var slotSize: Int { memory.count / SmallFiles.most }

  /// Whether extents would be shared rather than bytes copied.
  func mayShare(_ source: OpenSource, on device: UInt64?) -> Bool {
    guard options.reflink == .auto, !options.isPhysical, source.size > 0 else { return false }
    return device.map {
      !cannotClone.contains(DevicePair(source: source.status.identity.device, target: $0))
    } ?? true
  }

  /// Reads a small file, where others were read before it.
  ///
  /// - Throws: ``CopyProblem``.
  func read(
    _ entry: Entry, _ source: OpenSource, intoSlotAt start: Int
  ) throws(CopyProblem) -> Int {
    try read(
      entry, source, UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + slotSize]))
  }

  private func read(
    _ entry: Entry, _ source: OpenSource, _ memory: UnsafeMutableRawBufferPointer
  ) throws(CopyProblem) -> Int {
    do throws(Errno) {
      return try System.retry { () throws(Errno) in
        try System.read(source.descriptor, into: memory, at: nil)
      }
    } catch {
      throw .io(IOFailure(.read, entry.sourcePath, error))
    }
  }

  /// Writes a part of the memory.
  ///
  /// - Throws: ``CopyProblem``.
  func write(
    _ entry: Entry, _ target: FileDescriptor, _ part: Range<Int>
  ) throws(CopyProblem) {
    var done = part.lowerBound
    var repetition = Repetition()
    while done < part.upperBound {
      do throws(Errno) {
        let written = try System.write(
          target, from: UnsafeRawBufferPointer(rebasing: memory[done..<part.upperBound]),
          at: nil)
        guard written > 0 else { throw .ioError }
        done += written
      } catch {
        guard repetition.isDue(after: error) else {
          throw .io(IOFailure(.write, entry.targetPath, error))
        }
      }
    }
  }

  // MARK: Parts

  private mutating func moveParts(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget, _ plan: CachePair,
    _ device: UInt64?, _ totals: inout TransferResult, _ mover: Mover
  ) throws(CopyProblem) {
    let means: DataExtents.Means =
      switch options.sparse {
      case .never: .none
      case .auto: isSparse(source) ? .map : .none
      case .always: .zeros(memory)
      }
    debug.sparse =
      switch means {
      case .none: "no"
      case .map: "SEEK_HOLE"
      case .zeros: "zeros"
      }
    let start = end
    var extents = DataExtents(source.descriptor, size: source.size, means, from: start)
    while let part = try next(&extents, entry) {
      var rest = plan.align(part, size: source.size)
      while !rest.isEmpty {
        let count = min(
          Int64(rest.count), stride, journal.map { _ in ResumeJournal.stride } ?? .max)
        let piece = rest.lowerBound..<rest.lowerBound + count
        arrived = piece.lowerBound
        let moved = try move(piece, entry, source, target, plan, device, &totals, mover)
        end = piece.lowerBound + moved
        arrived = end
        // The source has become shorter: what comes after is looked at when it is compared.
        if moved < count { return }
        if count == stride {
          // Whatever is wrong with the device, fsync tells.
          try? System.beginWriteBack(target.descriptor, at: piece.lowerBound, count: count)
        }
        if let journal { try note(journal, entry, target) }
        rest = piece.upperBound..<rest.upperBound
      }
    }
    if end == source.size {
      try moveRest(entry, source, target, plan, &totals, mover)
    } else {
      try extend(entry, target, to: source.size)
      (arrived, end) = (source.size, source.size)
    }
  }

  /// Writes down how far the copy has come.
  private func note(
    _ journal: ResumeJournal, _ entry: Entry, _ target: OpenTarget
  ) throws(CopyProblem) {
    guard end >= journal.offset + ResumeJournal.stride else { return }
    do throws(Errno) {
      try journal.reach(end, of: target.descriptor)
    } catch {
      throw .io(IOFailure(.synchronise, entry.targetPath, error))
    }
  }

  private func next(
    _ extents: inout DataExtents, _ entry: Entry
  ) throws(CopyProblem) -> Range<Int64>? {
    do throws(Errno) {
      return try extents.next()
    } catch {
      throw .io(IOFailure(.read, entry.sourcePath, error))
    }
  }

  /// A hole at the end is made by the size alone.
  private func extend(
    _ entry: Entry, _ target: OpenTarget, to size: Int64
  ) throws(CopyProblem) {
    do throws(Errno) {
      try System.truncate(target.descriptor, to: size)
    } catch {
      throw .io(IOFailure(.truncate, entry.targetPath, error))
    }
  }

  /// What a file holds beyond its size, as some do that only look like regular ones.
  private mutating func moveRest(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget, _ plan: CachePair,
    _ totals: inout TransferResult, _ mover: Mover
  ) throws(CopyProblem) {
    do throws(Errno) {
      let probe = UnsafeMutableRawBufferPointer(rebasing: memory[..<1])
      // O_DIRECT cannot read one byte, and no file that it reads has a size that is not true.
      guard plan.source.mode != .direct,
        try System.read(source.descriptor, into: probe, at: source.size) > 0
      else { return }
    } catch {
      // The last offset that there can be.
      if error == .invalidArgument || error == .overflow { return }
      throw .io(IOFailure(.read, entry.sourcePath, error))
    }
    let now: EntryStatus
    do throws(Errno) {
      now = try System.entryStatus(source.descriptor)
    } catch {
      throw .io(IOFailure(.stat, entry.sourcePath, error))
    }
    // What is being appended to is told of, and not run after.
    if now.hasChanged(since: source.status) { return }
    var from = source.endpoint(plan.source)
    from.position = .offset(source.size)
    from.size = 0
    let result = mover(from, target.endpoint(plan.target, at: source.size))
    try check(result, entry, &totals)
    end += result.total
    arrived = end
  }

  /// Moves one part.
  ///
  /// - Returns: How many bytes of it there were.
  private mutating func move(
    _ part: Range<Int64>, _ entry: Entry, _ source: OpenSource, _ target: OpenTarget,
    _ plan: CachePair, _ device: UInt64?, _ totals: inout TransferResult, _ mover: Mover
  ) throws(CopyProblem) -> Int64 {
    let count = part.upperBound - part.lowerBound
    var moved: Int64 = 0
    let pair = device.map { DevicePair(source: source.status.identity.device, target: $0) }
    let isWorthwhile = source.size >= Self.smallSize || options.debug
    if plan.offloads, isWorthwhile, pair.map({ !cannotRange.contains($0) }) ?? true {
      moved = try offload(part, entry, source, target, pair, &totals)
      if moved == count { return moved }
    }
    // That there is nothing, or no more, is for a plain read to say: the call may not know.
    if moved == 0 { debug.offload = plan.offloads ? "unsupported" : "avoided" }
    let rest = part.lowerBound + moved..<part.upperBound
    let result = mover(
      source.endpoint(plan.source, rest), target.endpoint(plan.target, at: rest.lowerBound))
    try check(result, entry, &totals)
    return min(count, moved + result.total)
  }

  private mutating func offload(
    _ part: Range<Int64>, _ entry: Entry, _ source: OpenSource, _ target: OpenTarget,
    _ pair: DevicePair?, _ totals: inout TransferResult
  ) throws(CopyProblem) -> Int64 {
    var moved: Int64 = 0
    let count = part.upperBound - part.lowerBound
    var repetition = Repetition()
    while moved < count {
      do throws(Errno) {
        if Termination.requested != nil { throw .interrupted }
        let at = part.lowerBound + moved
        let step = try System.copyRange(
          source.descriptor, at: at, to: target.descriptor, at: at,
          count: Int(min(step, count - moved)))
        if step == 0 { break }
        moved += Int64(step)
        arrived = at + Int64(step)
        totals.bytesOffloaded += Int64(step)
        if run.showsProgress { run.advance(.bytes(Int64(step))) }
      } catch {
        if repetition.isDue(after: error) { continue }
        switch Offload.verdict(error, of: .copyRange, moved: moved) {
        case .failed:
          throw .io(IOFailure(.copy(to: entry.targetPath), entry.sourcePath, error))
        case .unsupportedHere: if let pair { cannotRange.insert(pair) }
        case .unsupported: break
        }
        return 0
      }
    }
    if moved > 0 {
      Self.note("copy_file_range", &totals)
      debug.offload = "yes"
    }
    return moved
  }

  private static func note(_ mechanism: String, _ totals: inout TransferResult) {
    if !totals.mechanisms.contains(mechanism) { totals.mechanisms.append(mechanism) }
  }

  private mutating func check(
    _ result: TransferResult, _ entry: Entry, _ totals: inout TransferResult
  ) throws(CopyProblem) {
    totals.add(result)
    guard let failure = result.failure else { return }
    arrived += max(result.contiguousBytes, result.bytesOffloaded)
    switch failure.side {
    case .source: throw .io(IOFailure(.read, entry.sourcePath, failure.errno))
    case .target: throw .io(IOFailure(.write, entry.targetPath, failure.errno))
    case nil: throw .io(IOFailure(.copy(to: entry.targetPath), entry.sourcePath, failure.errno))
    }
  }
}
