internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// The last part of one input, by the kind of object it is.
extension TailJob {
  /// Files up to this size may be ones whose size says nothing, as in /proc and /sys.
  private static let notionalSize: Int64 = 4096
  /// Up to here one read and one write cost less than preparing anything better.
  private static let smallRange = 128 << 10
  private static let shortBuffer = 64 << 10

  mutating func printPart<Session: TransferSession & ~Copyable>(
    of input: TailInput, _ session: inout Session
  ) throws(TailProblem) {
    switch input.status.kind {
    case .directory:
      // Like GNU's, which finds the place to begin without reading, and then cannot copy from there.
      var problem = input.problem(.isDirectory)
      let isFromStart = options.start.fromBeginning && options.start.count <= 1
      problem.endsAll = options.start.unit == .bytes || isFromStart
      throw problem
    case _ where options.presumesPipe:
      try printStream(input, &session)
    case .regular:
      try printFile(input, &session)
    case .blockDevice:
      let size = (try? System.endPosition(input.descriptor)) ?? 0
      let isFromEnd = options.start.unit == .bytes && !options.start.fromBeginning
      try printRange(of: input, (isFromEnd ? 0 : min(input.start, size))..<size, &session)
    case .characterDevice where options.start.unit == .bytes && !options.start.fromBeginning:
      // One that has a position is not read to its end, which some do not have.
      if (try? System.endPosition(input.descriptor)) != nil {
        try passOn(input, limit: Int64(clamping: options.start.count), &session)
      } else {
        try printStream(input, &session)
      }
    default:
      try printStream(input, &session)
    }
  }

  private mutating func printFile<Session: TransferSession & ~Copyable>(
    _ input: TailInput, _ session: inout Session
  ) throws(TailProblem) {
    try checkSeek(input)
    if input.status.size > max(Self.notionalSize, input.start) {
      return try printRange(of: input, input.start..<input.status.size, &session)
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.shortBuffer, alignment: 4096)
    defer { memory.deallocate() }
    var count = 0
    do throws(Errno) {
      while count < memory.count {
        let more = try input.read(
          into: .init(rebasing: memory[count...]), at: input.start + Int64(count))
        plainCalls += 1
        guard more > 0 else { break }
        count += more
      }
    } catch {
      // Some files of the kernel have no offsets.
      guard error == .illegalSeek else { throw input.problem(error) }
      return try printStream(input, &session)
    }
    guard count < memory.count else {
      if let size = try? System.status(input.descriptor).size, size > Self.notionalSize {
        return try printRange(of: input, input.start..<size, &session)
      }
      return try printStream(input, &session)
    }
    done.result.bytesRead += Int64(count)
    let bytes = UnsafeRawBufferPointer(rebasing: memory[..<count])
    let start = options.start.offset(in: bytes, options.delimiter)
    input.leave(at: input.start + max(start, Int64(count)))
    try output.write(UnsafeRawBufferPointer(rebasing: bytes[Int(min(start, Int64(count)))...]))
  }

  /// An offset that no file can have is refused, in GNU's words.
  private func checkSeek(_ input: TailInput) throws(TailProblem) {
    let start = options.start
    guard start.unit == .bytes, start.fromBeginning, start.count > 1,
      let distance = Int64(exactly: start.count - 1), distance > input.status.size
    else { return }
    let (offset, overflow) = input.start.addingReportingOverflow(distance)
    do throws(Errno) {
      guard !overflow else { throw .invalidArgument }
      try System.setPosition(input.descriptor, to: offset)
      try System.setPosition(input.descriptor, to: input.start)
    } catch {
      let name = input.isStandardInput ? names.quote("standard input") : names.mention(input.path)
      throw TailProblem(
        .message("\(name): cannot seek to relative offset \(distance): \(error)"), endsAll: true)
    }
  }

  /// Prints the last part of a file that has offsets, as far as it reached when it was looked at.
  private mutating func printRange<Session: TransferSession & ~Copyable>(
    of input: TailInput, _ range: Range<Int64>, _ session: inout Session
  ) throws(TailProblem) {
    var scan = BackwardScan(input.descriptor, flags: input.cache.flags)
    let start: Int64
    do throws(Errno) {
      start = try scan.start(
        from: range.lowerBound, end: range.upperBound, options.start, delimiter: options.delimiter)
    } catch {
      throw input.problem(error)
    }
    done.result.bytesRead += scan.bytesRead
    input.leave(at: max(start, range.upperBound))
    guard start < range.upperBound else { return }
    try copy(start..<range.upperBound, of: input, &session)
  }

  /// Copies a range of a file to standard output.
  private mutating func copy<Session: TransferSession & ~Copyable>(
    _ range: Range<Int64>, of input: TailInput, _ session: inout Session
  ) throws(TailProblem) {
    var moved: Int64 = 0
    if usesEngine(forBytes: range.count) {
      moved = try transfer(input.endpoint(range), input, &session)
    }
    guard usesPlainCalls else { return }
    try copyPlainly(range.lowerBound + moved..<range.upperBound, input)
  }

  /// Whether what the engine does not do is done by plain calls.
  var usesPlainCalls: Bool { isAutomatic && session.engine == .kernel }

  /// Whether the engine is used for so many bytes, rather than plain calls.
  func usesEngine(forBytes count: Int) -> Bool {
    guard usesPlainCalls else { return true }
    return count > Self.smallRange && !isRefused && output.takesOffloads
  }

  /// Has the engine move bytes.
  ///
  /// - Returns: How many arrived; when plain calls can go on, a failure of the engine is none.
  mutating func transfer<Session: TransferSession & ~Copyable>(
    _ source: Endpoint, _ input: TailInput?, _ session: inout Session
  ) throws(TailProblem) -> Int64 {
    try output.flush(before: source.limit ?? source.size)
    let result = session.transfer(from: source, to: output.endpoint)
    done.result.add(result)
    guard let failure = result.failure else { return result.total }
    if Termination.requested != nil, failure.errno == .interrupted {
      throw TailProblem(IOFailure(.read, nil, .interrupted))
    }
    switch failure.side {
    case .target:
      throw output.problem(failure.errno)
    case .source:
      throw TailProblem(IOFailure(.read, input.map { TailInput.name(of: $0.path) }, failure.errno))
    case nil:
      // Plain calls find out which end it is about, if it is more than a refusal.
      guard usesPlainCalls else {
        throw TailProblem(
          IOFailure(
            .copy(to: "standard output"), input.map { TailInput.name(of: $0.path) },
            failure.errno))
      }
      isRefused = true
      return result.total
    }
  }

  private mutating func copyPlainly(
    _ range: Range<Int64>, _ input: TailInput
  ) throws(TailProblem) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = try output.fill(range.upperBound - offset) { memory throws(TailProblem) in
        do throws(Errno) { return try input.read(into: memory, at: offset) } catch {
          throw input.problem(error)
        }
      }
      plainCalls += 1
      done.result.bytesRead += Int64(count)
      // A file that has shrunk meanwhile ends here.
      guard count > 0 else { return }
      offset += Int64(count)
    }
  }
}
