internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// The file that is copied, open for reading.
struct CopySource {
  let path: FilePath
  let descriptor: FileDescriptor
  let status: FileStatus
  /// The size in bytes; 0 where it is not known.
  let size: Int64

  /// Opens a file for reading.
  ///
  /// - Throws: ``CopyError`` for a directory, and when the file cannot be opened.
  init(_ path: FilePath) throws(CopyError) {
    self.path = path
    do throws(IOFailure) {
      let named = try System.attempt(.stat, path) { () throws(Errno) in try System.status(path) }
      guard named.kind != .directory else { throw IOFailure(.open, path, .isDirectory) }
      descriptor = try System.attempt(.openForReading, path) { () throws(Errno) in
        try System.open(path, .readOnly)
      }
      status = try System.attempt(.stat, path) { [descriptor] () throws(Errno) in
        try System.status(descriptor)
      }
      size =
        status.kind == .blockDevice
        ? try System.attempt(.stat, path) { [descriptor] () throws(Errno) in
          try System.endPosition(descriptor)
        } : status.kind == .regular ? status.size : 0
    } catch {
      throw error.errno == .isDirectory ? .isDirectory(path) : .io(error)
    }
  }

  /// The end of a transfer.
  func endpoint(_ cache: CacheTreatment) -> Endpoint {
    Endpoint(
      descriptor: descriptor, kind: status.kind,
      position: status.kind.isPositional ? .offset(0) : .stream, size: size, cache: cache)
  }

  /// Counts the file's pages.
  func probe() -> PageCacheProbe {
    PageCacheProbe(descriptor, kind: status.kind, size: size)
  }

  func close() {
    // Nothing was written: there is no error that could matter.
    try? System.close(descriptor)
  }
}
