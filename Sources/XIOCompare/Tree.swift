internal import SystemPackage
internal import XIOSystem

/// What is met on a walk through a tree.
struct TreeEntry {
  /// The name and the directory it is in, valid during the visit.
  var name: NamePointer, directory: Directory
  /// What it is; symbolic links are not followed.
  var status: EntryStatus
  /// Names from the top down, with slashes; empty for the top.
  var path: [UInt8]
  /// Whether it is a directory whose entries have been visited, too.
  var isAfter: Bool
}

/// Walks through trees, by names in open directories: no path becomes too long, no link leads out.
enum Tree {
  /// Visits a file, or a directory before and after all that is in it, in the order of the names.
  ///
  /// - Parameters:
  ///   - path: The top.
  ///   - follows: Whether the top may be a symbolic link that leads to what is meant.
  ///   - visit: Takes each entry.
  /// - Throws: ``IOFailure``.
  static func walk(
    _ path: FilePath, follows: Bool, _ visit: (TreeEntry) throws(IOFailure) -> Void
  ) throws(IOFailure) {
    let result = path.withPlatformString { name in
      Result { () throws(IOFailure) in
        try step(name, .working, [], follows: follows, top: path, visit)
      }
    }
    try result.get()
  }

  private static func step(
    _ name: NamePointer, _ directory: Directory, _ path: [UInt8], follows: Bool, top: FilePath,
    _ visit: (TreeEntry) throws(IOFailure) -> Void
  ) throws(IOFailure) {
    let place = { top.appending(bytes: path) }
    let status = try System.attempt(.stat, place()) { () throws(Errno) in
      try System.entryStatus(name, in: directory, follows: follows)
    }
    var entry = TreeEntry(
      name: name, directory: directory, status: status, path: path, isAfter: false)
    try visit(entry)
    guard status.kind == .directory else { return }
    let opened = try System.attempt(.open, place()) { () throws(Errno) in
      try System.open(name, in: directory, follows ? [.directory] : [.directory, .noFollow])
    }
    defer { try? System.close(opened) }
    let names = try System.attempt(.read, place()) { () throws(Errno) in try Self.names(in: opened)
    }
    for child in names {
      let below = path + (path.isEmpty ? [] : [UInt8(ascii: "/")]) + child
      let result = (child + [0]).withUnsafeBufferPointer { bytes in
        bytes.withMemoryRebound(to: CChar.self) { characters in
          Result { () throws(IOFailure) in
            guard let name = characters.baseAddress else { return }
            try step(name, Directory(opened), below, follows: false, top: top, visit)
          }
        }
      }
      try result.get()
    }
    entry.isAfter = true
    try visit(entry)
  }

  /// The names in an open directory, sorted.
  ///
  /// - Throws: The error number.
  static func names(in directory: FileDescriptor) throws(Errno) -> [[UInt8]] {
    var names: [[UInt8]] = []
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
    defer { memory.deallocate() }
    while true {
      let count = try System.readEntries(directory, into: memory)
      if count == 0 { break }
      for entry in RawEntries(UnsafeRawBufferPointer(rebasing: memory[..<count])) {
        let length = strlen(entry.name)
        names.append(Array(UnsafeRawBufferPointer(start: entry.name, count: length)))
      }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private static func strlen(_ name: NamePointer) -> Int {
    var length = 0
    while name[length] != 0 { length += 1 }
    return length
  }

  /// Removes a tree, as far as that goes.
  ///
  /// - Throws: ``IOFailure`` of the first thing that could not be removed.
  static func remove(_ path: FilePath) throws(IOFailure) {
    try walk(path, follows: false) { (entry: TreeEntry) throws(IOFailure) in
      let isDirectory = entry.status.kind == .directory
      guard !isDirectory || entry.isAfter else {
        // What was copied may forbid its owner to remove what is in it.
        if entry.status.permissions & 0o700 != 0o700 {
          try? System.setMode(AttributeSubject(entry.name, in: entry.directory), 0o700)
        }
        return
      }
      let place = path.appending(bytes: entry.path)
      try System.attempt(.remove, place) { () throws(Errno) in
        try System.remove(entry.name, in: entry.directory, isDirectory: isDirectory)
      }
    }
  }
}

/// What came out of a run, in a few bytes.
enum OutputDigest {
  private static let blockSize = 1 << 20

  /// The digest of a file or a tree: names, kinds, permissions, sizes, contents, links.
  ///
  /// - Returns: How many bytes of data there are, and the digest.
  /// - Throws: ``IOFailure``.
  static func of(_ path: FilePath) throws(IOFailure) -> (bytes: Int64, text: String) {
    var digest = Digest()
    var bytes: Int64 = 0
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 4096)
    defer { memory.deallocate() }
    try Tree.walk(path, follows: false) { (entry: TreeEntry) throws(IOFailure) in
      if entry.isAfter { return }
      let status = entry.status
      digest.add(entry.path)
      digest.add("\0\(status.mode) \(status.kind == .regular ? status.size : 0)\0".utf8)
      try System.attempt(.read, path) { () throws(Errno) in
        if status.kind == .symbolicLink {
          let link = try System.readLink(entry.name, in: entry.directory)
          link.withUnsafeBytes { digest.add($0) }
        }
        if status.kind == .regular { bytes += try add(entry, memory, &digest) }
      }
    }
    return (bytes, digest.text)
  }

  private static func add(
    _ entry: TreeEntry, _ memory: UnsafeMutableRawBufferPointer, _ digest: inout Digest
  ) throws(Errno) -> Int64 {
    let file = try System.open(entry.name, in: entry.directory, [.readOnly, .noFollow])
    defer { try? System.close(file) }
    var offset: Int64 = 0
    while true {
      if Termination.requested != nil { throw .interrupted }
      let count = try System.read(file, into: memory, at: offset)
      if count == 0 { return offset }
      digest.add(UnsafeRawBufferPointer(rebasing: memory[..<count]))
      offset += Int64(count)
    }
  }
}
