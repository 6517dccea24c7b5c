public import SystemPackage

extension FilePath {
  /// Makes a path of bytes as they are: a name need not be UTF-8.
  ///
  /// - Parameter bytes: All of them, without a zero among them.
  public init(bytes: [UInt8]) {
    self = (bytes + [0]).withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { characters in
        characters.baseAddress.map { FilePath(platformString: $0) } ?? FilePath()
      }
    }
  }

  /// The bytes of the path.
  public var bytes: [UInt8] {
    withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: length)) }
  }

  /// The path of something below, whose name is bytes as they are; the same path for no bytes.
  ///
  /// - Parameter below: One name, or several with slashes between them.
  /// - Returns: This path, a slash and those names.
  public func appending(bytes below: [UInt8]) -> FilePath {
    below.isEmpty ? self : FilePath(bytes: bytes + [UInt8(ascii: "/")] + below)
  }
}
