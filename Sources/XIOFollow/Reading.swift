internal import Glibc
public import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// What came of reading a file on.
public enum ReadFinding {
  /// New bytes, by their place in the buffer.
  case data(Range<Int>)
  /// Nothing new.
  case nothing
  /// The file was cut or written anew: it is read again from its beginning, or behind a hole.
  case again
  /// It cannot be known whether the file was cut or written anew, because reading fails.
  case failed(Errno)
}

/// Whether the bytes that were read before are still there.
enum Recognition: Equatable {
  case same, other, unknown(Errno)
}

/// Reading on, and noticing when what was read is not there any more.
extension Generation {
  /// How many bytes before ``offset`` are compared with what was read before.
  public static let markerSize = 64
  /// The least that the page cache drops, or takes in, as a whole.
  private static let pageSize: Int64 = 4096

  /// Sets where reading begins.
  ///
  /// - Parameter start: The first byte to deliver.
  public func begin(at start: Int64) {
    offset = start
    guard let descriptor, kind == .regular, start > 0 else { return }
    let count = Int(min(Int64(Self.markerSize), start))
    marker = (try? Self.bytes(descriptor, at: start - Int64(count), count)) ?? []
  }

  /// Begins at the beginning once more, as if nothing had been read.
  func readAnew() {
    epoch += 1
    (offset, marker) = (0, [])
    forgetDelivery()
    isDirty = true
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
    let finding = find(memory, range)
    if case .failed = finding { return finding }
    cannotBeRead = false
    return finding
  }

  private func find(_ memory: UnsafeRawBufferPointer, _ range: Range<Int>) -> ReadFinding {
    let count = marker.count
    guard range.count >= count else {
      restart(wasCut: true)
      return .again
    }
    let start = range.lowerBound
    guard hasMarker(memory, at: start) else {
      restart()
      return .again
    }
    guard range.count > count else {
      // An offset without a marker has nothing to be compared with; its file may have been cut.
      guard count == 0, isCut else { return .nothing }
      restart(wasCut: true)
      return .again
    }
    // A read takes its time: the file may have been cut and written anew between the bytes that were compared
    // and the new ones.
    switch wasThereTogether(range.count) ? .same : recognition() {
    case .same: break
    case .other:
      restart()
      return .again
    case .unknown(let errno): return .failed(errno)
    }
    let reached = offset + Int64(range.count - count)
    seenSize = max(seenSize, reached)
    peakSize = max(peakSize, reached)
    return withoutZeros(memory, start + count..<range.upperBound)
  }

  /// Whether what a read has brought was copied from one state of the file.
  private func wasThereTogether(_ count: Int) -> Bool {
    readsOneSize
      && readOffset / Self.pageSize == (readOffset + Int64(count) - 1) / Self.pageSize
  }

  /// Whether the bytes at `start` are those of ``marker``.
  private func hasMarker(_ memory: UnsafeRawBufferPointer, at start: Int) -> Bool {
    marker.withUnsafeBytes { marker in
      guard let expected = marker.baseAddress, let found = memory.baseAddress else { return true }
      return memcmp(expected, found + start, marker.count) == 0
    }
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
    guard marker.count == Self.markerSize else {
      marker = Array((marker + Array(bytes)).suffix(Self.markerSize))
      return
    }
    let last = UnsafeRawBufferPointer(rebasing: bytes.suffix(Self.markerSize))
    marker.withUnsafeMutableBytes { marker in
      let kept = UnsafeRawBufferPointer(rebasing: marker[last.count...])
      marker.copyMemory(from: kept)
      UnsafeMutableRawBufferPointer(rebasing: marker[kept.count...]).copyMemory(from: last)
    }
  }

  /// Whether the file ends before ``offset`` by now.
  private var isCut: Bool {
    guard offset > 0, let descriptor, let status = try? System.nameStatus(descriptor) else {
      return false
    }
    return status.size < offset
  }

  /// Begins again at the beginning of a file whose former bytes are gone.
  ///
  /// - Parameter wasCut: Whether it is known to have ended before ``offset``; it is looked for otherwise.
  func restart(wasCut: Bool = false) {
    let lost = max(0, peakSize - offset - inFlight)
    source.counts.truncations += 1
    if wasCut || isCut {
      source.counts.bytesLostByTruncation += lost
    } else {
      source.counts.bytesLostByRewriting += lost
    }
    epoch += 1
    forgetDelivery()
    offset = 0
    marker = []
    heldBackSince = nil
    skipsZeros = true
    peakSize = 0
    isDirty = true
    source.watcher.onRestart(self, lost)
  }

  /// Whether the bytes before ``offset`` are those that were read.
  func recognition() -> Recognition {
    guard !marker.isEmpty, let descriptor else { return .same }
    return withUnsafeTemporaryAllocation(byteCount: marker.count, alignment: 1) { memory in
      do throws(Errno) {
        let count = try System.read(descriptor, into: memory, at: readOffset)
        let isSame =
          count == marker.count && hasMarker(UnsafeRawBufferPointer(memory), at: 0)
        return isSame ? .same : .other
      } catch {
        return .unknown(error)
      }
    }
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

  /// Whether the file ends elsewhere than where reading has come to. One of the same size that was
  /// written anew is found by ``look(_:)`` and by the next read.
  var differsInSize: Bool {
    guard let descriptor, let status = try? System.nameStatus(descriptor) else { return true }
    return status.size != offset
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
