public import SystemPackage

/// A value that stands for the bytes of an argument or of a file name.
///
/// Strings, paths and byte arrays conform, so that one list of arguments can mix them and a name
/// that is not UTF-8 stays what it is.
public protocol ByteString: Sendable {
  /// The bytes without a terminating zero.
  var rawBytes: [UInt8] { get }
}

extension String: ByteString {
  /// The bytes without a terminating zero.
  public var rawBytes: [UInt8] { Array(utf8) }
}

extension Substring: ByteString {
  /// The bytes without a terminating zero.
  public var rawBytes: [UInt8] { Array(utf8) }
}

extension FilePath: ByteString {
  /// The bytes without a terminating zero.
  public var rawBytes: [UInt8] {
    withPlatformString { name in Array(UnsafeBufferPointer(cStringBytes: name)) }
  }
}

extension Array: ByteString where Element == UInt8 {
  /// The bytes without a terminating zero.
  public var rawBytes: [UInt8] { self }
}

extension FilePath {
  /// Makes a path from raw bytes.
  ///
  /// - Parameter bytes: the path; a zero byte ends it.
  public init(rawBytes bytes: [UInt8]) {
    self = (bytes + [0]).withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { characters in
        characters.baseAddress.map(FilePath.init(platformString:)) ?? FilePath()
      }
    }
  }
}

extension UnsafeBufferPointer where Element == UInt8 {
  fileprivate init(cStringBytes name: UnsafePointer<CChar>) {
    var count = 0
    while name[count] != 0 { count += 1 }
    let bytes = UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self)
    self.init(start: bytes, count: count)
  }
}
