public import SystemPackage
internal import XIOSystem

/// Buffers of one size, aligned to pages, that operations name by index.
///
/// The memory is touched only where an operation touches it.
public final class BufferPool {
  /// The size of each buffer in bytes.
  public let bufferSize: Int
  /// How many buffers there are.
  public let count: Int
  /// All of the memory.
  let memory: UnsafeMutableRawBufferPointer
  private let stride: Int

  /// Reserves memory.
  ///
  /// - Parameters:
  ///   - count: How many buffers.
  ///   - bufferSize: The size of each in bytes; it is rounded up to whole pages inside.
  ///   - isForDirectIO: Whether devices will transfer to and from it. Then huge pages are worth having:
  ///     a request has one piece of memory and not one for every page.
  /// - Throws: ENOMEM.
  public init(count: Int, bufferSize: Int, isForDirectIO: Bool = false) throws(Errno) {
    self.count = count
    self.bufferSize = bufferSize
    stride = (bufferSize + 4095) & ~4095
    let (total, overflow) = stride.multipliedReportingOverflow(by: count)
    guard !overflow else { throw .noMemory }
    let unit = System.hugePageSize
    memory = try System.mapMemory(
      isForDirectIO ? (total + unit - 1) / unit * unit : total, isHuge: isForDirectIO)
  }

  deinit {
    System.unmapMemory(memory)
  }

  /// The distance in bytes from one buffer to the next.
  var bufferStride: Int { stride }

  /// Memory of a buffer. It stays valid as long as the pool.
  @inline(__always)
  public func bytes(_ slot: Int, _ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
    let start = slot * stride + range.lowerBound
    return UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + range.count])
  }

  /// Lends the bytes that an operation has read into a buffer.
  public func withBytes<Output, Failure: Error>(
    _ slot: Int, _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    let bytes = UnsafeRawBufferPointer(self.bytes(slot, range))
    return try body(bytes.bytes)
  }

  /// Lends a buffer to be filled before it is written.
  public func fill<Output, Failure: Error>(
    _ slot: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try body(bytes(slot, 0..<bufferSize))
  }
}
