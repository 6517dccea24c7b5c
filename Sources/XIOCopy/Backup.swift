internal import Glibc
internal import SystemPackage
internal import XIOSystem

/// Keeps what is in the way under another name.
enum Backup {
  /// Renames what is in the way.
  ///
  /// - Parameters:
  ///   - entry: The names; the target is what is kept.
  ///   - status: The source.
  ///   - options: How.
  /// - Returns: The new name, for messages; nil when there was nothing any more.
  /// - Throws: ``CopyProblem`` when that fails, or would give the source away.
  static func make(
    _ entry: Entry, _ status: EntryStatus, _ options: CopyOptions
  ) throws(CopyProblem) -> FilePath? {
    let target = PathName(entry.targetName)
    let name: PathName
    do throws(Errno) {
      name = Self.name(target, try suffix(target, in: entry.target, options), options)
    } catch {
      throw .io(IOFailure(.backup, entry.targetPath, error))
    }
    let path = name.text.withName { Entry.path(entry.parent?.targetPath, $0) }
    if wouldDestroy(entry, status, name, options) {
      throw .backupWouldDestroy(entry.targetPath, source: entry.sourcePath)
    }
    do throws(Errno) {
      try name.text.withName { (name) throws(Errno) in
        if options.appearsWhole, status.kind != .directory,
          try addName(entry, name, options)
        {
          return
        }
        try System.rename(
          entry.targetName, in: entry.target, to: name, in: entry.target,
          replaces: options.backup != .numbered)
      }
      return path
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw .io(IOFailure(.backup, entry.targetPath, error))
    }
  }

  /// Gives what is in the way the name of its backup besides its own, which its successor takes over.
  ///
  /// - Returns: Whether the file system can do that.
  private static func addName(
    _ entry: Entry, _ name: NamePointer, _ options: CopyOptions
  ) throws(Errno) -> Bool {
    let directory = PathName(entry.targetName).directory
    let temporary =
      entry.isOperand
      ? directory.appending(TemporaryName.next()) : PathName(TemporaryName.next())
    return try temporary.text.withName { (temporary) throws(Errno) in
      do throws(Errno) {
        try System.makeLink(
          entry.targetName, in: entry.target, to: temporary, in: entry.target, follows: false)
      } catch {
        if error == .noSuchFileOrDirectory { throw error }
        return false
      }
      // Of two names of one file none is renamed, and this one stays.
      defer { try? System.remove(temporary, in: entry.target) }
      try System.rename(
        temporary, in: entry.target, to: name, in: entry.target,
        replaces: options.backup != .numbered)
      return true
    }
  }

  /// A simple backup of the target would take the name that the source has.
  private static func wouldDestroy(
    _ entry: Entry, _ status: EntryStatus, _ name: PathName, _ options: CopyOptions
  ) -> Bool {
    guard options.backup != .numbered else { return false }
    let source = PathName(entry.sourceName)
    guard source.last == name.last else { return false }
    let found = name.text.withName {
      try? System.entryStatus($0, in: entry.target, follows: false).identity
    }
    return found == status.identity
  }

  /// The name of the backup.
  ///
  /// One that would be too long is cut to one `~`, unless exactly the suffix was asked for.
  private static func name(
    _ target: PathName, _ suffix: [UInt8], _ options: CopyOptions
  ) -> PathName {
    let (whole, length) = (target.stripped.bytes, target.last.count)
    // GNU's tools leave one byte.
    let longest = Int(NAME_MAX) - 1
    guard length + suffix.count > longest, options.backup != .simple else {
      return PathName(whole + suffix)
    }
    let excess = max(0, length + 1 - longest)
    return PathName(whole.dropLast(excess) + [UInt8(ascii: "~")])
  }

  /// What is added to the name.
  static func suffix(
    _ target: PathName, in directory: Directory, _ options: CopyOptions
  ) throws(Errno) -> [UInt8] {
    guard options.backup == .numbered || options.backup == .existing else {
      return Array(options.suffix.utf8)
    }
    let highest = try highestNumber(target, in: directory)
    if highest == 0, options.backup == .existing { return Array(options.suffix.utf8) }
    return Array(".~\(highest + 1)~".utf8)
  }

  /// The highest number of the backups that are there.
  private static func highestNumber(
    _ target: PathName, in directory: Directory
  ) throws(Errno) -> UInt64 {
    let opened = try target.directory.text.withName { (name) throws(Errno) in
      try System.open(name, in: directory, [.readOnly, .directory])
    }
    defer { try? System.close(opened) }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 15, alignment: 16)
    defer { memory.deallocate() }
    let prefix = target.last + Array(".~".utf8)
    var highest: UInt64 = 0
    while true {
      let count = try System.readEntries(opened, into: memory)
      if count == 0 { return highest }
      for entry in RawEntries(UnsafeRawBufferPointer(rebasing: memory[..<count])) {
        let name = PathName(entry.name).bytes
        guard name.starts(with: prefix), name.last == UInt8(ascii: "~"),
          name.count > prefix.count + 1
        else { continue }
        let digits = name[prefix.count..<(name.count - 1)]
        guard digits.allSatisfy({ (48...57).contains($0) }), digits.first != 48 else { continue }
        highest = max(highest, UInt64(String(decoding: digits, as: UTF8.self)) ?? 0)
      }
    }
  }
}
