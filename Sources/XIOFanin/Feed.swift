internal import DequeModule
internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// What was counted for one source.
struct FeedCounts {
  /// What has come, and what went out, in bytes without labels.
  var received: Int64 = 0, bytes: Int64 = 0, lines: Int64 = 0
  /// Lines and bytes that were dropped because there was no room.
  var droppedLines: Int64 = 0, droppedBytes: Int64 = 0
  /// Records that the kernel dropped, and bytes of records that were too long.
  var kernelDrops: Int64 = 0, truncatedBytes: Int64 = 0
  /// Lines that went out after one with a later time.
  var late: Int64 = 0
  /// Connections that were refused, and how often one was made.
  var refused: Int64 = 0, connections: Int64 = 0
  /// Bytes that waited in a file.
  var spilledBytes: Int64 = 0

  mutating func add(_ other: FeedCounts) {
    received += other.received
    bytes += other.bytes
    lines += other.lines
    droppedLines += other.droppedLines
    droppedBytes += other.droppedBytes
    kernelDrops += other.kernelDrops
    truncatedBytes += other.truncatedBytes
    late += other.late
    refused += other.refused
    connections += other.connections
    spilledBytes += other.spilledBytes
  }
}

/// One source, and the lines of it that have not gone out.
final class Feed {
  /// What the engine does for it.
  enum Activity {
    case idle, waiting, reading
  }

  /// Its number, from 1 on, and what it is called.
  let number: Int
  let title: FeedTitle
  let label: RenderedLabel
  /// The descriptor, where there is one of its own.
  var endpoint: Endpoint?
  /// The offset of the next read, of what has offsets.
  var offset: Int64?
  /// Its number among requests, and the buffer that its bytes lie in, most often of the same number; -1 while it
  /// has none.
  var slot = -1, buffer = -1
  var activity = Activity.idle
  /// Lines of what is read now; of a file that is followed, of one of its generations.
  var assembler: LineAssembler
  /// Those of generations that have an unfinished line.
  var assemblers: [ObjectIdentifier: LineAssembler] = [:]
  /// The followed name, when it is one, and the FIFO or device that it leads to now.
  let file: Source?
  var stream: Generation?
  /// Whether its descriptor is to be closed.
  var ownsDescriptor = true
  /// Sources of records that come by its socket.
  var senders: [[UInt8]: Feed] = [:]
  /// Who accepts it, when it is a connection; its process, when it is a command.
  weak var listener: Listener?
  var process: Int32?
  /// Whoever connects it again when it has ended.
  var connector: Connector?
  /// Lines that wait apart from the buffer.
  var backlog = Backlog()
  /// What they took when ``Holders`` was last told.
  var heldAtLast = 0
  /// Whether nothing more will come.
  var hasEnded = false
  /// Whether records are received rather than bytes read.
  let takesRecords: Bool
  /// Whether it waits for its turn to go out, and how many bytes it may still put out in this turn.
  var isQueued = false
  var credit = 0
  var counts = FeedCounts()
  /// Damage of assemblers that are gone, and what was counted for files of other sources that stand here.
  var pastDamage = LineDamage(), pastFiles = SourceCounts()
  /// When its last bytes came, and since when a line is unfinished; 0 when none is.
  var lastArrival: Nanoseconds = 0, unfinishedSince: Nanoseconds = 0
  /// When its last line came, by the clock of the calendar.
  var arrivedAt: Nanoseconds = 0
  var clock: LineClock
  /// The time of its first line, the latest time of a line so far, and when its last one was seen.
  var headTime: Nanoseconds?, lastKey = Nanoseconds.min, lastLine: Nanoseconds = 0
  /// Whether it is one of a pattern's names, at how many looks in a row that led nowhere, and how many of its
  /// lines wait in a window.
  var isMatch = false, looksInVain = 0, linesInWindow = 0
  /// Whether a window waits for its next line, and whether it is known when it will not any more.
  var isExpected = false, isTimed = false
  /// Whether it is known when its unfinished line is due.
  var awaitsFlush = false
  /// Whether a merge waits for its next line.
  var isAwaited = true
  /// Whether an empty record is the end, rather than one without bytes.
  var endsWithEmptyRecord = false
  /// How many records the kernel had dropped when it last told.
  var lastDrops: UInt32 = 0

  init(
    number: Int, title: FeedTitle, label: RenderedLabel, rule: LineRule, clock: LineClock,
    file: Source? = nil, takesRecords: Bool = false
  ) {
    self.number = number
    self.title = title
    self.label = label
    self.file = file
    self.takesRecords = takesRecords
    self.clock = clock
    assembler = LineAssembler(rule)
  }

  /// Whether lines are ready to go out.
  var hasLines: Bool { !backlog.isEmpty || assembler.hasLines }

  /// Whether a line may come of it.
  var mayHaveLines: Bool { !hasEnded && (endpoint != nil || file != nil) || hasLines }

  /// All damage so far.
  var damage: LineDamage {
    var sum = pastDamage
    for one in [assembler] + assemblers.values.filter({ $0 !== assembler }) { sum.add(one.damage) }
    return sum
  }

  /// What was counted for its files.
  var fileCounts: SourceCounts {
    var sum = pastFiles
    if let file { sum.add(file.counts) }
    return sum
  }

  /// Takes over what was counted for another one, which is forgotten.
  func absorb(_ other: Feed) {
    counts.add(other.counts)
    pastDamage.add(other.damage)
    pastFiles.add(other.fileCounts)
  }

  /// Whether something is missing that was there.
  var hasLosses: Bool {
    let damage = damage
    return counts.droppedLines + counts.kernelDrops + counts.truncatedBytes + counts.late
      + counts.refused + damage.cutBytes + Int64(damage.droppedLines + damage.longLines) > 0
      || fileCounts.hasLosses
  }
}
