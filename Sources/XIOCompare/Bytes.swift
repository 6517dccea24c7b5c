internal import SystemPackage

extension FilePath {
  /// A path of bytes as they are.
  init(bytes: [UInt8]) {
    self = (bytes + [0]).withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { characters in
        characters.baseAddress.map { FilePath(platformString: $0) } ?? FilePath()
      }
    }
  }

  /// The bytes of the path.
  var bytes: [UInt8] {
    withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: length)) }
  }

  /// The path of something below, whose name is bytes as they are; the same path for no bytes.
  func appending(bytes below: [UInt8]) -> FilePath {
    below.isEmpty ? self : FilePath(bytes: bytes + [UInt8(ascii: "/")] + below)
  }
}
