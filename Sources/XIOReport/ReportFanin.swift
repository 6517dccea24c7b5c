extension Report {
  /// What came of gathering lines.
  public struct Fanin: Encodable, Sendable {
    /// How often something has come.
    public var wakeUps: Int
    /// How often the kernel's queue of events overflowed.
    public var eventOverflows: Int
    /// The sources by their numbers. Of many connections that have ended the first ones stand here, the
    /// others are part of what accepted them.
    public var sources: [FaninSource]

    /// Takes everything.
    public init(wakeUps: Int, eventOverflows: Int, sources: [FaninSource]) {
      self.wakeUps = wakeUps
      self.eventOverflows = eventOverflows
      self.sources = sources
    }
  }

  /// What came of one source of lines.
  public struct FaninSource: Encodable, Sendable {
    /// Its number, its name, and who is at the other end.
    public var number: Int, source: FileName, peer: String?
    /// Bytes that have come, and bytes and lines that went out.
    public var receivedBytes: Int64, bytes: Int64, lines: Int64
    /// Bytes of a file that are there and have not gone out.
    public var lagBytes: Int64
    /// Lines that went out after one with a later time.
    public var late: Int64
    /// What was there and did not go out.
    public var dropped: FaninDrops
    /// Lines that were too long, and lines that nobody had finished.
    public var longLines: Int, unfinishedLines: Int
    /// Bytes that waited in a file.
    public var spilledBytes: Int64
    /// Connections that were made.
    public var connections: Int64
    /// Files that the name has led to, how often one was cut or written anew, and bytes that may have come
    /// twice.
    public var generations: Int, truncations: Int, repeatedBytes: Int64

    /// Takes everything.
    public init(
      number: Int, source: FileName, peer: String?, receivedBytes: Int64, bytes: Int64,
      lines: Int64, lagBytes: Int64, late: Int64, dropped: FaninDrops, longLines: Int,
      unfinishedLines: Int, spilledBytes: Int64, connections: Int64, generations: Int,
      truncations: Int, repeatedBytes: Int64
    ) {
      self.number = number
      self.source = source
      self.peer = peer
      self.receivedBytes = receivedBytes
      self.bytes = bytes
      self.lines = lines
      self.lagBytes = lagBytes
      self.late = late
      self.dropped = dropped
      self.longLines = longLines
      self.unfinishedLines = unfinishedLines
      self.spilledBytes = spilledBytes
      self.connections = connections
      self.generations = generations
      self.truncations = truncations
      self.repeatedBytes = repeatedBytes
    }
  }

  /// What did not go out, by the reason.
  public struct FaninDrops: Encodable, Sendable {
    /// There was no room for more.
    public var queueFullLines: Int64, queueFullBytes: Int64
    /// Lines that were too long, and bytes cut off such lines.
    public var tooLongLines: Int64, cutBytes: Int64
    /// Records that the kernel had no room for, and bytes of records that were too long.
    public var kernelRecords: Int64, recordBytes: Int64
    /// Connections beyond the limit.
    public var refusedConnections: Int64
    /// Bytes seen in a file before it was cut or written anew, and files that were gone too soon.
    public var truncatedBytes: Int64, rewrittenBytes: Int64, files: Int

    /// Takes everything.
    public init(
      queueFullLines: Int64, queueFullBytes: Int64, tooLongLines: Int64, cutBytes: Int64,
      kernelRecords: Int64, recordBytes: Int64, refusedConnections: Int64, truncatedBytes: Int64,
      rewrittenBytes: Int64, files: Int
    ) {
      self.queueFullLines = queueFullLines
      self.queueFullBytes = queueFullBytes
      self.tooLongLines = tooLongLines
      self.cutBytes = cutBytes
      self.kernelRecords = kernelRecords
      self.recordBytes = recordBytes
      self.refusedConnections = refusedConnections
      self.truncatedBytes = truncatedBytes
      self.rewrittenBytes = rewrittenBytes
      self.files = files
    }

    /// What there is, in words.
    var text: String {
      [
        (queueFullLines, "line", "without room"), (tooLongLines, "line", "longer than allowed"),
        (cutBytes, "byte", "cut off"), (kernelRecords, "record", "dropped by the kernel"),
        (recordBytes, "byte", "of records"), (refusedConnections, "connection", "refused"),
        (truncatedBytes, "byte", "truncated"), (rewrittenBytes, "byte", "rewritten"),
        (Int64(files), "file", "gone before being read"),
      ].filter { $0.0 > 0 }.map { "\(Units.count($0.0, $0.1)) \($0.2)" }
        .joined(separator: ", ")
    }
  }
}
