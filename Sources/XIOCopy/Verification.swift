internal import Glibc
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Copies compared with their sources (`--verify`).
extension CopyWorker {
  /// Refuses, before anything is overwritten, what could not be verified.
  ///
  /// - Parameters:
  ///   - entry: The names.
  ///   - source: The source: it will be read a second time.
  ///   - target: The target, open for reading, too.
  /// - Throws: ``CopyProblem``.
  func checkVerifiable(
    _ entry: Entry, _ source: OpenSource, _ target: FileDescriptor
  ) throws(CopyProblem) {
    guard let verification = options.verification else { return }
    guard source.kind.isPositional else {
      throw Self.unverifiable(entry.sourcePath, "it cannot be read a second time")
    }
    let kind = try attempt(.stat, entry) { () throws(Errno) in
      try System.entryStatus(target).kind
    }
    guard kind.isPositional else {
      throw Self.unverifiable(entry.targetPath, "it cannot be read back")
    }
    guard verification == .media else { return }
    guard let alignment = try? System.directAlignment(target), alignment.offset <= Comparison.block
    else {
      throw Self.unverifiable(
        entry.targetPath, "the file system does not let the device be read past the page cache",
        hint: "--verify flight compares what the page cache holds")
    }
  }

  private static func unverifiable(
    _ path: FilePath, _ reason: String, hint: String? = nil
  ) -> CopyProblem {
    .io(IOFailure(.verify, path, nil, reason: reason, hint: hint))
  }

  /// Compares a copy with its source, if that was asked for.
  ///
  /// - Throws: ``CopyProblem`` where they differ, where one of them cannot be read, and where the page cache
  ///   answers instead of the device.
  func verify(
    _ entry: Entry, _ source: OpenSource, _ target: OpenTarget, _ pair: CachePair
  ) throws(CopyProblem) {
    guard let verification = options.verification else { return }
    if verification == .media { try leaveToDevice(entry, target) }
    let outcome: Comparison.Outcome
    do throws(IOFailure) {
      outcome = try Comparison.compare(
        Comparison.Side(source.descriptor, entry.sourcePath, pair.source.flags),
        Comparison.Side(
          target.descriptor, entry.targetPath, verification == .media ? [] : pair.target.flags),
        from: 0, to: source.kind == .regular ? data.end : source.size)
    } catch {
      data.distrust(from: 0)
      throw .io(error)
    }
    totals.bytesVerified += outcome.same
    guard let offset = outcome.difference else { return }
    data.distrust(from: offset)
    throw .different(entry.targetPath, source: entry.sourcePath, offset: offset)
  }

  /// Sees to it that what is read of the target next comes from the device.
  private func leaveToDevice(_ entry: Entry, _ target: OpenTarget) throws(CopyProblem) {
    do throws(Errno) {
      // All pages are this copy's own, and have been written.
      if target.kind == .regular {
        try CachePlan.writeOut(target.descriptor, 0..<max(1, data.end))
      }
      try CachePlan.setDirect(target.descriptor, true)
    } catch {
      throw .io(IOFailure(.verify, entry.targetPath, error))
    }
    guard target.kind == .regular, let pages = try? System.cachedPages(target.descriptor) else {
      return
    }
    guard pages.resident == 0 else {
      throw Self.unverifiable(
        entry.targetPath, "\(pages.resident) of its pages do not leave the page cache")
    }
  }
}

/// Bytes of two files, side by side.
enum Comparison {
  /// So many bytes are read at once.
  static let block = 1 << 20

  /// What came out.
  struct Outcome {
    /// How many bytes are the same, from the beginning on.
    var same: Int64
    /// Where the files differ first; nil when they do not.
    var difference: Int64?
  }

  /// One of the files, perhaps open with O_DIRECT.
  struct Side {
    var descriptor: FileDescriptor
    /// The name, for messages.
    var path: FilePath
    /// How reads are to be treated.
    var flags: TransferFlags

    init(_ descriptor: FileDescriptor, _ path: FilePath, _ flags: TransferFlags = []) {
      self.descriptor = descriptor
      self.path = path
      self.flags = flags
    }
  }

  /// Compares a part of two files.
  ///
  /// - Parameters:
  ///   - source: One of them.
  ///   - target: The other one.
  ///   - start: Where the part begins, in bytes: a multiple of what O_DIRECT asks for.
  ///   - end: Where it ends; both must not be shorter.
  /// - Returns: Where they differ.
  /// - Throws: ``IOFailure`` when one cannot be read; EINTR when the program was asked to end.
  static func compare(
    _ source: Side, _ target: Side, from start: Int64, to end: Int64
  ) throws(IOFailure) -> Outcome {
    let memory = try System.attempt(.verify, target.path) { () throws(Errno) in
      try System.mapMemory(2 * block)
    }
    defer { System.unmapMemory(memory) }
    let one = UnsafeMutableRawBufferPointer(rebasing: memory[..<block])
    let other = UnsafeMutableRawBufferPointer(rebasing: memory[block...])
    var at = start
    while at < end {
      let count = Int(min(Int64(block), end - at))
      let first = try System.attempt(.read, source.path) { () throws(Errno) in
        try read(source, one, at, count)
      }
      let second = try System.attempt(.verify, target.path) { () throws(Errno) in
        try read(target, other, at, count)
      }
      let shorter = min(first, second)
      if let index = firstDifference(one, other, shorter) {
        return Outcome(same: at + Int64(index) - start, difference: at + Int64(index))
      }
      at += Int64(shorter)
      if shorter < count { return Outcome(same: at - start, difference: at) }
    }
    return Outcome(same: at - start, difference: nil)
  }

  /// Fills memory as far as the file goes; whole blocks are asked for, as O_DIRECT wants them.
  private static func read(
    _ side: Side, _ memory: UnsafeMutableRawBufferPointer, _ offset: Int64, _ count: Int
  ) throws(Errno) -> Int {
    var done = 0
    while done < count {
      if Termination.requested != nil { throw .interrupted }
      let position = done
      let got = try System.retry { () throws(Errno) in
        try System.read(
          side.descriptor, into: UnsafeMutableRawBufferPointer(rebasing: memory[position...]),
          at: offset + Int64(position), flags: side.flags)
      }
      if got == 0 { break }
      done += got
    }
    return min(done, count)
  }

  private static func firstDifference(
    _ one: UnsafeMutableRawBufferPointer, _ other: UnsafeMutableRawBufferPointer, _ count: Int
  ) -> Int? {
    guard count > 0, let first = one.baseAddress, let second = other.baseAddress,
      memcmp(first, second, count) != 0
    else { return nil }
    return (0..<count).first { one[$0] != other[$0] }
  }
}
