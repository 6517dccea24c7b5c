public import SystemPackage
internal import XIOSystem

/// One name that is followed, and every generation of it that has not ended.
public final class Source {
  /// What became of the name.
  public enum State {
    /// It leads to the last of ``generations``.
    case current
    /// It leads nowhere.
    case missing(Errno)
    /// It leads to what cannot be followed.
    case untailable
    /// Nothing more is expected of it.
    case givenUp
  }

  /// Its number, which no other source of the watcher has or gets.
  public let index: Int
  /// The name; `-` is standard input.
  public let path: FilePath
  /// Whether it is standard input.
  public let isStandardInput: Bool
  /// What became of the name.
  public internal(set) var state = State.missing(.noSuchFileOrDirectory)
  /// What is or may be still read, oldest first.
  public internal(set) var generations: [Generation] = []
  /// What was counted.
  public var counts = SourceCounts()
  /// Whether the name was not there, or not to be opened, when following began.
  public internal(set) var wasMissingAtStart = false

  /// The file that another source reads, when this name leads to that, too.
  public internal(set) var shared: Generation?
  /// The file that the name led to last, also when that has ended.
  var latest: Generation?
  /// The name in its directory, and from the working directory.
  let name: EntryName, wholeName: EntryName
  let nameBytes: [UInt8]
  /// The bytes of the path.
  public let pathBytes: [UInt8]
  var directory: WatchedDirectory?
  /// Directories in which symbolic links on the way lie.
  var linkDirectories: [WatchedDirectory] = []
  /// When the first file was made, of which all younger ones are to be found.
  var firstBirthTime: Int64?
  /// Files that have passed through the name, and whose order is not certain before all of them are.
  var passages: [Passage] = []
  /// Set when the name has to be looked at.
  var needsCheck = false
  /// Whether it waits in ``Watcher/ready``.
  var isQueued = false
  unowned let watcher: Watcher

  init(index: Int, path: FilePath, isStandardInput: Bool, watcher: Watcher) {
    self.watcher = watcher
    self.index = index
    self.path = path
    self.isStandardInput = isStandardInput
    let bytes = path.lastComponent.map { Array($0.string.utf8) } ?? []
    // A component's text repairs bytes that are no UTF-8; the end of the path's bytes does not.
    let all = path.bytes
    nameBytes = all.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? bytes
    name = EntryName(nameBytes)
    wholeName = EntryName(all)
    pathBytes = all
  }

  /// The generation that the name leads to, unless another source reads it.
  public var current: Generation? {
    if case .current = state, shared == nil { generations.last } else { nil }
  }

  /// Whether something may have to be read.
  public var isDirty: Bool { generations.contains { $0.isDirty } }
}

/// What was counted for one source.
public struct SourceCounts: Sendable {
  /// Bytes and lines that were delivered.
  public var bytes: Int64 = 0, lines: Int64 = 0
  /// How many files the name has led to, and how often one of them was cut or written anew.
  public var generations = 0, truncations = 0
  /// Bytes that were seen and gone before they could be read.
  public var bytesLostByTruncation: Int64 = 0, bytesLostByRewriting: Int64 = 0
  /// Files that were gone before they could be opened.
  public var generationsLost = 0
  /// Bytes of holes that were passed over.
  public var holeBytes: Int64 = 0
  /// Lines that another source's output had to interrupt, and newlines added to unfinished ones.
  public var interruptedLines = 0, addedNewlines = 0
  /// The most bytes that waited to be delivered at any look.
  public var maximumLag: Int64 = 0
  /// Bytes that an earlier run may have printed already.
  public var repeatedBytes: Int64 = 0

  /// Nothing was counted yet.
  public init() {}

  /// Adds what was counted for another source.
  public mutating func add(_ other: SourceCounts) {
    bytes += other.bytes
    lines += other.lines
    generations += other.generations
    truncations += other.truncations
    bytesLostByTruncation += other.bytesLostByTruncation
    bytesLostByRewriting += other.bytesLostByRewriting
    generationsLost += other.generationsLost
    holeBytes += other.holeBytes
    interruptedLines += other.interruptedLines
    addedNewlines += other.addedNewlines
    maximumLag = max(maximumLag, other.maximumLag)
    repeatedBytes += other.repeatedBytes
  }

  /// Whether something is missing that was there.
  public var hasLosses: Bool {
    bytesLostByTruncation + bytesLostByRewriting + Int64(generationsLost) > 0
  }
}
