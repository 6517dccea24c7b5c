internal import CXIO
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// The last part of what can be read but once.
extension TailJob {
  private static let readSize = 64 << 10

  mutating func printStream<Session: TransferSession & ~Copyable>(
    _ input: TailInput, _ session: inout Session
  ) throws(TailProblem) {
    do throws(Errno) { try System.checkRead(input.descriptor, input.status.kind) } catch {
      throw input.problem(error)
    }
    // Whoever writes to the stream may wait for what has been printed.
    try output.flush()
    guard options.start.fromBeginning else { return try printWindow(input, &session) }
    if try skip(max(options.start.count, 1) - 1, of: input, &session) {
      try passOn(input, limit: nil, &session)
    }
  }

  /// Reads past the first units and prints what was read beyond them.
  ///
  /// - Returns: Whether there may be more.
  private mutating func skip<Session: TransferSession & ~Copyable>(
    _ count: UInt64, of input: TailInput, _ session: inout Session
  ) throws(TailProblem) -> Bool {
    guard count > 0 else { return true }
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.readSize, alignment: 4096)
    defer { memory.deallocate() }
    var left = count
    while left > 0 {
      let read: Int
      do throws(Errno) { read = try self.read(input, into: memory, &session) } catch {
        throw input.problem(error)
      }
      guard read > 0 else { return false }
      var bytes = UnsafeRawBufferPointer(rebasing: memory[..<read])
      if options.start.unit == .bytes {
        let skipped = min(left, UInt64(read))
        left -= skipped
        bytes = .init(rebasing: bytes[Int(skipped)...])
      } else {
        let last = xio_find_from_start(bytes.baseAddress, read, options.delimiter, &left)
        bytes = .init(rebasing: bytes[(last < 0 ? read : Int(last) + 1)...])
      }
      try output.write(bytes)
    }
    try output.flush()
    return true
  }

  private mutating func read<Session: TransferSession & ~Copyable>(
    _ input: TailInput, into memory: UnsafeMutableRawBufferPointer, _ session: inout Session
  ) throws(Errno) -> Int {
    let count: Int
    if usesPlainCalls {
      plainCalls += 1
      count = try input.read(into: memory, at: nil)
    } else {
      count = try session.read(input.endpoint(limit: nil), into: memory)
    }
    done.result.bytesRead += Int64(count)
    return count
  }

  /// Prints a stream from where it stands.
  mutating func passOn<Session: TransferSession & ~Copyable>(
    _ input: TailInput, limit: Int64?, _ session: inout Session
  ) throws(TailProblem) {
    var left = limit ?? .max
    let isOffloaded = input.status.kind == .pipe && !isRefused && output.takesOffloads
    if !usesPlainCalls || isOffloaded {
      left -= try transfer(input.endpoint(limit: limit), input, &session)
      // The engine has come to the end, unless it was refused.
      guard usesPlainCalls, isRefused else { return }
    }
    while left > 0 {
      let count = try output.fill(left) { memory throws(TailProblem) in
        do throws(Errno) { return try read(input, into: memory, &session) } catch {
          throw input.problem(error)
        }
      }
      guard count > 0 else { return }
      left -= Int64(count)
      try output.flush()
    }
  }

  /// Reads a stream to its end and prints the last part.
  private mutating func printWindow<Session: TransferSession & ~Copyable>(
    _ input: TailInput, _ session: inout Session
  ) throws(TailProblem) {
    let window = PipeWindow(options.start, delimiter: options.delimiter, memory: options.memory)
    let name = TailInput.name(of: input.path)
    do throws(IOFailure) {
      while true {
        let count = try window.take { memory throws(IOFailure) in
          try System.attempt(.read, name) { () throws(Errno) in
            try read(input, into: memory, &session)
          }
        }
        if count == 0 { break }
      }
    } catch {
      throw TailProblem(error)
    }
    let content: PipeWindow.Content
    do throws(Errno) { content = try window.finish() } catch {
      throw TailProblem(IOFailure(.read, System.temporaryDirectory, error))
    }
    if let spilled = content.spilled {
      try printSpilled(spilled.descriptor, spilled.range, &session)
    }
    for block in content.blocks { try output.write(block) }
  }

  /// Prints what had to be held in a file.
  private mutating func printSpilled<Session: TransferSession & ~Copyable>(
    _ file: FileDescriptor, _ range: Range<Int64>, _ session: inout Session
  ) throws(TailProblem) {
    var offset = range.lowerBound
    if usesEngine(forBytes: range.count) {
      let source = Endpoint(
        descriptor: file, kind: .regular, position: .offset(offset), size: Int64(range.count),
        limit: Int64(range.count))
      offset += try transfer(source, nil, &session)
    }
    while offset < range.upperBound, usesPlainCalls {
      let count = try output.fill(range.upperBound - offset) { memory throws(TailProblem) in
        do throws(Errno) { return try System.read(file, into: memory, at: offset) } catch {
          throw TailProblem(IOFailure(.read, System.temporaryDirectory, error))
        }
      }
      guard count > 0 else { return }
      offset += Int64(count)
    }
  }
}

extension TailOptions.Start {
  /// Where output begins in bytes that are all there is; counted from the beginning it may be behind them.
  func offset(in bytes: UnsafeRawBufferPointer, _ delimiter: UInt8) -> Int64 {
    let end = Int64(bytes.count)
    switch (unit, fromBeginning) {
    case (.bytes, true):
      return Int64(clamping: max(count, 1) - 1)
    case (.bytes, false):
      return max(0, end - Int64(clamping: count))
    case (.lines, true):
      var left = max(count, 1) - 1
      guard left > 0 else { return 0 }
      let found = xio_find_from_start(bytes.baseAddress, bytes.count, delimiter, &left)
      return found < 0 ? end : found + 1
    case (.lines, false):
      guard count > 0 else { return end }
      var left = count
      if bytes.last == delimiter, left < .max { left += 1 }
      return xio_find_from_end(bytes.baseAddress, bytes.count, delimiter, &left) + 1
    }
  }
}
