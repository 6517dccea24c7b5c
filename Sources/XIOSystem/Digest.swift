internal import CXIO

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

  /// The digest in hexadecimal.
  public var text: String {
    var state = state
    let digits = String(xio_digest_value(&state), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
