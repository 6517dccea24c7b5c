internal import SystemPackage
internal import XIOFollow

/// The words for what happens to names, which are GNU's.
struct FollowMessages {
  let names: ShownNames
  /// Whether a name that leads to what cannot be followed is kept.
  let waitsForChange: Bool

  /// What happened, without the program's name.
  func text(_ path: FilePath, _ change: NameChange) -> String {
    let name = names.quote(path)
    switch change {
    case .inaccessible(let errno): return "\(name) has become inaccessible: \(errno)"
    case .untailable:
      return "\(name) has been replaced with an untailable file"
        + (waitsForChange ? "" : "; giving up on this name")
    case .appeared: return "\(name) has appeared;  following new file"
    case .replaced: return "\(name) has been replaced;  following new file"
    case .accessible: return "\(name) has become accessible"
    }
  }
}
