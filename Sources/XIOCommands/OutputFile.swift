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
    if let other = files.first(where: { isSameFile($0, path) }) {
      diagnostics.report(
        "\(Quoting.always(other)) and the \(role) \(Quoting.always(path)) are the same file")
      throw .failure
    }
    do throws(Errno) {
      return try System.open(path, [.writeOnly, .create, .truncate])
    } catch {
      diagnostics.report(IOFailure(.create, path, error), namesAreQuoted: true)
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
