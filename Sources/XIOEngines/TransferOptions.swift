public import SystemPackage
public import XIOSystem

/// What the commands that move bytes have in common.
public struct TransferOptions: Sendable {
  /// The engine asked for; nil is `auto`.
  public var engine: EngineName?
  /// How POSIX AIO announces completions.
  public var notification = AIONotification.suspend
  /// How files meet the page cache.
  public var cache = CacheMode.page
  /// The size of each buffer in bytes; nil is the default.
  public var blockSize: Int?
  /// How many buffers there are; nil is what suits the engine.
  public var queueDepth: Int?
  /// Where operations are drawn; nil draws none.
  public var timeline: Timeline?

  /// Takes the defaults.
  public init() {}

  /// The size of a buffer when nobody says: reads of 128 to 512 KiB are about equally fast.
  public static let defaultBlockSize = 256 << 10
  /// The most operations in flight: beyond it memory grows and nothing else.
  public static let depthLimit = 1024
  /// The largest buffer in bytes: a submission entry of the ring has 32 bits for the length.
  public static let blockSizeLimit = 1 << 32

  /// Settles the sizes for an engine.
  ///
  /// - Parameters:
  ///   - selection: The engine that was chosen.
  ///   - sourceSize: The size of the source in bytes, when there is but one and it is known.
  /// - Returns: The session's settings, and the depth before it was cut to what can be of use; why it
  ///   was cut is added to the selection's reasons.
  /// - Throws: ``IOFailure`` for buffers that do not fit into memory.
  public func session(
    for selection: inout EngineSelection, sourceSize: Int64? = nil
  ) throws(IOFailure) -> (session: SessionConfiguration, queueDepth: Int) {
    let engine = selection.engine
    let traits = Registry.description(of: engine).traits
    let size = blockSize ?? Self.defaultBlockSize
    let asked = queueDepth ?? traits.defaultDepth
    var depth = asked
    if let maximum = traits.maximumDepth, maximum < depth {
      depth = maximum
      selection.reasons.append("\(engine.rawValue) has \(depth) operation in flight, not \(asked)")
    }
    if let blocks = sourceSize.map({ Int($0 / Int64(size)) + 1 }), blocks < depth {
      depth = blocks
      selection.reasons.append(
        depth == 1
          ? "the file is one block, and no more can be in flight"
          : "the file has no more than \(depth) blocks to have in flight")
    }
    let limit = System.physicalMemory / 2
    guard size <= Self.blockSizeLimit, size <= limit / depth else {
      throw IOFailure(
        .prepare, nil, nil,
        reason: "\(depth) buffers of \(size) bytes do not fit into half of the memory "
          + "(\(limit) bytes)",
        hint: "use a smaller --block-size or --queue-depth")
    }
    let session = SessionConfiguration(
      engine: engine, blockSize: size, queueDepth: depth, notification: notification,
      usesDirectIO: cache == .direct || cache == .keep, timeline: timeline)
    return (session, asked)
  }

  /// Checks that blocks can be moved with O_DIRECT.
  ///
  /// - Throws: ``IOFailure`` when the block size is no multiple of the alignment.
  public func checkAlignment(
    _ treatment: CacheTreatment, _ session: SessionConfiguration, _ path: FilePath
  ) throws(IOFailure) {
    guard session.blockSize % treatment.alignment == 0 else {
      throw IOFailure(
        .prepare, path, nil,
        reason: "O_DIRECT needs a block size that is a multiple of \(treatment.alignment) bytes, "
          + "and \(session.blockSize) is not",
        hint:
          "use --block-size \((session.blockSize / treatment.alignment + 1) * treatment.alignment)"
      )
    }
  }
}
