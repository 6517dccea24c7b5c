internal import FoundationEssentials
public import SystemPackage

/// The name of a file in a report: a string, or bytes in base64 where it is no valid UTF-8.
public struct FileName: Codable, Sendable, Hashable {
  private let bytes: [UInt8]

  /// Takes a path as it was given.
  public init(_ path: FilePath) {
    bytes = path.withPlatformString { pointer in
      Array(UnsafeRawBufferPointer(start: pointer, count: path.length))
    }
  }

  /// Takes the bytes of a name.
  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Decodes what ``encode(to:)`` has made.
  ///
  /// - Throws: What the decoder throws.
  public init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      bytes = Array(text.utf8)
      return
    }
    let text = try decoder.container(keyedBy: Keys.self).decode(String.self, forKey: .bytes)
    bytes = Data(base64Encoded: text).map(Array.init) ?? []
  }

  private enum Keys: String, CodingKey {
    case bytes
  }

  /// The name as it was given.
  public var rawBytes: [UInt8] { bytes }

  /// The name as text, with a mark in place of what is not valid.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Encodes the string, or an object with the bytes.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    if let valid = String(validating: bytes, as: UTF8.self) {
      var container = encoder.singleValueContainer()
      try container.encode(valid)
    } else {
      var container = encoder.container(keyedBy: Keys.self)
      try container.encode(Data(bytes).base64EncodedString(), forKey: .bytes)
    }
  }
}
