public import SystemPackage
public import XIOEngines
public import XIOSystem

/// What `tail` is to do.
public struct TailOptions: Sendable {
  /// What is counted.
  public enum Unit: Sendable {
    case lines, bytes
  }

  /// Where the output of a file begins.
  public struct Start: Sendable, Equatable {
    /// What ``count`` counts.
    public var unit: Unit
    /// How many of the last ones are printed or, from the beginning, the number of the first one.
    public var count: UInt64
    /// Whether ``count`` is counted from the beginning of the file; 0 and 1 both mean all of it.
    public var fromBeginning: Bool

    /// Takes a place to begin.
    public init(_ unit: Unit, _ count: UInt64, fromBeginning: Bool = false) {
      self.unit = unit
      self.count = count
      self.fromBeginning = fromBeginning
    }
  }

  /// What is followed when files grow.
  public enum Follow: Sendable {
    case none
    /// The open file, whatever its name becomes.
    case descriptor
    /// The name, whatever file it stands for.
    case name
  }

  /// When files get a line with their name.
  public enum Headers: Sendable {
    case whenSeveral, always, never
  }

  /// What happens when the last writer of a FIFO leaves.
  public enum FIFOEnd: String, CaseIterable, Sendable {
    /// It is over.
    case close
    /// It goes on with the next writer.
    case reopen
  }

  /// Where output begins.
  public var start = Start(.lines, 10)
  /// What is followed.
  public var follow = Follow.none
  /// Whether a file that cannot be opened is tried again.
  public var retries = false
  /// What ends a line: newline or NUL.
  public var delimiter = UInt8(ascii: "\n")
  /// Whether a file that comes from one followed name to another is printed once more under that, as
  /// GNU's tail does.
  public var readsRenamedAnew = false
  /// Which files get a header.
  public var headers = Headers.whenSeveral
  /// Processes after whose end nothing more is to be expected.
  public var processes: [Int32] = []
  /// Whether every file is read from its beginning to its end, as if it had no offsets.
  public var presumesPipe = false
  /// Whether the kernel is asked to announce changes; without, everything is looked at from time to time.
  public var watches = true
  /// How often names are looked at, whatever has been announced, in nanoseconds.
  public var interval: Nanoseconds?
  /// How many looks may pass without a change before a name is looked up anew; it is here always.
  public var unchangedLooks: Int?
  /// Whether to say how files are followed.
  public var debugs = false
  /// How much of a pipe is kept in memory, in bytes; more goes to a file without a name. With nil it is
  /// 64 MiB, or all of it where there can be no such file.
  public var memory: Int?
  /// How long output may be held back to be written in larger pieces, in nanoseconds; nil is 1 ms, and
  /// 0 on a terminal.
  public var latency: Nanoseconds?
  /// What happens when the last writer of a FIFO leaves.
  public var fifoEnd = FIFOEnd.reopen
  /// Where positions are kept for the next run.
  public var checkpoint: FilePath?
  /// Whether losses are a failure.
  public var isStrict = false
  /// The engine and its sizes.
  public var transfer = TransferOptions()

  /// GNU's defaults.
  public init() {}
}
