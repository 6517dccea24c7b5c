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
  var place: (directory: WatchedDirectory, name: [UInt8])?
  /// Whether it came in this batch, and so has never been looked at.
  let isArrival: Bool

  init(_ source: Source, _ place: (directory: WatchedDirectory, name: [UInt8])?) {
    self.source = source
    isArrival = place != nil
    self.place = place
  }
}

/// What a number of events say about names.
///
/// Several files may have had one name between two looks. Where each is now follows from the order of
/// events, as renamings leave both names.
struct EventBatch {
  /// Files that have come or gone, oldest first.
  private(set) var passages: [Passage] = []
  /// Sources whose names have to be looked at.
  private(set) var touched: [Source] = []
  var hasOverflowed = false
  private var places: [Place: Passage] = [:]
  private var moving: [UInt32: Passage] = [:]

  mutating func take(_ event: WatchEvent, in directory: WatchedDirectory) {
    let place = Place(directory: ObjectIdentifier(directory), name: event.name)
    let sources = directory.sources(named: event.name)
    if !event.mask.isDisjoint(with: [.create, .movedTo]) {
      arrive(event, place, sources, directory)
    }
    if !event.mask.isDisjoint(with: [.delete, .movedFrom]) {
      leave(event, place, sources)
    }
    if !event.mask.isDisjoint(with: [.modify, .closeWrite]) {
      for source in sources { source.current?.isDirty = true }
      if event.mask.contains(.modify) {
        for source in sources { source.current?.lastGrowth = Clock.monotonic }
      }
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
    if event.mask.contains(.movedFrom) { moving[event.cookie] = passage }
  }
}

extension Watcher {
  /// Opens what came and went, and looks at the names that were touched.
  func settle(_ batch: EventBatch) {
    if options.byName {
      let bySource = Dictionary(grouping: batch.passages) { $0.source.index }
      for (index, passages) in bySource { openPassages(of: sources[index], passages) }
    }
    for source in batch.touched { source.needsCheck = true }
    for source in batch.touched where source.needsCheck { check(source) }
    if batch.hasOverflowed { lookAtEverything() }
  }

  /// Opens files that passed through a name, and puts those that are new among those that are known.
  private func openPassages(of source: Source, _ passages: [Passage]) {
    // From the last to the first: each new one stands before the next one that is known.
    var next: Generation?
    for passage in passages.reversed() {
      guard let place = passage.place else {
        // What came and went between two looks is lost; what went was looked at before.
        if passage.isArrival { source.counts.generationsLost += 1 }
        continue
      }
      let name = EntryName(place.name)
      guard
        let status = try? System.status(of: name, in: place.directory.descriptor),
        status.kind == .regular
      else { continue }
      if let generation = known[FileIdentity(status)] {
        next = generation
      } else if !isEnded(status, name, place.directory) {
        next = open(name, in: place.directory, source, before: next) ?? next
      }
    }
  }
}
