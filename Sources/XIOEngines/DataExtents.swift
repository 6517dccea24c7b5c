public import SystemPackage
internal import XIOSystem

/// The parts of a file that hold data, one after the other, as its map or its bytes tell.
public struct DataExtents {
  /// How parts are told from holes.
  public enum Means {
    /// All of the file is data.
    case none
    /// The file system knows its holes.
    case map
    /// Blocks of zeros are holes. The memory is for reading.
    case zeros(UnsafeMutableRawBufferPointer)
  }

  /// What zeros are looked for in; smaller holes are none for most file systems.
  public static let unit: Int64 = 4096

  private let descriptor: FileDescriptor
  private let size: Int64
  private let means: Means
  private var position: Int64

  /// Takes a file.
  ///
  /// - Parameters:
  ///   - descriptor: The file.
  ///   - size: Its size in bytes when the copy began: the walk ends there, whatever becomes of the file.
  ///   - means: How holes are found.
  ///   - position: Where the walk begins, in bytes.
  public init(_ descriptor: FileDescriptor, size: Int64, _ means: Means, from position: Int64 = 0) {
    self.position = position
    self.descriptor = descriptor
    self.size = size
    self.means = means
  }

  /// The next part, in bytes; nil when only a hole is left. Each begins beyond the end of the last.
  ///
  /// - Throws: The error number.
  public mutating func next() throws(Errno) -> Range<Int64>? {
    guard position < size else { return nil }
    var found: Range<Int64>?
    switch means {
    case .none: found = position..<size
    case .map: found = try mapped()
    case .zeros(let memory): found = try scanned(memory)
    }
    position = found?.upperBound ?? size
    return found
  }

  private func mapped() throws(Errno) -> Range<Int64>? {
    let start: Int64
    do throws(Errno) {
      start = max(position, try System.dataOffset(descriptor, from: position))
    } catch {
      if error == .noSuchAddressOrDevice {
        // tmpfs does not find data in the last page that a file can have.
        let last = max(position, Int64.max / Self.unit * Self.unit)
        return last < size ? last..<size : nil
      }
      guard error == .invalidArgument || error == .notSupported else { throw error }
      return position..<size
    }
    guard start < size else { return nil }
    var end = size
    do throws(Errno) {
      end = try System.holeOffset(descriptor, from: start)
    } catch {
      guard error == .noSuchAddressOrDevice else { throw error }
    }
    // The map can change between the calls: what was data and seems to be a hole now is read, or the
    // walk would not get on.
    return start..<(end > start ? min(end, size) : start + min(Self.unit, size - start))
  }

  private func scanned(_ memory: UnsafeMutableRawBufferPointer) throws(Errno) -> Range<Int64>? {
    var start: Int64?
    var at = position
    while at < size {
      let count = try readFully(memory, at: at)
      // A file that has become shorter ends here.
      if count == 0 { break }
      var offset = 0
      while offset < count {
        let length = min(Int(Self.unit), count - offset)
        let isZero = Self.isZero(
          UnsafeRawBufferPointer(rebasing: memory[offset..<offset + length]))
        let here = at + Int64(offset)
        if isZero, let start { return start..<here }
        if !isZero, start == nil { start = here }
        offset += length
      }
      at += Int64(count)
    }
    return start.map { $0..<max($0, min(at, size)) }
  }

  private func readFully(
    _ memory: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(Errno) -> Int {
    var done = 0
    var repetition = Repetition()
    while done < memory.count {
      do throws(Errno) {
        let count = try System.read(
          descriptor, into: UnsafeMutableRawBufferPointer(rebasing: memory[done...]),
          at: offset + Int64(done))
        if count == 0 { break }
        done += count
      } catch {
        guard repetition.isDue(after: error) else { throw error }
      }
    }
    return Int(min(Int64(done), size - offset))
  }

  /// Whether there is no bit in some bytes.
  public static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let words = bytes.count / 8
    for index in 0..<words
    where bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) != 0 {
      return false
    }
    return bytes[(words * 8)...].allSatisfy { $0 == 0 }
  }
}
