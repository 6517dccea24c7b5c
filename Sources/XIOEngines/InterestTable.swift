public import CXIO
public import SystemPackage
public import XIOSystem

/// What operations wait for, each in a numbered place that stays its own until it is over.
///
/// Interests lie one behind the other, for calls that take all of them at every wait, and can be found by
/// their descriptor, for those that name the few that are ready.
public struct InterestTable: ~Copyable {
  private struct Place {
    /// Where its interest lies; -1 when the place is free.
    var index = -1
    /// The next place with the same descriptor; -1 for none.
    var next = -1
  }

  /// All interests, in no order.
  public private(set) var interests: [Interest] = []
  /// Places whose interests the last wait has found ready, each once.
  public internal(set) var ready: [Int] = []
  private var owners: [Int] = []
  private var places: [Place] = []
  private var free: [Int] = []
  /// The first place of each descriptor, by its number.
  private var first: [Int] = []

  init() {}

  /// How many interests there are.
  public var count: Int { interests.count }

  /// Takes an interest in, and returns its place.
  mutating func insert(_ interest: Interest) -> Int {
    let fd = Int(interest.fd)
    while first.count <= fd { first.append(-1) }
    if free.isEmpty {
      free.append(places.count)
      places.append(Place())
    }
    let place = free.removeLast()
    places[place] = Place(index: interests.count, next: first[fd])
    first[fd] = place
    interests.append(interest)
    owners.append(place)
    return place
  }

  /// Gives a place free.
  mutating func remove(_ place: Int) {
    let (index, next) = (places[place].index, places[place].next)
    let fd = Int(interests[index].fd)
    if first[fd] == place {
      first[fd] = next
    } else {
      var before = first[fd]
      while places[before].next != place { before = places[before].next }
      places[before].next = next
    }
    places[place] = Place()
    free.append(place)
    // The last one takes the room.
    let last = interests.count - 1
    if index != last {
      interests[index] = interests[last]
      owners[index] = owners[last]
      places[owners[index]].index = index
    }
    interests.removeLast()
    owners.removeLast()
  }

  /// Waits for all interests with a call that marks those that are ready.
  ///
  /// - Throws: What the call throws.
  public mutating func waitForAll(
    _ call: (inout [Interest]) throws(Errno) -> Int
  ) throws(Errno) {
    guard try call(&interests) > 0 else { return }
    for index in interests.indices where interests[index].ready { ready.append(owners[index]) }
  }

  /// Takes all interests for ready.
  public mutating func markAll() {
    ready.empty()
    ready.append(contentsOf: owners)
  }

  /// Takes the interests in a descriptor for ready, whose number may not be one of any.
  ///
  /// - Returns: Whether there are some.
  @discardableResult
  public mutating func mark(_ fd: Int32) -> Bool {
    guard fd >= 0, fd < first.count, first[Int(fd)] >= 0 else { return false }
    var place = first[Int(fd)]
    while place >= 0 {
      // Only a signal can name one descriptor twice.
      if !interests[places[place].index].ready { ready.append(place) }
      interests[places[place].index].ready = true
      place = places[place].next
    }
    return true
  }

  /// What is wanted of a descriptor by all its interests.
  public func wanted(_ fd: Int32) -> (read: Bool, write: Bool) {
    var wanted = (read: false, write: false)
    guard fd >= 0, fd < first.count else { return wanted }
    var place = first[Int(fd)]
    while place >= 0 {
      let interest = interests[places[place].index]
      wanted.read = wanted.read || interest.wants_read
      wanted.write = wanted.write || interest.wants_write
      place = places[place].next
    }
    return wanted
  }

  /// Forgets what the last wait has found.
  mutating func unmark() {
    for place in ready where places[place].index >= 0 {
      interests[places[place].index].ready = false
    }
    ready.empty()
  }
}
