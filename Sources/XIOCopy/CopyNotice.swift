public import SystemPackage
public import XIOEngines
public import XIOSystem

/// Why something was not copied as it should have been.
public enum CopyProblem: Error, Sendable {
  /// A call failed, or an option cannot be met.
  case io(IOFailure)
  /// The engine cannot run.
  case engine(EngineUnavailable)
  /// The source is a directory, and those were not asked for.
  case omittingDirectory(FilePath)
  /// Both names stand for one file.
  case sameFile(FilePath, FilePath)
  /// The target is a symbolic link to nothing.
  case danglingLink(FilePath)
  /// A directory is in the way of a file, or something else in the way of a directory.
  case directoryInTheWay(FilePath, source: FilePath), fileInTheWay(FilePath, source: FilePath)
  /// The target is what an earlier source has become.
  case justCreated(FilePath, source: FilePath), throughJustCreatedLink(FilePath, source: FilePath)
  /// The target is in the source.
  case intoItself(FilePath, FilePath)
  /// A symbolic link leads back to a directory that it is in.
  case cyclicLink(FilePath)
  /// The source would be lost.
  case backupWouldDestroy(FilePath, source: FilePath)
  /// The source is another file than a moment ago.
  case replaced(FilePath)
  /// The source is not what it was when its copy began.
  case changed(FilePath)
  /// The source's name is gone, or another file's, since its copy began.
  case lost(FilePath)
  /// A relative link would lead elsewhere.
  case relativeLink(FilePath)
  /// The target stays.
  case notReplacing(FilePath)
  /// The target holds other bytes than the source.
  case different(FilePath, source: FilePath, offset: Int64)
  /// The target cannot be replaced, only written into.
  case notReplaceable(FilePath)
  /// The source is not what it was when the copy that is to be gone on with began.
  case changedSincePart(FilePath, part: FilePath)
  /// A second target for one source directory.
  case linkedDirectory(FilePath, source: FilePath)
}

/// What a copy has to say.
public enum CopyNotice: Sendable {
  /// Something went wrong.
  case problem(CopyProblem)
  /// Something is not as it might be, and nothing has failed.
  case warning(IOFailure)
  /// A source was named twice, and is copied once.
  case repeated(FilePath, isDirectory: Bool)
  /// A source is being copied; what was in the way is now `backup`.
  case copying(FilePath, to: FilePath, backup: FilePath?)
  /// What was in the way is gone.
  case removed(FilePath)
  /// A target stayed as it was.
  case skipped(FilePath)
  /// How the bytes of a file moved.
  case debug(CopyDebug)
}

/// How far a copy has come.
public enum CopyProgress: Sendable {
  /// A file is done, and its name.
  case file(FilePath)
  /// So many more bytes have arrived.
  case bytes(Int64)
  /// So much there is in all.
  case total(files: Int, bytes: Int64)
}

/// How the bytes of a file moved, in the words of `cp --debug`.
public struct CopyDebug: Sendable {
  /// Whether the kernel copied, extents are shared, and holes were found or made.
  public var offload = "unknown", reflink: String, sparse = "unknown"

  /// Before anything has moved.
  init(_ options: CopyOptions) {
    reflink = options.reflink == .never ? "no" : "unknown"
  }
}
