internal import SystemPackage
internal import XIOSystem

/// A name in a directory.
struct Place: Hashable {
  var directory: ObjectIdentifier
  var name: [UInt8]
}

/// A file that has come to or gone from a followed name, and where it is now.
final class Passage {
  let source: Source
  /// Where the file can be found; nil once it has left the directories that are watched.
  var place: (directory: WatchedDirectory, name: [UInt8])? {
    didSet { (found, fence) = (nil, nil) }
  }
  /// Whether a file was found at all.
  var wasFound = false
  /// What was found where it is now, and what is to pass until it is known that it was the right one.
  var found: Generation?
  var fence: Fence?
  /// Whether events have told of nothing else that could have been there.
  var isConfirmed: Bool { found != nil && fence?.isOver != false }
  /// Whether an event has told where it left, and none yet where it went.
  var isMoving = false
  /// How many beats there were since.
  var beats = 0
  /// Whether it was seen to come, and not only to go.
  let isArrival: Bool
  /// How often it was looked for in vain.
  var misses = 0

  init(_ source: Source, _ place: (directory: WatchedDirectory, name: [UInt8])?) {
    self.source = source
    isArrival = place != nil
    self.place = place
  }
}

/// What events say about names.
///
/// Several files may have had one name between two looks. Where each is now follows from the order of
/// events, as renamings leave both names.
struct Passages {
  /// Files that have come or gone and that were not found yet, oldest first.
  var passages: [Passage] = []
  /// Sources whose names have to be looked at.
  var touched: [Source] = []
  var hasOverflowed = false
  private var places: [Place: Passage] = [:]
  private var moving: [UInt32: Passage] = [:]

  /// Forgets what has been dealt with.
  mutating func settle(keeping left: [Passage]) {
    passages = left
    touched = []
    hasOverflowed = false
    moving = moving.filter { entry in left.contains { $0 === entry.value } }
    places = places.filter { entry in left.contains { $0 === entry.value } }
  }

  /// Gives up waiting for where files went that have left the directories that are watched.
  ///
  /// - Returns: Whether there were some.
  mutating func endMoves() -> Bool {
    var ended = false
    for passage in passages where passage.isMoving {
      passage.beats += 1
      guard passage.beats >= Self.longestMove else { continue }
      passage.isMoving = false
      ended = true
    }
    return ended
  }

  /// So many beats may pass between the two events of one renaming.
  private static let longestMove = 2

  mutating func take(_ event: WatchEvent, in directory: WatchedDirectory) {
    let place = Place(directory: ObjectIdentifier(directory), name: event.name)
    let sources = directory.sources(named: event.name)
    if !event.mask.isDisjoint(with: [.create, .movedTo]) {
      arrive(event, place, sources, directory)
    }
    if !event.mask.isDisjoint(with: [.delete, .movedFrom]) {
      leave(event, place, sources)
    }
    if event.mask.contains(.attributes) { touched += sources }
    if directory.leadsOn(event.name) { touched += directory.visitors }
  }

  private mutating func arrive(
    _ event: WatchEvent, _ place: Place, _ sources: [Source], _ directory: WatchedDirectory
  ) {
    touched += sources
    var passage = event.mask.contains(.movedTo) ? moving.removeValue(forKey: event.cookie) : nil
    if let passage {
      passage.place = (directory, event.name)
      passage.isMoving = false
    } else if let source = sources.first {
      let arrival = Passage(source, (directory, event.name))
      passages.append(arrival)
      passage = arrival
    }
    places[place] = passage
  }

  private mutating func leave(_ event: WatchEvent, _ place: Place, _ sources: [Source]) {
    touched += sources
    var passage = places.removeValue(forKey: place)
    if passage == nil, let source = sources.first {
      // Whatever this was came before these events; it is looked up where it went.
      let departure = Passage(source, nil)
      passages.append(departure)
      passage = departure
    }
    guard let passage else { return }
    passage.place = nil
    if event.mask.contains(.movedFrom) {
      moving[event.cookie] = passage
      (passage.isMoving, passage.beats) = (true, 0)
    }
  }
}

extension Watcher {
  /// So often a file that is on its way from name to name is looked for.
  private static let mostMisses = 8

  /// Opens what came and went, and looks at the names that were touched.
  func settlePassages() {
    let batch = passages
    var left: [Passage] = []
    var sources = batch.touched
    for source in sources { source.needsCheck = true }
    if options.byName {
      for passages in Dictionary(grouping: batch.passages, by: \.source.index).values {
        left += openPassages(of: passages[0].source, passages)
        sources.append(passages[0].source)
      }
    }
    passages.settle(keeping: left)
    for source in sources where source.needsCheck { check(source) }
    if batch.hasOverflowed { lookAtEverything() }
  }

  /// Opens files that passed through a name, and puts those that are new among those that are known.
  ///
  /// - Parameters:
  ///   - source: Whose name it was.
  ///   - passages: The files, oldest first.
  /// - Returns: Those that have or may have moved on meanwhile, of which more events will tell.
  private func openPassages(of source: Source, _ passages: [Passage]) -> [Passage] {
    // From the last to the first: each new one stands before the next one that is known.
    var next: Generation?
    var left: [Passage] = []
    for passage in passages.reversed() {
      if let found = passage.found {
        if passage.isConfirmed { put(found, before: next, of: source) }
        if found.source === source, !found.hasEnded { next = found }
        left.insert(passage, at: 0)
        continue
      }
      guard let place = passage.place else {
        // What came and went before it was looked at is lost; what only went was looked at before.
        if passage.isMoving {
          left.insert(passage, at: 0)
        } else if passage.isArrival, !passage.wasFound {
          miss(source)
        }
        continue
      }
      do throws(Errno) {
        let found = try openPassage(source, EntryName(place.name), place.directory, before: next)
        guard let found else { continue }
        passage.wasFound = true
        passage.found = found
        passage.fence = found.isFenced ? found.fence : fence(found, isHeld: false)
        if found.source === source { next = found }
        left.insert(passage, at: 0)
      } catch {
        passage.misses += 1
        if error == .noSuchFileOrDirectory, passage.misses < Self.mostMisses {
          left.insert(passage, at: 0)
        } else if passage.isArrival, !passage.wasFound {
          miss(source)
        }
      }
    }
    // Those that are certain are needed until all are, to put the others where they belong.
    if left.allSatisfy(\.isConfirmed) { left = [] }
    source.passages = left
    if source.isSettled, source.isDirty { enqueue(source) }
    return left
  }

  /// Puts a file before the next one where a guess has had it stand behind that.
  private func put(_ found: Generation, before next: Generation?, of source: Source) {
    guard let place = source.generations.firstIndex(where: { $0 === next }),
      let index = source.generations.firstIndex(where: { $0 === found }), place < index
    else { return }
    source.generations.remove(at: index)
    source.generations.insert(found, at: place)
    for generation in source.generations[place...] { generation.turn = nil }
    supersede(found)
    source.needsCheck = true
  }

  func openPassage(
    _ source: Source, _ name: EntryName, _ directory: WatchedDirectory, before next: Generation?
  ) throws(Errno) -> Generation? {
    let descriptor = try withDescriptorsLeft { () throws(Errno) in
      try System.open(name, in: directory.descriptor, [.readOnly, .nonBlocking, .noTerminal])
    }
    let status = try? System.nameStatus(descriptor)
    guard let status, status.kind == .regular else {
      try? System.close(descriptor)
      return nil
    }
    if let generation = known[FileIdentity(status)] {
      try? System.close(descriptor)
      return generation
    }
    if isEnded(status, descriptor) {
      try? System.close(descriptor)
      return nil
    }
    return adopt(descriptor, status, source, before: next)
  }
}
