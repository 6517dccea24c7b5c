public import SystemPackage
internal import XIOEngines
public import XIOSystem

/// What came of reading a file on.
public enum ReadFinding {
  /// New bytes, by their place in the buffer.
  case data(Range<Int>)
  /// Nothing new.
  case nothing
  /// The file was cut or written anew: it is read again from its beginning, or behind a hole.
  case again
}

/// Reading on, and noticing when what was read is not there any more.
extension Generation {
  /// How many bytes before ``offset`` are compared with what was read before.
  public static let markerSize = 64

  /// Sets where reading begins.
  ///
  /// - Parameter start: The first byte to deliver.
  public func begin(at start: Int64) {
    offset = start
    guard let descriptor, kind == .regular, start > 0 else { return }
    let count = Int(min(Int64(Self.markerSize), start))
    marker = (try? Self.bytes(descriptor, at: start - Int64(count), count)) ?? []
  }

  /// Where the next read begins in the file: before ``offset``, by the size of ``marker``.
  public var readOffset: Int64 { offset - Int64(marker.count) }

  /// Finds out what a read has brought.
  ///
  /// - Parameters:
  ///   - memory: The buffer.
  ///   - range: The bytes of the buffer that were read from ``readOffset`` on.
  /// - Returns: What is new.
  public func examine(_ memory: UnsafeRawBufferPointer, _ range: Range<Int>) -> ReadFinding {
    let count = marker.count
    guard range.count >= count else {
      restart(wasCut: true)
      return .again
    }
    let start = range.lowerBound
    guard count == 0 || marker.withUnsafeBytes({ $0.elementsEqual(memory[start..<start + count]) })
    else {
      restart(wasCut: false)
      return .again
    }
    guard range.count > count else {
      // An offset without a marker has nothing to be compared with; its file may have been cut.
      if count == 0, offset > 0, let descriptor,
        let status = try? System.nameStatus(descriptor), status.size < offset
      {
        restart(wasCut: true)
        return .again
      }
      return .nothing
    }
    let reached = offset + Int64(range.count - count)
    seenSize = max(seenSize, reached)
    peakSize = max(peakSize, reached)
    return withoutZeros(memory, start + count..<range.upperBound)
  }

  /// A writer that goes on at its old offset after a cut leaves a hole before its next line.
  private func withoutZeros(_ memory: UnsafeRawBufferPointer, _ range: Range<Int>) -> ReadFinding {
    guard skipsZeros else { return .data(range) }
    guard memory[range.lowerBound] == 0 else {
      skipsZeros = false
      return .data(range)
    }
    let zeros = memory[range].prefix { $0 == 0 }.count
    var passed = Int64(zeros)
    if zeros == range.count, let descriptor,
      let data = try? System.dataOffset(descriptor, from: offset)
    {
      passed = max(passed, data - offset)
    }
    source.counts.holeBytes += passed
    offset += passed
    marker = []
    return .again
  }

  /// Takes note of bytes that were delivered.
  ///
  /// - Parameter bytes: All of them, in the order of the file.
  public func advance(over bytes: UnsafeRawBufferPointer) {
    offset += Int64(bytes.count)
    if bytes.count >= Self.markerSize, marker.count == Self.markerSize {
      let last = UnsafeRawBufferPointer(rebasing: bytes.suffix(Self.markerSize))
      marker.withUnsafeMutableBytes { $0.copyMemory(from: last) }
    } else {
      marker = Array((marker + Array(bytes)).suffix(Self.markerSize))
    }
  }

  /// Begins again at the beginning of a file whose former bytes are gone.
  func restart(wasCut: Bool) {
    let lost = max(0, peakSize - offset - inFlight)
    source.counts.truncations += 1
    if wasCut {
      source.counts.bytesLostByTruncation += lost
    } else {
      source.counts.bytesLostByRewriting += lost
    }
    epoch += 1
    offset = 0
    marker = []
    heldBackSince = nil
    skipsZeros = true
    peakSize = 0
    isDirty = true
    source.watcher?.onRestart(self, lost)
  }

  /// Whether the bytes before ``offset`` are those that were read.
  func recognises() -> Bool {
    guard !marker.isEmpty, let descriptor else { return true }
    return (try? Self.bytes(descriptor, at: readOffset, marker.count)) == marker
  }

  private static func bytes(
    _ descriptor: FileDescriptor, at offset: Int64, _ count: Int
  ) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let result = bytes.withUnsafeMutableBytes { memory in
      Result { () throws(Errno) in try System.read(descriptor, into: memory, at: offset) }
    }
    return Array(bytes.prefix(try result.get()))
  }

  /// Whether a file has more than was delivered, asked right now.
  public var hasMore: Bool {
    guard let descriptor, kind == .regular, let status = try? System.nameStatus(descriptor) else {
      return false
    }
    look(status)
    return status.size > offset
  }
}
