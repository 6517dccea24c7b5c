extension Report {
  /// What following files came to.
  public struct Follow: Encodable, Sendable {
    /// How often a wait was ended by an event or by the time to look at everything.
    public var wakeUps: Int
    /// How often the kernel's queue of events overflowed.
    public var eventOverflows: Int
    /// The names, in the order of the operands.
    public var sources: [FollowedSource]

    /// Takes everything.
    public init(wakeUps: Int, eventOverflows: Int, sources: [FollowedSource]) {
      self.wakeUps = wakeUps
      self.eventOverflows = eventOverflows
      self.sources = sources
    }

    /// Whether something is missing that was there.
    public var hasLosses: Bool { sources.contains { $0.lost.isAny } }
  }

  /// What came of one name that was followed.
  public struct FollowedSource: Encodable, Sendable {
    /// The name.
    public var file: FileName
    /// Bytes and lines that were printed.
    public var bytes: Int64, lines: Int64
    /// How many files the name has led to, and how often one was cut or written anew.
    public var generations: Int, truncations: Int
    /// Bytes that are there and not printed yet, and the most there ever were at a look.
    public var lagBytes: Int64, maximumLagBytes: Int64
    /// What was there and could not be printed.
    public var lost: Losses
    /// Bytes of holes that were passed over.
    public var holeBytes: Int64
    /// Newlines that were added to lines that nobody finished.
    public var addedNewlines: Int
    /// Bytes that may have been printed twice, as an earlier run ended without a word.
    public var repeatedBytes: Int64

    /// Takes everything.
    public init(
      file: FileName, bytes: Int64, lines: Int64, generations: Int, truncations: Int,
      lagBytes: Int64, maximumLagBytes: Int64, lost: Losses, holeBytes: Int64,
      addedNewlines: Int, repeatedBytes: Int64
    ) {
      self.file = file
      self.bytes = bytes
      self.lines = lines
      self.generations = generations
      self.truncations = truncations
      self.lagBytes = lagBytes
      self.maximumLagBytes = maximumLagBytes
      self.lost = lost
      self.holeBytes = holeBytes
      self.addedNewlines = addedNewlines
      self.repeatedBytes = repeatedBytes
    }
  }

  /// What was there and could not be printed, by the reason.
  public struct Losses: Encodable, Sendable {
    /// Bytes that were seen in a file before it was cut, and before it was written anew.
    public var truncatedBytes: Int64, rewrittenBytes: Int64
    /// Files that were gone before they could be opened.
    public var files: Int

    /// Takes everything.
    public init(truncatedBytes: Int64, rewrittenBytes: Int64, files: Int) {
      self.truncatedBytes = truncatedBytes
      self.rewrittenBytes = rewrittenBytes
      self.files = files
    }

    /// Whether anything was lost.
    public var isAny: Bool { truncatedBytes + rewrittenBytes + Int64(files) > 0 }
  }
}
