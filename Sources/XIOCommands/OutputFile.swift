internal import SystemPackage
internal import XIOSystem

/// A file that a result goes to, beside standard output.
enum OutputFile {
  /// Opens the file that was named, so that a job does not run whose result could not be kept.
  ///
  /// - Parameters:
  ///   - path: Its name.
  ///   - role: What it will hold, for messages.
  ///   - diagnostics: Where messages go.
  ///   - files: The files of the job, none of which it may overwrite.
  /// - Returns: The file, empty.
  /// - Throws: ``ExitStatus`` after a message.
  static func create(
    _ path: FilePath, _ role: String, _ diagnostics: Diagnostics, apartFrom files: [FilePath]
  ) throws(ExitStatus) -> FileDescriptor {
    try refuse(path, role, diagnostics, apartFrom: files)
    do throws(Errno) {
      return try System.open(path, [.writeOnly, .create, .truncate])
    } catch {
      diagnostics.report(IOFailure(.create, path, error), namesAreQuoted: true)
      throw .failure
    }
  }

  /// Refuses a result that would be written over a file of the job.
  ///
  /// - Throws: ``ExitStatus`` after a message.
  fileprivate static func refuse(
    _ path: FilePath, _ role: String, _ diagnostics: Diagnostics, apartFrom files: [FilePath]
  ) throws(ExitStatus) {
    if let other = files.first(where: { isSameFile($0, path) }) {
      diagnostics.report(
        "\(Quoting.always(other)) and the \(role) \(Quoting.always(path)) are the same file")
      throw .failure
    }
  }

  /// Whether two names stand for one file that holds data, or will once it is made.
  private static func isSameFile(_ first: FilePath, _ second: FilePath) -> Bool {
    guard let one = try? System.status(first), let other = try? System.status(second) else {
      return first.lexicallyNormalized() == second.lexicallyNormalized()
    }
    return one.kind == .regular && one.isSameFile(as: other)
  }
}

/// A file that takes its result at the end of a long job, and is as it was until then.
///
/// Whoever interrupts the job, or kills it, finds neither an empty file nor an old result gone.
struct LateOutputFile {
  private let path: FilePath
  /// What was there already; nil where a file is made at the end.
  private let existing: FileDescriptor?

  /// Finds out whether the file can be written, so that a job does not run whose result could not be kept.
  ///
  /// - Parameters:
  ///   - path: Its name.
  ///   - role: What it will hold, for messages.
  ///   - diagnostics: Where messages go.
  ///   - files: The files of the job, none of which it may overwrite.
  /// - Throws: ``ExitStatus`` after a message.
  init(
    _ path: FilePath, _ role: String, _ diagnostics: Diagnostics, apartFrom files: [FilePath]
  ) throws(ExitStatus) {
    try OutputFile.refuse(path, role, diagnostics, apartFrom: files)
    self.path = path
    do throws(Errno) {
      existing = try Self.openExisting(path)
    } catch {
      diagnostics.report(IOFailure(.create, path, error), namesAreQuoted: true)
      throw .failure
    }
  }

  private static func openExisting(_ path: FilePath) throws(Errno) -> FileDescriptor? {
    do throws(Errno) {
      try System.close(System.open(path, [.writeOnly, .create, .exclusive]))
    } catch {
      guard error == .fileExists else { throw error }
      return try System.open(path, [.writeOnly, .create])
    }
    try System.remove(path)
    return nil
  }

  /// Writes all of it, and closes the file.
  ///
  /// - Parameter write: Told where to write.
  /// - Throws: The error number.
  func write(_ write: (FileDescriptor) throws(Errno) -> Void) throws(Errno) {
    let file: FileDescriptor
    if let existing {
      file = existing
      // What is not a file of data has nothing to be cut off.
      if try System.status(file).kind == .regular { try System.truncate(file, to: 0) }
    } else {
      file = try System.open(path, [.writeOnly, .create, .truncate])
    }
    do throws(Errno) {
      try write(file)
    } catch {
      try? System.close(file)
      throw error
    }
    try System.close(file)
  }

  /// Writes what another file holds, and closes the file.
  ///
  /// - Parameter other: The path of the other file.
  /// - Throws: The error number.
  func write(contentsOf other: FilePath) throws(Errno) {
    let source = try System.open(other, .readOnly)
    defer { try? System.close(source) }
    try write { (file) throws(Errno) in
      var block = [UInt8](repeating: 0, count: 64 << 10)
      while true {
        let result = block.withUnsafeMutableBytes { memory in
          Result { () throws(Errno) in try System.read(source, into: memory, at: nil) }
        }
        let count = try result.get()
        if count == 0 { return }
        try StandardStreams.write(Array(block[..<count]), to: file)
      }
    }
  }
}
