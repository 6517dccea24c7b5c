internal import XIOSystem

/// Operations in flight, each in a numbered place that stays its own until it completes.
struct PendingTable {
  struct Entry {
    var operation: Operation
    /// When it was submitted; 0 when nothing is measured.
    var submitted: Nanoseconds
    /// When it was seen to be ready.
    var ready: Nanoseconds = 0
    /// How many completions of the kernel are still to come for it.
    var outstanding = 1
    /// Whether the kernel has agreed to cancel it, which not every completion says.
    var isCancelled = false
    /// How often it was announced to be ready and was not.
    var falseAlarms = 0
  }

  private(set) var entries: [Entry?]
  private var free: [Int]
  private(set) var count = 0

  init(capacity: Int) {
    entries = Array(repeating: nil, count: capacity)
    free = Array((0..<capacity).reversed())
  }

  var isFull: Bool { free.isEmpty }

  /// Takes an operation in and returns its place; the table must not be full.
  mutating func insert(_ operation: Operation, at submitted: Nanoseconds) -> Int {
    let place = free.removeLast()
    entries[place] = Entry(operation: operation, submitted: submitted)
    count += 1
    return place
  }

  /// Gives a place free.
  @discardableResult
  mutating func remove(_ place: Int) -> Entry? {
    guard let entry = entries[place] else { return nil }
    entries[place] = nil
    free.append(place)
    count -= 1
    return entry
  }

  /// Changes an entry.
  mutating func update(_ place: Int, _ body: (inout Entry) -> Void) {
    if var entry = entries[place] {
      body(&entry)
      entries[place] = entry
    }
  }

  /// The place of the operation with an id.
  func place(of id: OperationID) -> Int? {
    entries.firstIndex { $0?.operation.id == id }
  }
}
