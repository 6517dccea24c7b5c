public import SystemPackage
internal import XIOEngines
public import XIOSystem

/// Knows which files names lead to, and opens every new one at once.
///
/// It never waits for output. Inotify is a hint that makes it quick: once in every interval all
/// names are looked at, and an overflow of the queue means the same.
public final class Watcher {
  /// What is followed, in the order of the operands.
  public private(set) var sources: [Source] = []
  /// The inotify instances that tell of names, and of changes of files; nil when there can be none.
  ///
  /// They are two, so that a flood of changes cannot hide a name that comes and goes.
  public let inotify: FileDescriptor?, changes: FileDescriptor?
  /// Told of what happens to names.
  public var onChange: (Source, NameChange) -> Void = { _, _ in }
  /// Told of limits that make following slower, with what mends them.
  public var onLimit: (_ message: String, _ hint: String) -> Void = { _, _ in }
  /// Told when a file was cut or written anew, and how many bytes are known to be lost.
  public var onRestart: (Generation, _ lost: Int64) -> Void = { _, _ in }
  /// Told when nothing more will come from a file.
  public var onEnd: (Generation) -> Void = { _ in }
  /// Sources that may have something to read, each once.
  var ready: [Source] = []
  private var nextReady = 0
  private var nextIndex = 0
  /// FIFOs and devices that were opened and that nobody reads yet.
  var newStreams: [Generation] = []
  /// The file that changed last, when no other did at the same time.
  private var lastChanged: Generation?
  /// The file that is being read, or was, before the events about it.
  private var expected: Generation?
  /// How often events were lost because the queue was full.
  public private(set) var overflows = 0
  /// How many files of all sources were gone before they could be read.
  public private(set) var generationsLost = 0

  let options: WatchOptions
  /// How many descriptors there may be, how many followed files are open, and the number that one had last.
  let descriptorLimit: Int
  var openFiles = 0, lastNumber: Int32 = 0
  /// The source whose file was closed last to save descriptors, and files that could not be opened again.
  var nextToClose = -1, unopened: [Generation] = []
  /// Numbers of descriptors that were closed.
  var closed: [FileDescriptor] = []
  /// The source at which the next beat begins to look.
  private var nextLook = 0
  /// So many names are looked at in one beat; the others have their turn in the next.
  private static let looksInBeat = 4096
  /// Files that are open or known to be, by what they are.
  var known: [FileIdentity: Generation] = [:]
  /// Files of which nothing more is expected.
  var ended = EndedFiles()
  var directories: [FilePath: WatchedDirectory] = [:]
  var passages = Passages()
  var fences = Fences()
  var watches: [Int32: WatchTarget] = [:]
  var changeWatches: [Int32: ChangeTarget] = [:]
  /// Generations that lost their names and may still grow.
  var superseded: [Generation] = []
  /// Whether following has begun, so that new files are new from their first byte on.
  var hasBegun = false
  var hasToldOfWatches = false, hasToldOfDescriptors = false
  /// Whether a directory may have been replaced.
  var directoriesNeedCheck = false

  /// Makes a watcher that watches nothing yet.
  public init(_ options: WatchOptions) {
    self.options = options
    descriptorLimit = System.raiseDescriptorLimit()
    System.ignoreLeaseBreaks()
    inotify = options.watches ? try? System.makeInotify(blocking: options.eventsBlock) : nil
    changes = options.watches ? try? System.makeInotify(blocking: options.eventsBlock) : nil
  }

  /// Says what keeps events from being announced, if something does.
  public func begin() {
    hasBegun = true
    guard options.watches, inotify == nil || changes == nil else { return }
    onLimit(
      "inotify cannot be used, so files are looked at from time to time",
      "raise fs.inotify.max_user_instances")
  }

  /// Begins to follow a name, and opens its file.
  ///
  /// - Parameter path: The name; `-` is standard input.
  /// - Returns: The source, and why its file could not be opened if it could not.
  public func add(_ path: FilePath) -> (source: Source, failure: Errno?) {
    let isStandardInput = path == "-"
    let source = Source(
      index: nextIndex, path: path, isStandardInput: isStandardInput, watcher: self)
    nextIndex += 1
    sources.append(source)
    if isStandardInput {
      let failure = Result { () throws(Errno) in
        // A descriptor that was closed is held by one that cannot be read.
        guard try System.statusFlags(.standardInput).canRead else { throw .badFileDescriptor }
        let status = try System.nameStatus(.standardInput)
        adopt(.standardInput, status, source, before: nil)
      }
      if case .failure(let errno) = failure { source.state = .missing(errno) }
      return (source, failure.error)
    }
    // The watch comes first, so that nothing can happen between the look and the watch.
    if options.byName || options.retries { attach(source) }
    let failure = openFirst(source)
    source.wasMissingAtStart = failure != nil
    return (source, failure)
  }

  /// Whether nothing is left of a source.
  ///
  /// - Parameter source: One of ``sources``.
  /// - Returns: Whether its name leads nowhere, and its files have ended.
  public func isGone(_ source: Source) -> Bool {
    if case .current = source.state { return false }
    return source.generations.isEmpty && source.shared == nil && !source.isQueued
  }

  /// Does not follow names any more.
  ///
  /// - Parameter gone: Sources that ``isGone(_:)`` is true of.
  public func remove(_ gone: [Source]) {
    for source in gone { detach(source) }
    let indices = Set(gone.map(\.index))
    sources.removeAll { indices.contains($0.index) }
    nextLook = 0
  }

  func enqueue(_ source: Source) {
    guard !source.isQueued else { return }
    source.isQueued = true
    ready.append(source)
  }

  /// Takes the source out of the queue that has waited longest for its turn to be read.
  public func nextSource() -> Source? {
    guard nextReady < ready.count else { return nil }
    let source = ready[nextReady]
    nextReady += 1
    if nextReady == ready.count {
      ready.empty()
      nextReady = 0
    } else if nextReady > 4096 {
      ready.removeFirst(nextReady)
      nextReady = 0
    }
    source.isQueued = false
    return source
  }

  /// Takes a FIFO or device that was opened and that nobody reads yet.
  public func nextStream() -> Generation? {
    newStreams.isEmpty ? nil : newStreams.removeFirst()
  }

  /// Whether there is one file alone, so that no other can interrupt an unfinished line.
  public var hasOneGeneration: Bool {
    var count = 0
    for source in sources {
      count += source.generations.count
      if count > 1 { return false }
    }
    return true
  }

  /// Puts a source at the end of the queue.
  ///
  /// - Parameter source: One that has more to read.
  public func again(_ source: Source) { enqueue(source) }

  /// Looks at the files that events were about, while nobody has the time to read them.
  public func lookAtReady() {
    for source in ready[nextReady...] {
      for generation in source.generations where generation.isDirty {
        if let descriptor = generation.descriptor, generation.kind == .regular,
          let status = try? System.nameStatus(descriptor)
        {
          generation.look(status)
        }
      }
    }
  }

  /// Whether anything can still come.
  public var isAlive: Bool {
    sources.contains { source in
      if case .givenUp = source.state { return !source.generations.isEmpty }
      if source.generations.isEmpty, source.shared == nil {
        return options.retries && !source.isStandardInput
      }
      return true
    }
  }

  /// Takes events of ``inotify`` in.
  ///
  /// - Parameter bytes: What a read has brought.
  public func take(_ bytes: UnsafeRawBufferPointer) {
    for event in WatchEvents(in: bytes) { handle(event) }
    settlePassages()
    if directoriesNeedCheck { checkDirectories() }
  }

  private func handle(_ event: WatchEvent) {
    if event.mask.contains(.overflow) {
      overflows += 1
      passages.hasOverflowed = true
      fences.passAll()
      return
    }
    if event.mask.contains(.ignored) { fences.pass(event.watch) }
    guard let target = watches[event.watch] else { return }
    if event.mask.contains(.ignored) {
      watches[event.watch] = nil
      for directory in target.directories { directory.watch = nil }
      directoriesNeedCheck = directoriesNeedCheck || !target.directories.isEmpty
      return
    }
    if target.isAncestor { directoriesNeedCheck = true }
    for directory in target.directories {
      if !event.mask.isDisjoint(with: [.moveSelf, .deleteSelf, .unmount]) {
        directoriesNeedCheck = true
      } else if !event.name.isEmpty {
        passages.take(event, in: directory)
      }
    }
  }

  /// Takes events of ``changes`` in.
  ///
  /// - Parameter bytes: What a read has brought.
  public func takeChanges(_ bytes: UnsafeRawBufferPointer) {
    var (changed, others): (Generation?, Bool) = (nil, false)
    defer { lastChanged = others ? nil : changed }
    let expected = expected
    self.expected = nil
    func note(_ generation: Generation) {
      others = others || changed.map { $0 !== generation } ?? false
      changed = generation
    }
    for event in WatchEvents(in: bytes) {
      if event.mask.contains(.overflow) {
        overflows += 1
        others = true
        for source in sources {
          for generation in source.generations { generation.isDirty = true }
        }
        return
      }
      if let expected, expected.watch == event.watch, event.mask == .modify {
        // Most often there is nothing that was not read just now.
        if expected.differsInSize { touch(expected, event.mask) }
        note(expected)
        continue
      }
      guard let target = changeWatches[event.watch] else { continue }
      if event.mask.contains(.ignored) {
        changeWatches[event.watch] = nil
        target.generation?.watch = nil
      } else if let generation = target.generation {
        touch(generation, event.mask)
        note(generation)
      } else if let directory = target.directory {
        others = true
        for source in directory.sources(named: event.name) {
          if let generation = source.current { touch(generation, event.mask) }
        }
      }
    }
  }

  /// The file that is likely to change next: the one that changed last, when it was the only one.
  public var likelyToChange: Generation? {
    guard let generation = lastChanged, !generation.hasEnded, !generation.isSuperseded else {
      return nil
    }
    return generation
  }

  /// Has the file read that is likely to have changed, before the events are read that are there: most
  /// often they are about the same one, and what was appended is delivered the sooner.
  public func expectChange() {
    guard let generation = likelyToChange else { return }
    generation.isDirty = true
    expectChange(of: generation)
  }

  /// Takes note that a file is being read before the events about it are.
  ///
  /// - Parameter generation: One that is ``likelyToChange``.
  public func expectChange(of generation: Generation) {
    generation.lastGrowth = Clock.monotonic
    expected = generation
  }

  /// Takes note of a file that was gone before it could be read.
  func miss(_ source: Source) {
    source.counts.generationsLost += 1
    generationsLost += 1
  }

  /// Takes note of something that happened to an open file.
  func touch(_ generation: Generation, _ mask: WatchMask) {
    generation.isDirty = true
    if mask.contains(.modify) { generation.lastGrowth = Clock.monotonic }
    if mask.contains(.closeWrite), generation.isSuperseded { generation.wasClosed = true }
  }

  /// Looks at everything, as is due once in every interval.
  public func beat() {
    let waited = fences.takeUntilBeat()
    defer {
      waited.forEach(Fences.open)
      if !waited.isEmpty { settlePassages() }
    }
    retryUnopened()
    if passages.endMoves() { settlePassages() }
    checkDirectories()
    for _ in 0..<min(sources.count, Self.looksInBeat) {
      check(sources[nextLook])
      nextLook = nextLook + 1 == sources.count ? 0 : nextLook + 1
    }
    for generation in superseded { lookAtSuperseded(generation) }
    superseded.removeAll { $0.hasEnded }
  }

  /// Looks at everything after events were lost: files may have come and gone meanwhile.
  func lookAtEverything() {
    beat()
    for source in sources.dropFirst(Self.looksInBeat) { check(source) }
    for source in sources where options.byName {
      recoverMissed(source)
      for generation in source.generations { generation.isDirty = true }
    }
  }

  /// Ends what is over, and gives descriptors back that nobody will write to.
  ///
  /// - Parameter generation: What has been read to its end.
  public func finishIfOver(_ generation: Generation) {
    guard generation.isSuperseded, !generation.hasEnded, !generation.isDirty else { return }
    if isOver(generation) { end(generation) }
    superseded.removeAll { $0.hasEnded }
  }

  /// Expects nothing more of a source.
  ///
  /// - Parameter source: One that could not be opened.
  public func giveUp(_ source: Source) { source.state = .givenUp }

  /// Leaves the file of a source alone, which is of a kind that cannot be followed.
  ///
  /// - Parameter source: The source.
  public func refuse(_ source: Source) {
    if let generation = source.generations.last { end(generation) }
    source.state = options.waitsForChange ? .untailable : .givenUp
  }

  /// Ends a stream that has no more to say.
  ///
  /// - Parameter generation: A generation that is no file.
  public func endStream(_ generation: Generation) {
    let source = generation.source
    end(generation)
    if source.generations.isEmpty { source.state = .givenUp }
  }
}

extension Result {
  fileprivate var error: Failure? {
    if case .failure(let failure) = self { failure } else { nil }
  }
}
