public import SystemPackage
public import XIOEngines
public import XIOSystem

/// What `fanin` is to do.
public struct FaninOptions: Sendable {
  /// In which order lines of several sources go out.
  public enum Order: String, CaseIterable, Sendable {
    /// As they come.
    case arrival
    /// By their times, from inputs that are sorted and have an end.
    case merge
    /// By their times, as far as they come within a window.
    case window
  }

  /// What the time of a line is.
  public enum TimeSource: String, CaseIterable, Sendable {
    /// What stands in it.
    case detect
    /// When it has come.
    case arrival
  }

  /// What a line looks like.
  public enum Format: String, CaseIterable, Sendable {
    /// The label and the line.
    case text
    /// One object of JSON.
    case json
    /// The line, below a header whenever the source changes.
    case tail
  }

  /// What happens when lines come faster than they can go out.
  public enum OnFull: String, CaseIterable, Sendable {
    /// Sources wait.
    case block
    /// The oldest, or the newest, lines are given up and counted.
    case dropOldest = "drop-oldest"
    case dropNewest = "drop-newest"
    /// Lines wait in a file.
    case spill
  }

  /// What happens to a line that is too long.
  public enum LongLine: String, CaseIterable, Sendable {
    /// It becomes several.
    case split
    /// Its beginning goes out; nothing of it does.
    case truncate, drop
    /// It goes out whole, while all others wait.
    case pass
  }

  /// Where the reading of a file begins that is there at the start.
  public enum Start: String, CaseIterable, Sendable {
    case beginning, end
  }

  /// The order, how long lines wait to be put into it in nanoseconds, and after what time without a line
  /// a source is not waited for any more; nil waits for all as long as lines may wait.
  public var order = Order.arrival, window: Nanoseconds = 100_000_000, idleAfter: Nanoseconds?
  /// What the time of a line is, and how it is written, in the words of strptime(3); nil finds out.
  public var time = TimeSource.detect, timeFormat: String?
  /// What stands in front of lines, and what lines look like.
  public var label: String?, format = Format.text
  /// Whether labels are coloured.
  public var hasColour = false
  /// What ends a line; not empty.
  public var delimiter = [UInt8(ascii: "\n")]
  /// The longest line in bytes, and what happens to a longer one.
  public var longestLine = 1 << 20, longLine = LongLine.split
  /// After how many nanoseconds an unfinished line goes out; nil is never.
  public var partialFlush: Nanoseconds?
  /// What happens when lines come faster than they can go out.
  public var onFull = OnFull.block
  /// How many bytes may wait in memory, in all and of each source; nil is an eighth of all.
  public var memory = 64 << 20, sourceMemory: Int?
  /// How many connections there may be at once.
  public var connections = 100
  /// Whether a connection that was made by this program is made again when it has ended.
  public var reconnects = true
  /// Where the reading of files begins, and whether they are followed.
  public var start = Start.beginning, follows = true
  /// Patterns of names that globs leave out.
  public var excludes: [String] = []
  /// After how many lines, or how many nanoseconds without any, to end.
  public var lines: UInt64?, untilIdle: Nanoseconds?
  /// Processes after whose end nothing more is to be expected.
  public var processes: [Int32] = []
  /// How long what is there may take to go out after a wish to end, in nanoseconds.
  public var drainTimeout: Nanoseconds = 5_000_000_000
  /// Where positions in files are kept for the next run.
  public var checkpoint: FilePath?
  /// How often to print an account, in nanoseconds.
  public var statsEvery: Nanoseconds?
  /// How long output may be held back to be written in larger pieces, in nanoseconds; nil is 1 ms, and
  /// 0 on a terminal.
  public var latency: Nanoseconds?
  /// How often names are looked at, whatever has been announced, in nanoseconds.
  public var interval: Nanoseconds = 1_000_000_000
  /// The engine and its sizes.
  public var transfer = TransferOptions()

  /// The defaults.
  public init() {}

  /// Whether what is left in a buffer can be taken out of it at any time: lines do not wait there for those of
  /// other sources, nor pass through it, nor can a part of what ends them be all there is.
  var linesLieAlone: Bool { order == .arrival && longLine != .pass && delimiter.count == 1 }

  /// Whether regular files are read to their end once, rather than followed.
  public var readsFilesOnce: Bool { !follows || order == .merge }
}
