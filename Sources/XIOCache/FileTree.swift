internal import SystemPackage
internal import XIOSystem

/// A file that was found, open for reading.
struct FoundFile {
  var path: FilePath
  var descriptor: FileDescriptor
  var status: EntryStatus
}

/// Finds the files that operands stand for, one after the other.
///
/// Names in a tree are looked up in open directories, and symbolic links there are not followed. However deep
/// a tree is, no more than ``openDirectories`` of its directories are open, and have a buffer, at a time.
struct FileTree {
  /// How many directories are open at most.
  static let openDirectories = 64
  private static let bufferSize = 32 << 10

  let isRecursive: Bool
  /// Told of every file.
  let onFile: (FoundFile) -> Void
  /// Told of what cannot be looked at.
  let onFailure: (IOFailure) -> Void

  /// A directory that is being gone through.
  private final class Level {
    let identity: EntryStatus.Identity
    /// The length of its path in bytes.
    let pathLength: Int
    private(set) var descriptor: FileDescriptor?
    private var buffer: UnsafeMutableRawBufferPointer?
    private var entries = RawEntries(UnsafeRawBufferPointer(start: nil, count: 0))
    /// Where the next entry begins, for when it is opened again.
    private var position: Int64 = 0

    init(_ descriptor: FileDescriptor, _ identity: EntryStatus.Identity, pathLength: Int) {
      self.descriptor = descriptor
      self.identity = identity
      self.pathLength = pathLength
    }

    deinit { close() }

    func close() {
      buffer?.deallocate()
      buffer = nil
      entries = RawEntries(UnsafeRawBufferPointer(start: nil, count: 0))
      if let descriptor { try? System.close(descriptor) }
      descriptor = nil
    }

    /// Goes on in a directory that was closed.
    func reopen(_ opened: FileDescriptor) throws(Errno) {
      try System.setPosition(opened, to: position)
      descriptor = opened
    }

    func next() throws(Errno) -> RawEntry? {
      guard let descriptor else { return nil }
      while true {
        if let entry = entries.next() {
          position = entry.nextPosition
          return entry
        }
        let memory =
          buffer ?? .allocate(byteCount: FileTree.bufferSize, alignment: 16)
        buffer = memory
        let count = try System.readEntries(descriptor, into: memory)
        if count == 0 { return nil }
        entries = RawEntries(UnsafeRawBufferPointer(rebasing: memory[..<count]))
      }
    }
  }

  /// Finds what a name stands for; a symbolic link that is an operand is followed.
  func visit(_ path: FilePath) {
    do throws(IOFailure) {
      let status = try System.attempt(.stat, path) { () throws(Errno) in
        try path.withEntryName { (name) throws(Errno) in
          try System.entryStatus(name, in: .working, follows: true)
        }
      }
      switch status.kind {
      case .directory where isRecursive: try walk(path)
      case .directory:
        throw IOFailure(.openForReading, path, .isDirectory, hint: "use -r for all files below it")
      case .regular, .blockDevice:
        let opened = try System.attempt(.openForReading, path) { () throws(Errno) in
          try System.open(path, [.readOnly, .nonBlocking, .noTerminal])
        }
        pass(FoundFile(path: path, descriptor: opened, status: status))
      default:
        throw IOFailure(
          .prepare, path, nil,
          reason: "a \(status.kind.rawValue) has no pages of its own in the page cache")
      }
    } catch {
      onFailure(error)
    }
  }

  private func pass(_ file: FoundFile) {
    var file = file
    defer { try? System.close(file.descriptor) }
    do throws(Errno) {
      // What is open may be another file than what was looked at.
      file.status = try System.entryStatus(file.descriptor)
      guard file.status.kind.isPositional else { return }
    } catch {
      return onFailure(IOFailure(.stat, file.path, error))
    }
    onFile(file)
  }

  private func walk(_ root: FilePath) throws(IOFailure) {
    let opened = try System.attempt(.openForReading, root) { () throws(Errno) in
      try System.open(root, [.readOnly, .directory])
    }
    var path = PathBytes(root)
    var levels: [Level] = []
    try push(opened, &levels, path)
    while let level = levels.last, Termination.requested == nil {
      path.cut(to: level.pathLength)
      do throws(Errno) {
        guard let entry = try level.next() else {
          try pop(&levels)
          continue
        }
        path.append(entry.name)
        try visit(entry, in: level, &levels, path)
      } catch {
        onFailure(IOFailure(.read, path.filePath, error))
        level.close()
        levels.removeLast()
        // Above it there may be some that only it led back to.
        while let last = levels.last, last.descriptor == nil { levels.removeLast() }
      }
    }
  }

  private func visit(
    _ entry: RawEntry, in level: Level, _ levels: inout [Level], _ path: PathBytes
  ) throws(Errno) {
    guard let descriptor = level.descriptor else { return }
    let directory = Directory(descriptor)
    do throws(IOFailure) {
      let known = entry.kind
      let kind = try System.attempt(.stat, path.filePath) { () throws(Errno) in
        if let known { return known }
        return try System.entryStatus(entry.name, in: directory, follows: false).kind
      }
      guard kind == .regular || kind == .directory else { return }
      let flags: OpenFlags =
        kind == .directory ? [.directory, .noFollow] : [.nonBlocking, .noTerminal, .noFollow]
      let opened = try System.attempt(.openForReading, path.filePath) { () throws(Errno) in
        try System.open(entry.name, in: directory, flags)
      }
      if kind == .directory { return try push(opened, &levels, path) }
      let status = try System.attempt(.stat, path.filePath) { () throws(Errno) in
        try System.entryStatus(opened)
      }
      pass(FoundFile(path: path.filePath, descriptor: opened, status: status))
    } catch {
      onFailure(error)
    }
  }

  private func push(
    _ descriptor: FileDescriptor, _ levels: inout [Level], _ path: PathBytes
  ) throws(IOFailure) {
    do throws(Errno) {
      let identity = try System.entryStatus(descriptor).identity
      levels.append(Level(descriptor, identity, pathLength: path.length))
    } catch {
      try? System.close(descriptor)
      throw IOFailure(.stat, path.filePath, error)
    }
    if levels.count > Self.openDirectories {
      levels[levels.count - 1 - Self.openDirectories].close()
    }
  }

  private func pop(_ levels: inout [Level]) throws(Errno) {
    guard let ended = levels.last, let descriptor = ended.descriptor else { return }
    guard let parent = levels.dropLast().last, parent.descriptor == nil else {
      levels.removeLast()
      return
    }
    let above = try FilePath("..").withEntryName { (name) throws(Errno) in
      try System.open(name, in: Directory(descriptor), [.readOnly, .directory])
    }
    do throws(Errno) {
      guard try System.entryStatus(above).identity == parent.identity else {
        // Somebody has moved the directory meanwhile.
        throw .staleNFSFileHandle
      }
      try parent.reopen(above)
    } catch {
      try? System.close(above)
      throw error
    }
    levels.removeLast()
  }
}

/// A path that grows and shrinks.
private struct PathBytes {
  private var bytes: [UInt8]

  init(_ path: FilePath) {
    bytes = path.withPlatformString {
      Array(UnsafeRawBufferPointer(start: $0, count: path.length))
    }
  }

  var length: Int { bytes.count }

  mutating func cut(to length: Int) {
    bytes.removeLast(bytes.count - length)
  }

  mutating func append(_ name: NamePointer) {
    if bytes.last != UInt8(ascii: "/") { bytes.append(UInt8(ascii: "/")) }
    var at = name
    while at.pointee != 0 {
      bytes.append(UInt8(bitPattern: at.pointee))
      at += 1
    }
  }

  var filePath: FilePath { FilePath(bytes: bytes) }
}

extension FilePath {
  /// Lends the path as system calls take it.
  ///
  /// - Throws: What `body` throws.
  func withEntryName<Output>(
    _ body: (NamePointer) throws(Errno) -> Output
  ) throws(Errno) -> Output {
    let result = withPlatformString { name in
      Result { () throws(Errno) in try body(name) }
    }
    return try result.get()
  }
}
