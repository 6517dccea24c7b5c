internal import SystemPackage
internal import XIOSystem

/// A directory of our own, in which all files of a comparison are made; it goes with all that is in it.
struct PrivateDirectory {
  /// Its path.
  let path: FilePath
  /// What tells others that it is in use.
  private let lock: DirectoryLock

  /// Makes a directory with a name that nobody else has.
  ///
  /// - Parameter parent: Where.
  /// - Throws: ``IOFailure``.
  init(in parent: FilePath) throws(IOFailure) {
    var attempt = 0
    while true {
      let path = parent.appending(Leftovers.name(attempt))
      do throws(Errno) {
        let result = path.withPlatformString { name in
          Result { () throws(Errno) in
            try System.makeDirectory(name, in: .working, permissions: 0o700)
          }
        }
        try result.get()
        // Between both calls it looks as if it was left behind, and somebody may remove it.
        lock = try DirectoryLock(path)
        self.path = path
        return
      } catch {
        let isTaken = [.fileExists, .wouldBlock, .noSuchFileOrDirectory].contains(error)
        guard isTaken, attempt < 100, Self.exists(parent) else {
          throw IOFailure(
            .createDirectory, path, error,
            hint: "all that is compared is written in a directory of its own in \(parent)")
        }
        attempt += 1
      }
    }
  }

  private static func exists(_ parent: FilePath) -> Bool {
    (try? System.status(parent)) != nil
  }

  /// The path of something in it.
  func appending(_ name: String) -> FilePath { path.appending(name) }

  /// Makes a directory in it.
  ///
  /// - Throws: ``IOFailure``.
  func makeDirectory(_ name: String) throws(IOFailure) {
    try make(name, .createDirectory) { (pointer) throws(Errno) in
      try System.makeDirectory(pointer, in: .working, permissions: 0o700)
    }
  }

  /// Makes a FIFO in it.
  ///
  /// - Throws: ``IOFailure``.
  func makeFIFO(_ name: String) throws(IOFailure) {
    try make(name, .createNode) { (pointer) throws(Errno) in
      try System.makeNode(pointer, in: .working, mode: 0o010600, node: 0)
    }
  }

  private func make(
    _ name: String, _ action: IOFailure.Action, _ body: (NamePointer) throws(Errno) -> Void
  ) throws(IOFailure) {
    let place = appending(name)
    let result = place.withPlatformString { pointer in
      Result { () throws(Errno) in try body(pointer) }
    }
    try System.attempt(action, place) { () throws(Errno) in try result.get() }
  }

  /// Removes what is called so in it, if there is anything.
  ///
  /// - Throws: ``IOFailure``.
  func remove(_ name: String) throws(IOFailure) {
    do throws(IOFailure) {
      try Tree.remove(appending(name))
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
    }
  }

  /// Removes it.
  ///
  /// - Throws: ``IOFailure``.
  func remove() throws(IOFailure) {
    defer { lock.release() }
    try Tree.remove(path)
  }

  /// Reads a small file in it; nothing when it is not there.
  func contents(of name: String) -> [UInt8] {
    guard let file = try? System.open(appending(name), .readOnly) else { return [] }
    defer { try? System.close(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while let count = block.withUnsafeMutableBytes({ memory in
      try? System.read(file, into: memory, at: nil)
    }), count > 0 {
      bytes += block[..<count]
    }
    return bytes
  }
}
