import CXIOTestSupport
import Glibc
public import SystemPackage

/// A directory of its own for one test, removed with all below it when the object goes.
public final class TestDirectory: Sendable {
  /// Where the directory is.
  public let path: FilePath

  /// The size of the blocks that files are written and compared in.
  static let blockSize = 1 << 20

  /// Makes a directory with a name no other test has.
  ///
  /// - Parameter root: the directory it is made in; that of the suite, or of temporary files, when nil.
  /// - Throws: `SupportFailure` when the directory cannot be made (mkdtemp(3)).
  public init(root: FilePath? = nil) throws {
    let parent = root ?? suiteDirectory()
    var template = parent.appending(uniqueName("test")).withPlatformString { name in
      Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
    }
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { FilePath(platformString: $0) }
    }
    guard let made else { throw SupportFailure.system("make a directory in \(parent)") }
    path = made
  }

  deinit {
    _ = path.withPlatformString { xio_test_remove_tree($0) }
  }

  /// Returns the path of an entry of the directory.
  ///
  /// - Parameter name: the name, any bytes; a slash leads further down.
  /// - Returns: the path, whether there is such an entry or not.
  public func path(of name: some ByteString) -> FilePath {
    FilePath(rawBytes: path.rawBytes + [UInt8(ascii: "/")] + name.rawBytes)
  }

  /// Makes a directory in the directory.
  ///
  /// - Parameter name: its name.
  /// - Returns: its path.
  /// - Throws: `SupportFailure` when it cannot be made (mkdir(2)).
  @discardableResult
  public func makeDirectory(_ name: some ByteString) throws -> FilePath {
    let directory = path(of: name)
    guard directory.withPlatformString({ mkdir($0, 0o777) }) == 0 else {
      throw SupportFailure.system("make the directory \(directory)")
    }
    return directory
  }

  /// Writes a file of given bytes.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - bytes: what it holds.
  /// - Returns: its path.
  /// - Throws: `Errno` of open(2) or write(2).
  @discardableResult
  public func write(_ name: some ByteString, _ bytes: some Sequence<UInt8>) throws -> FilePath {
    let file = path(of: name)
    try withNewFile(file) { descriptor in _ = try descriptor.writeAll(bytes) }
    return file
  }

  /// Writes a file of pseudo-random bytes, in which no two blocks are alike.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - count: its size in bytes.
  ///   - seed: files of the same seed and size are the same.
  /// - Returns: its path.
  /// - Throws: `Errno` of open(2) or write(2).
  @discardableResult
  public func writeRandom(
    _ name: some ByteString, count: Int, seed: UInt64 = 1
  ) throws -> FilePath {
    let file = path(of: name)
    let size = Self.blockSize
    // Each block is another window of one buffer, as making all the bytes would take longer than
    // writing them. The odd step gives a million blocks before a window comes again.
    let step = 40_993
    var generator = RandomBytes(seed: seed)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * size, alignment: 4096)
    defer { buffer.deallocate() }
    generator.fill(UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(size + min(count, size))))
    try withNewFile(file) { descriptor in
      for block in 0..<((count + size - 1) / size) {
        let start = block * step % size
        let part = buffer[start...].prefix(min(size, count - block * size))
        try writeWhole(UnsafeRawBufferPointer(rebasing: part), to: descriptor)
      }
    }
    return file
  }

  /// Makes a file that is one hole.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - count: its size in bytes.
  /// - Returns: its path.
  /// - Throws: `Errno` of open(2) or ftruncate(2).
  @discardableResult
  public func writeSparse(_ name: some ByteString, count: Int) throws -> FilePath {
    let file = path(of: name)
    try withNewFile(file) { descriptor in try descriptor.resize(to: Int64(count)) }
    return file
  }

  /// Reads a whole file.
  ///
  /// - Parameter name: its name.
  /// - Returns: what it holds.
  /// - Throws: `Errno` of open(2) or read(2).
  public func read(_ name: some ByteString) throws -> [UInt8] {
    try readFile(path(of: name))
  }

  /// Opens a file of the directory for writing, and makes it where there is none.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - appends: whether each write goes to the end (O_APPEND).
  /// - Returns: the file, which the caller closes.
  /// - Throws: the error number of open(2).
  public func openToWrite(_ name: String, appends: Bool = true) throws -> FileDescriptor {
    var options: FileDescriptor.OpenOptions = [.create, .closeOnExec]
    if appends { options.insert(.append) }
    return try FileDescriptor.open(
      path(of: name), .writeOnly, options: options, permissions: .ownerReadWrite)
  }

  /// Returns the names in the directory, sorted by their bytes.
  ///
  /// - Throws: `SupportFailure` when it cannot be listed (opendir(3)).
  public func names() throws -> [FilePath] {
    try directoryEntries(path).map { FilePath(rawBytes: $0) }
  }
}

private func withNewFile(_ file: FilePath, _ body: (FileDescriptor) throws -> Void) throws {
  let descriptor = try FileDescriptor.open(
    file, .writeOnly, options: [.create, .truncate, .closeOnExec],
    permissions: [.ownerReadWrite, .groupRead, .otherRead])
  try descriptor.closeAfter { try body(descriptor) }
}

/// Writes a buffer without the copy that writing a sequence of bytes makes.
private func writeWhole(_ buffer: UnsafeRawBufferPointer, to file: FileDescriptor) throws {
  var written = 0
  while written < buffer.count {
    written += try file.write(UnsafeRawBufferPointer(rebasing: buffer[written...]))
  }
}

/// Reads a whole file, also one without a size such as those in /proc.
///
/// - Parameter file: its path.
/// - Returns: what it holds.
/// - Throws: `Errno` of open(2) or read(2).
public func readFile(_ file: FilePath) throws -> [UInt8] {
  let descriptor = try FileDescriptor.open(file, .readOnly, options: [.closeOnExec])
  return try descriptor.closeAfter {
    var result: [UInt8] = []
    let block = UnsafeMutableRawBufferPointer.allocate(
      byteCount: TestDirectory.blockSize, alignment: 16)
    defer { block.deallocate() }
    while true {
      let count = try descriptor.read(into: block)
      if count == 0 { return result }
      result.append(contentsOf: block.prefix(count))
    }
  }
}

/// Lists a directory without its dot entries, sorted by bytes.
func directoryEntries(_ directory: FilePath) throws -> [[UInt8]] {
  guard let stream = directory.withPlatformString({ opendir($0) }) else {
    throw SupportFailure.system("list \(directory)")
  }
  defer { closedir(stream) }
  var names: [[UInt8]] = []
  while let entry = Glibc.readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
      field.withMemoryRebound(to: CChar.self, capacity: 256) { FilePath(platformString: $0) }
    }
    if name != "." && name != ".." { names.append(name.rawBytes) }
  }
  return names.sorted { $0.lexicographicallyPrecedes($1) }
}

/// The directory of all that the suite makes: the runner removes it at the end.
func suiteDirectory() -> FilePath {
  FilePath(environmentValue("XIO_TEST_DIRECTORY") ?? environmentValue("TMPDIR") ?? "/tmp")
}

/// What mkdtemp(3) makes a name of. In a directory of the suite's own it can be short, as in sockets'.
func uniqueName(_ word: String) -> String {
  environmentValue("XIO_TEST_DIRECTORY") == nil ? "xio-\(word)-XXXXXX" : "\(word)-XXXXXX"
}

/// Returns the value of an environment variable of the test process.
func environmentValue(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}
