public import SystemPackage

extension FilePath {
  /// The path to what a name leads to, and to nothing else.
  ///
  /// A slash at the end says that a directory is meant, and a path does not keep it; a dot behind it
  /// says the same, and is kept.
  ///
  /// - Parameter name: The bytes of the name.
  public init(name: [UInt8]) {
    let slash = UInt8(ascii: "/")
    let isDirectory = name.last == slash && name.contains { $0 != slash }
    self.init(bytes: isDirectory ? name + [UInt8(ascii: ".")] : name)
  }
}
