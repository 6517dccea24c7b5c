public import SystemPackage

/// What an error of a call that would have spared us the copy says.
public enum OffloadVerdict: Sendable {
  /// The call cannot do it for these files: the next way is tried, as long as nothing has moved.
  case unsupported
  /// The same, for all files of these two file systems.
  case unsupportedHere
  /// It could have been done and has failed: whatever comes next would hide that.
  case failed
}

/// The one table of what errors of FICLONE, copy_file_range, sendfile and splice mean.
///
/// A file system, a version of the kernel, a filter of system calls each has its own way of saying that it
/// cannot: the list is of all that have been met. What is in none of the lists has failed.
public enum Offload {
  /// A call that moves data inside the kernel.
  public enum Call: Sendable {
    case clone, copyRange, move
  }

  /// Judges an error.
  ///
  /// - Parameters:
  ///   - errno: The error number.
  ///   - call: The call that returned it.
  ///   - moved: How many bytes calls have moved before.
  /// - Returns: What it means.
  public static func verdict(_ errno: Errno, of call: Call, moved: Int64) -> OffloadVerdict {
    if moved > 0 { return .failed }
    if everywhere.contains(errno) { return .unsupportedHere }
    switch call {
    case .clone: return cloneAlone.contains(errno) ? .unsupported : .failed
    case .copyRange: return rangeAlone.contains(errno) ? .unsupported : .failed
    case .move: return moveAlone.contains(errno) ? .unsupported : .failed
    }
  }

  /// Not there, not between these file systems, not by this filter.
  private static let everywhere: Set<Errno> = [
    .notSupported, .noFunction, .improperLink, .inappropriateIOCTLForDevice, .notPermitted,
  ]
  /// Ranges that do not fit blocks, files in use as swap space or programs, open for appending, or with
  /// properties that differ; some network file systems deny access.
  private static let cloneAlone: Set<Errno> = [
    .invalidArgument, .textFileBusy, .badFileDescriptor, .permissionDenied, .isDirectory,
  ]
  /// CIFS says ENOENT, Ceph EACCES; EFBIG comes at the last offset there can be.
  private static let rangeAlone: Set<Errno> = [
    .invalidArgument, .textFileBusy, .badFileDescriptor, .permissionDenied,
    .noSuchFileOrDirectory, .fileTooLarge, .isDirectory,
  ]
  private static let moveAlone: Set<Errno> = [
    .invalidArgument, .badFileDescriptor, .textFileBusy, .illegalSeek,
  ]
}
