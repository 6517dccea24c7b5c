import CXIOTestSupport

/// A repeatable source of bytes that do not compress and do not repeat.
public struct RandomBytes: Sendable {
  private var state: [UInt64]

  /// Makes a source.
  ///
  /// - Parameter seed: sources of the same seed give the same bytes.
  public init(seed: UInt64) {
    // SplitMix64 spreads small seeds, of which xorshift alone would make similar streams.
    var word = seed
    state = (0..<8).map { _ in
      word &+= 0x9E37_79B9_7F4A_7C15
      var mixed = word
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return (mixed ^ (mixed >> 31)) | 1
    }
  }

  /// Fills a buffer with the next bytes.
  ///
  /// - Parameter buffer: what is filled.
  public mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    xio_test_random_fill(buffer.baseAddress, buffer.count, &state)
  }

  /// Makes an array of the next bytes.
  ///
  /// - Parameter count: how many.
  /// - Returns: the bytes.
  public mutating func next(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBytes { fill($0) }
    return bytes
  }
}
