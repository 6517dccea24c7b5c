internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOReport
internal import XIOSystem

/// Makes sources, numbers them, and remembers what became of those that are gone.
final class FeedFactory {
  /// So many sources that have ended are remembered one by one.
  private static let remembered = 1024
  private static let colours = [6, 2, 3, 5, 4, 1]

  private let options: FaninOptions
  private let template: LabelTemplate
  private let rule: LineRule
  private var nextNumber = 1
  /// All sources, in the order of their numbers, and those that have ended and stand for themselves.
  private(set) var feeds: [Int: Feed] = [:]
  private var gone: [Report.FaninSource] = []
  /// Whether the time of each line has to be found.
  let needsTimes: Bool

  init(_ options: FaninOptions) throws(LabelProblem) {
    self.options = options
    template = try LabelTemplate(options.label ?? "")
    rule = LineRule(options)
    needsTimes = template.hasTime || options.format == .json || options.order != .arrival
  }

  /// Makes a source.
  func make(
    _ title: FeedTitle, endpoint: Endpoint? = nil, file: Source? = nil, takesRecords: Bool = false
  ) -> Feed {
    let number = nextNumber
    nextNumber += 1
    let colour = options.hasColour ? Self.colours[(number - 1) % Self.colours.count] : nil
    let feed = Feed(
      number: number, title: title, label: template.render(title, number: number, colour: colour),
      rule: rule, clock: LineClock(format: options.timeFormat), file: file,
      takesRecords: takesRecords)
    feed.endpoint = endpoint
    feeds[number] = feed
    return feed
  }

  /// A further assembler for a file of a source.
  func makeAssembler() -> LineAssembler { LineAssembler(rule) }

  /// Forgets a source that has ended, but not what was counted for it.
  ///
  /// - Parameters:
  ///   - feed: A connection, or a name of a pattern.
  ///   - listener: Who stands for it where there have been many; nil for one that stands for all names.
  func remove(_ feed: Feed, from listener: Feed?) {
    guard feeds.removeValue(forKey: feed.number) != nil else { return }
    if gone.count < Self.remembered {
      gone.append(Report.FaninSource(feed))
    } else {
      (listener ?? others).absorb(feed)
    }
    hasLostBefore = hasLostBefore || feed.hasLosses
  }

  /// What stands for names that are not remembered one by one.
  private lazy var others = make(FeedTitle(spec: Array("others".utf8)))

  private var hasLostBefore = false

  /// Whether something is missing that was there.
  var hasLosses: Bool { hasLostBefore || feeds.values.contains { $0.hasLosses } }

  /// What came of all sources so far.
  var account: [Report.FaninSource] {
    (gone + feeds.values.map { Report.FaninSource($0) }).sorted { $0.number < $1.number }
  }
}

extension Report.FaninSource {
  init(_ feed: Feed) {
    let (counts, damage, files) = (feed.counts, feed.damage, feed.fileCounts)
    self.init(
      number: feed.number, source: FileName(SourceSpecification.path(feed.title.path)),
      peer: feed.title.peer.isEmpty ? nil : String(decoding: feed.title.peer, as: UTF8.self),
      receivedBytes: counts.received, bytes: counts.bytes, lines: counts.lines,
      lagBytes: feed.file?.generations.reduce(0) { $0 + $1.lag } ?? 0, late: counts.late,
      dropped: Report.FaninDrops(
        queueFullLines: counts.droppedLines, queueFullBytes: counts.droppedBytes,
        tooLongLines: Int64(damage.droppedLines), cutBytes: damage.cutBytes,
        kernelRecords: counts.kernelDrops, recordBytes: counts.truncatedBytes,
        refusedConnections: counts.refused, truncatedBytes: files.bytesLostByTruncation,
        rewrittenBytes: files.bytesLostByRewriting,
        files: files.generationsLost),
      longLines: damage.longLines, unfinishedLines: damage.unfinishedLines,
      spilledBytes: counts.spilledBytes, connections: counts.connections,
      generations: files.generations, truncations: files.truncations,
      repeatedBytes: files.repeatedBytes)
  }
}
