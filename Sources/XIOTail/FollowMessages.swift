internal import SystemPackage
internal import XIOFollow

/// The words for what happens to names, which are GNU's.
struct FollowMessages {
  let quote: (FilePath) -> String, mention: (FilePath) -> String
  let retries: Bool

  /// What happened, without the program's name.
  func text(_ path: FilePath, _ change: NameChange) -> String {
    let name = quote(path)
    switch change {
    case .inaccessible(let errno): return "\(name) has become inaccessible: \(errno)"
    case .untailable:
      return "\(name) has been replaced with an untailable file"
        + (retries ? "" : "; giving up on this name")
    case .appeared: return "\(name) has appeared;  following new file"
    case .replaced: return "\(name) has been replaced;  following new file"
    case .accessible: return "\(name) has become accessible"
    }
  }

  /// A name as it begins a message; standard input has one, too.
  func name(_ path: FilePath) -> String { path == "-" ? "standard input" : mention(path) }

  /// The bytes of a name in a header.
  static func title(_ path: FilePath) -> [UInt8] {
    guard path != "-" else { return Array("standard input".utf8) }
    return path.withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: path.length)) }
  }
}
