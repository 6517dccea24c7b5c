internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// The file that is read, open.
struct OpenSource {
  var descriptor: FileDescriptor
  var status: EntryStatus
  var kind: FileKind
  /// The size in bytes; 0 where it is not known.
  var size: Int64

  init(_ descriptor: FileDescriptor, _ status: EntryStatus) throws(Errno) {
    self.descriptor = descriptor
    self.status = status
    kind = status.kind
    size =
      kind == .blockDevice
      ? try System.endPosition(descriptor) : kind == .regular ? status.size : 0
  }

  /// An end of a transfer of all of it, or of a part.
  func endpoint(_ cache: CacheTreatment, _ part: Range<Int64>? = nil) -> Endpoint {
    guard kind.isPositional else {
      return Endpoint(descriptor: descriptor, kind: kind, position: .stream)
    }
    return Endpoint(
      descriptor: descriptor, kind: kind, position: .offset(part?.lowerBound ?? 0),
      size: part.map { $0.upperBound - $0.lowerBound } ?? size, cache: cache,
      limit: part.map { $0.upperBound - $0.lowerBound })
  }
}

/// The file that is written, open.
struct OpenTarget {
  var descriptor: FileDescriptor
  var kind: FileKind
  /// Whether this program made it, and so may remove it.
  var isOurs: Bool
  /// What is known of it as long as it has not taken its name.
  var pending: PendingTarget?
  /// What was there before and is being written anew.
  var existing: EntryStatus?
  /// Pages before anything was written.
  var before: PageCacheProbe?

  func endpoint(_ cache: CacheTreatment, at offset: Int64 = 0) -> Endpoint {
    Endpoint(
      descriptor: descriptor, kind: kind,
      position: kind.isPositional ? .offset(offset) : .stream, cache: cache)
  }
}
