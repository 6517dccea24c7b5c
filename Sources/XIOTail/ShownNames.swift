public import SystemPackage

/// How names of files are shown.
public struct ShownNames {
  /// A name as messages show it in the middle of a sentence.
  public var quote: (FilePath) -> String
  /// A name as messages show it in front of a colon.
  public var mention: (FilePath) -> String
  /// The bytes of a name, as a header has them.
  public var bytes: (FilePath) -> [UInt8]

  /// Takes what makes names what is shown.
  public init(
    quote: @escaping (FilePath) -> String, mention: @escaping (FilePath) -> String,
    bytes: @escaping (FilePath) -> [UInt8]
  ) {
    self.quote = quote
    self.mention = mention
    self.bytes = bytes
  }

  /// What a header names.
  func title(_ path: FilePath) -> [UInt8] {
    path == Tail.standardStream ? Array("standard input".utf8) : bytes(path)
  }

  /// A name as it begins a message; standard input has one, too.
  func subject(_ path: FilePath) -> String {
    mention(TailInput.name(of: path))
  }
}
