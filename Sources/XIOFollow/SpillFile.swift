public import SystemPackage
public import XIOSystem

/// A file without a name for what does not fit into memory: written at its end, read and given up at
/// its beginning.
public final class SpillFile {
  /// A hole costs a call, so small ones are put together.
  private static let smallestHole: Int64 = 1 << 20

  /// The file.
  public let descriptor: FileDescriptor
  /// Where the next bytes go.
  public private(set) var end: Int64 = 0
  private var freed: Int64 = 0

  /// Makes a file.
  ///
  /// - Throws: ``IOFailure`` that names the directory.
  public init() throws(IOFailure) {
    do throws(Errno) {
      descriptor = try System.openTemporary(in: System.temporaryDirectory)
    } catch {
      throw Self.failure(error)
    }
  }

  deinit {
    try? System.close(descriptor)
  }

  /// Writes bytes to the end.
  ///
  /// - Throws: ``IOFailure``.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(IOFailure) {
    var done = 0
    var repetition = Repetition()
    while done < bytes.count {
      do throws(Errno) {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = try System.write(descriptor, from: rest, at: end)
        guard count > 0 else { throw .ioError }
        done += count
        end += Int64(count)
      } catch {
        if repetition.isDue(after: error) { continue }
        throw Self.failure(error)
      }
    }
  }

  private static func failure(_ errno: Errno) -> IOFailure {
    IOFailure(
      .prepare, System.temporaryDirectory, errno,
      reason: "TMPDIR cannot hold what exceeds the memory",
      hint: "use a larger --memory, or set TMPDIR to a directory with more room")
  }

  /// Gives everything from an offset on up.
  ///
  /// - Parameter offset: Where the next bytes go, in bytes.
  public func cut(to offset: Int64) {
    // What cannot be cut is written over.
    try? System.truncate(descriptor, to: offset)
    end = offset
    freed = min(freed, offset)
  }

  /// Gives the space of everything in front of an offset back.
  public func free(upTo offset: Int64) {
    guard offset - freed >= Self.smallestHole else { return }
    // Where the file system has no holes, the space is in use a little longer.
    try? System.punchHole(descriptor, at: freed, count: offset - freed)
    freed = offset
  }
}
