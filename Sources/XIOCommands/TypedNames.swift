internal import SystemPackage
internal import XIOSystem

/// Names of files as they stand on the command line: a path keeps neither doubled slashes nor one at its end,
/// and a message is to show what somebody has typed.
struct TypedNames {
  /// The names of this process.
  static let here = TypedNames((0..<ProcessArguments.count).compactMap(ProcessArguments.bytes))

  /// Names that are not what their path is, by that.
  private let names: [FilePath: [UInt8]]
  /// Paths that say of a directory that it is one; names in it do not begin with them.
  private let places: Set<FilePath>

  /// Takes the words of a command line.
  init(_ words: [[UInt8]]) {
    var names: [FilePath: [UInt8]] = [:]
    var several: Set<FilePath> = []
    var places: Set<FilePath> = []
    for word in words {
      let name = Self.name(in: word)
      let plain = FilePath(bytes: name)
      for path in [plain, FilePath(name: name)] where !path.components.isEmpty {
        if path != plain { places.insert(path) }
        if let other = names[path], other != name { several.insert(path) }
        names[path] = name
      }
    }
    self.places = places
    // What was typed in several ways is shown in none of them.
    self.names = names.filter { !several.contains($0.key) && $0.value != $0.key.bytes }
  }

  /// The value of a long option, or all of a word.
  private static func name(in word: [UInt8]) -> [UInt8] {
    guard word.starts(with: "--".utf8), let sign = word.firstIndex(of: UInt8(ascii: "=")) else {
      return word
    }
    return Array(word[(sign + 1)...])
  }

  /// A name as it was typed, or in a directory as that was typed.
  func bytes(of path: FilePath) -> [UInt8] {
    if names.isEmpty { return path.bytes }
    if let name = names[path] { return name }
    var directory = path
    while directory.removeLastComponent() {
      guard var name = names[directory], !places.contains(directory) else { continue }
      while name.last == UInt8(ascii: "/") { name.removeLast() }
      return name + path.bytes.dropFirst(directory.length)
    }
    return path.bytes
  }
}
