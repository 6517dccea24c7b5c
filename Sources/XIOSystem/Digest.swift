internal import CXIO
internal import Glibc

/// A digest of bytes in their order, however they are cut. It finds differences, not forgeries.
public struct Digest: Sendable {
  private var state = xio_digest()

  /// Nothing has come yet.
  public init() {}

  /// Takes bytes in.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    xio_digest_add(&state, bytes.baseAddress, bytes.count)
  }

  /// Takes bytes in.
  public mutating func add(_ bytes: some Collection<UInt8>) {
    Array(bytes).withUnsafeBytes { add($0) }
  }

  /// How many bytes have come.
  public var count: UInt64 { state.count }

  /// The digest as a number.
  public var value: UInt64 {
    var state = state
    return xio_digest_value(&state)
  }

  /// The digest in hexadecimal.
  public var text: String { value.hexadecimal }
}

/// A digest of lines, whatever their order. It finds differences, not forgeries.
public struct LineDigest: Sendable {
  private let delimiter: UInt8
  private var line = Digest()
  private var sum: UInt64 = 0
  /// How many bytes have come.
  public private(set) var count: UInt64 = 0

  /// Nothing has come yet.
  ///
  /// - Parameter delimiter: What ends a line.
  public init(delimiter: UInt8) {
    self.delimiter = delimiter
  }

  /// Takes bytes in, which may end within a line.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    count += UInt64(bytes.count)
    var rest = bytes
    while let start = rest.baseAddress, let end = memchr(start, Int32(delimiter), rest.count) {
      let size = UnsafeRawPointer(end) - start + 1
      line.add(UnsafeRawBufferPointer(rebasing: rest[..<size]))
      sum &+= line.value
      line = Digest()
      rest = UnsafeRawBufferPointer(rebasing: rest[size...])
    }
    line.add(rest)
  }

  /// The digest in hexadecimal; what has no end is a line, too.
  public var text: String { (line.count > 0 ? sum &+ line.value : sum).hexadecimal }
}

extension UInt64 {
  fileprivate var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
