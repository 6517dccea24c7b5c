import Glibc
public import SystemPackage
public import Testing

/// Finds where two files differ.
///
/// - Parameters:
///   - expectedFile: the one.
///   - actualFile: the other.
/// - Returns: the offset of the first byte that differs, the size of the shorter file when one
///   begins with the other, or nil when they are the same.
/// - Throws: `Errno` of open(2) or pread(2).
public func firstDifference(
  _ expectedFile: FilePath, _ actualFile: FilePath
) throws -> Int64? {
  let expected = try FileDescriptor.open(expectedFile, .readOnly, options: [.closeOnExec])
  return try expected.closeAfter {
    let actual = try FileDescriptor.open(actualFile, .readOnly, options: [.closeOnExec])
    return try actual.closeAfter { try firstDifference(expected, actual) }
  }
}

private func firstDifference(
  _ expected: FileDescriptor, _ actual: FileDescriptor
) throws -> Int64? {
  let size = TestDirectory.blockSize
  let ahead = 4 * size
  let expectedBlock = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
  let actualBlock = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
  defer {
    expectedBlock.deallocate()
    actualBlock.deallocate()
  }
  var offset: Int64 = 0
  while true {
    // Files that went past the page cache are read faster with more than the kernel reads ahead.
    if Int(offset) % ahead == 0 {
      for file in [expected, actual] {
        _ = posix_fadvise(file.rawValue, off_t(offset), off_t(2 * ahead), POSIX_FADV_WILLNEED)
      }
    }
    let expectedCount = try fill(expectedBlock, from: expected, at: offset)
    let actualCount = try fill(actualBlock, from: actual, at: offset)
    let common = min(expectedCount, actualCount)
    if !startAlike(expectedBlock, actualBlock, count: common) {
      let index = (0..<common).first { expectedBlock[$0] != actualBlock[$0] } ?? 0
      return offset + Int64(index)
    }
    if expectedCount != actualCount { return offset + Int64(common) }
    if common == 0 { return nil }
    offset += Int64(common)
  }
}

private func startAlike(
  _ left: UnsafeMutableRawBufferPointer, _ right: UnsafeMutableRawBufferPointer, count: Int
) -> Bool {
  guard let leftStart = left.baseAddress, let rightStart = right.baseAddress else { return true }
  return memcmp(leftStart, rightStart, count) == 0
}

private func fill(
  _ block: UnsafeMutableRawBufferPointer, from file: FileDescriptor, at offset: Int64
) throws -> Int {
  var count = 0
  while count < block.count {
    let rest = UnsafeMutableRawBufferPointer(rebasing: block[count...])
    let read = try file.read(fromAbsoluteOffset: offset + Int64(count), into: rest)
    if read == 0 { break }
    count += read
  }
  return count
}

/// Compares as C does: without optimisation arrays are compared byte by byte, with many calls for each.
///
/// - Parameters:
///   - first: some bytes.
///   - second: the others.
/// - Returns: whether they are the same.
public func isSame(_ first: [UInt8], _ second: [UInt8]) -> Bool {
  guard first.count == second.count else { return false }
  return first.withUnsafeBytes { first in
    second.withUnsafeBytes { second in
      guard let one = first.baseAddress, let other = second.baseAddress else { return true }
      return memcmp(one, other, first.count) == 0
    }
  }
}

/// Records an issue with the first differing offset unless two files hold the same bytes.
///
/// - Parameters:
///   - expected: the file that is right.
///   - actual: the file that is tested.
///   - sourceLocation: where the issue is recorded.
/// - Returns: whether they are the same.
/// - Throws: `Errno` of open(2) or pread(2).
@discardableResult
public func expectIdentical(
  _ expected: FilePath, _ actual: FilePath,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> Bool {
  guard let offset = try firstDifference(expected, actual) else { return true }
  let sizes = try (fileSize(expected), fileSize(actual))
  Issue.record(
    """
    \(actual) (\(sizes.1) bytes) differs from \(expected) (\(sizes.0) bytes) \
    from offset \(offset) (0x\(String(offset, radix: 16))) on
    """, sourceLocation: sourceLocation)
  return false
}

/// Returns the size of a file.
///
/// - Parameter file: its path.
/// - Returns: the size in bytes.
/// - Throws: `Errno` of open(2) or lseek(2).
public func fileSize(_ file: FilePath) throws -> Int64 {
  let descriptor = try FileDescriptor.open(file, .readOnly, options: [.closeOnExec])
  return try descriptor.closeAfter { try descriptor.seek(offset: 0, from: .end) }
}
