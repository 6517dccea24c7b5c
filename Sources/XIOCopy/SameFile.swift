internal import SystemPackage
internal import XIOSystem

/// Whether a copy would be of a file to itself, by the rules of GNU's cp.
enum SameFile {
  case different
  /// They are one, and what was asked for is the case already.
  case nothingToDo
  /// They are one, and copying would lose it.
  case same

  /// Judges.
  ///
  /// - Parameters:
  ///   - entry: Both names.
  ///   - status: The source, symbolic links followed as the options say.
  ///   - existing: The target.
  ///   - options: What is to be done.
  /// - Returns: Whether they are one.
  static func judge(
    _ entry: Entry, _ status: EntryStatus, _ existing: EntryStatus,
    _ options: CopyOptions
  ) -> SameFile {
    let target =
      (try? System.entryStatus(entry.targetName, in: entry.target, follows: false)) ?? existing
    let reached =
      (try? System.entryStatus(entry.targetName, in: entry.target, follows: true)) ?? target
    let isSame = status.identity == existing.identity || status.identity == reached.identity
    // Almost always: nothing else needs to be asked.
    if !isSame, status.kind != .symbolicLink { return .different }
    if status.identity == existing.identity, options.product == .hardLink { return .nothingToDo }
    let source =
      (try? System.entryStatus(entry.sourceName, in: entry.source, follows: false)) ?? status
    let areLinks = source.kind == .symbolicLink && target.kind == .symbolicLink
    if options.dereference == .never {
      if areLinks { return judgeLinks(entry, source, target, options) }
    } else {
      if !isSame { return .different }
      if areLinks, options.removesDestination { return .different }
    }
    if options.backup != .none {
      // What is moved away is the target's own name: a source that leads there would dangle.
      guard source.identity == target.identity else {
        let wouldDangle =
          options.dereference != .never && source.kind == .symbolicLink
          && target.kind != .symbolicLink
        return wouldDangle ? .same : .different
      }
      return isSameName(entry) ? .same : .different
    }
    return judgeOverwriting(entry, source, target, options)
  }

  private static func judgeLinks(
    _ entry: Entry, _ source: EntryStatus, _ target: EntryStatus, _ options: CopyOptions
  ) -> SameFile {
    if isSameName(entry) { return .same }
    if options.backup != .none { return .different }
    return source.identity == target.identity ? .nothingToDo : .different
  }

  private static func judgeOverwriting(
    _ entry: Entry, _ source: EntryStatus, _ target: EntryStatus, _ options: CopyOptions
  ) -> SameFile {
    if options.removesDestination {
      if target.kind == .symbolicLink { return .different }
      if source.identity == target.identity, target.links > 1, !isSameName(entry) {
        return .different
      }
    }
    if source.kind != .symbolicLink, target.kind != .symbolicLink {
      if source.identity != target.identity { return .different }
      if options.product == .hardLink { return .nothingToDo }
    }
    // What is made has the name already; that is for the call to say.
    if options.product != .copy, target.kind == .symbolicLink { return .different }
    guard options.dereference == .never else { return .same }
    let ends = [(entry.sourceName, entry.source, source), (entry.targetName, entry.target, target)]
      .map { name, directory, status in
        status.kind == .symbolicLink
          ? try? System.entryStatus(name, in: directory, follows: true).identity : status.identity
      }
    if ends[0] == nil || ends[1] == nil || ends[0] != ends[1] { return .different }
    if options.product == .hardLink {
      return target.kind == .symbolicLink ? .different : .nothingToDo
    }
    return .same
  }

  /// Whether both names are one entry of one directory.
  static func isSameName(_ entry: Entry) -> Bool {
    let source = PathName(entry.sourceName), target = PathName(entry.targetName)
    guard source.last == target.last else { return false }
    return identity(of: source, in: entry.source) == identity(of: target, in: entry.target)
  }

  /// The directory that a name is in.
  static func identity(
    of name: PathName, in directory: Directory
  ) -> EntryStatus.Identity? {
    name.directory.text.withName {
      try? System.entryStatus($0, in: directory, follows: true).identity
    }
  }
}

extension PathName {
  /// Takes a name of a system call.
  init(_ pointer: NamePointer) {
    var bytes: [UInt8] = []
    var index = 0
    while pointer[index] != 0 {
      bytes.append(UInt8(bitPattern: pointer[index]))
      index += 1
    }
    self.init(bytes)
  }
}
