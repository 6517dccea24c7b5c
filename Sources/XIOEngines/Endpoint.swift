public import SystemPackage
public import XIOSystem

/// One end of a transfer.
public struct Endpoint: Sendable {
  /// Where bytes come from or go.
  public enum Position: Sendable, Equatable {
    /// Wherever the descriptor stands; one operation at a time.
    case stream
    /// From this offset in bytes on; operations name their own.
    case offset(Int64)
  }

  /// The descriptor.
  public var descriptor: FileDescriptor
  /// The kind of object.
  public var kind: FileKind
  /// Where bytes come from or go.
  public var position: Position
  /// The size in bytes, of a file that is read.
  public var size: Int64
  /// How the file meets the page cache.
  public var cache: CacheTreatment
  /// How many bytes of a source take part at most; nil is all of them.
  public var limit: Int64?
  /// How many bytes at the beginning of a source are read and not written: O_DIRECT cannot begin
  /// anywhere. They count towards ``limit``, are fewer than a buffer has, and need a target without
  /// O_DIRECT.
  public var skipped = 0

  /// Whether the bytes of a source have to be copied before they are written, as those of the target
  /// itself: what the kernel holds would change with it.
  public var needsCopy = false

  /// Describes an end.
  public init(
    descriptor: FileDescriptor, kind: FileKind, position: Position, size: Int64 = 0,
    cache: CacheTreatment = .page, limit: Int64? = nil
  ) {
    self.descriptor = descriptor
    self.kind = kind
    self.position = position
    self.size = size
    self.cache = cache
    self.limit = limit
  }

  /// Whether the descriptor is open with O_DIRECT.
  var isDirect: Bool { cache.mode == .direct }
  /// What offsets and lengths must be multiples of, in bytes.
  var alignment: Int { cache.alignment }
  /// How each transfer is to be treated.
  var flags: TransferFlags { cache.flags }
}
