public import SystemPackage
internal import XIOSystem

/// A transfer that one buffer is to make: as many operations as it takes.
public struct Request {
  /// Whether it reads or writes, and what.
  public var direction: Direction, endpoint: Endpoint
  /// Where it begins, in bytes; nil is the descriptor's own position.
  public var offset: Int64?
  /// The buffer, by its index in the pool.
  public var slot: Int
  /// The first byte of the buffer that takes part, and how many do.
  public var start: Int, count: Int
  /// Whether a short count is to be made up for.
  public var fills: Bool
  /// Whether the call is made before anything is waited for, as it is likely not to have to.
  public var triesFirst: Bool
  /// Whether it counts in phases and latencies: what only stands by while others wait would count
  /// the same time again.
  public var isMeasured: Bool
  /// Whether it ends once the descriptor is ready, and moves nothing.
  public var onlyWaits = false
  /// Whether it ends with EAGAIN where it would have to wait.
  public var neverWaits = false
  /// What has to be ready before the first call, of an engine that links reads.
  public var trigger: FileDescriptor?

  /// Describes a transfer.
  public init(
    direction: Direction, endpoint: Endpoint, offset: Int64?, slot: Int, start: Int = 0,
    count: Int, fills: Bool, triesFirst: Bool = false, isMeasured: Bool = true
  ) {
    self.isMeasured = isMeasured
    self.triesFirst = triesFirst
    self.direction = direction
    self.endpoint = endpoint
    self.offset = offset
    self.slot = slot
    self.start = start
    self.count = count
    self.fills = fills
  }

  /// Describes a wait for the time when something could be moved.
  public static func wait(
    _ direction: Direction, _ endpoint: Endpoint, slot: Int, isMeasured: Bool = false
  ) -> Request {
    var request = Request(
      direction: direction, endpoint: endpoint, offset: nil, slot: slot, count: 0, fills: false,
      isMeasured: isMeasured)
    request.onlyWaits = true
    return request
  }
}

/// The end of a request.
public struct Outcome {
  /// Which request: the buffer, and the direction.
  public var slot: Int, direction: Direction
  /// The bytes moved; fewer than asked at the end of a file.
  public var count: Int
  /// Why it ended early.
  public var failure: Errno?
}

/// How far a request has come.
struct RequestState {
  var isActive = false
  var request: Request
  var done = 0
  /// What the operation in flight covers.
  var range = 0..<0
  /// Whether it is a wait for readiness, after an EAGAIN or because nothing else is wanted.
  var isWaiting = false
  /// Calls in a row that have moved nothing and not failed for good.
  var repetition = Repetition()
  var submitted: Nanoseconds = 0

  mutating func begin(_ request: Request) {
    self.request = request
    isActive = true
    done = 0
    isWaiting = request.onlyWaits
    repetition = Repetition()
  }

  /// Whether what is in flight counts in phases.
  var isMeasured: Bool { request.isMeasured && (!isWaiting || request.onlyWaits) }

  mutating func nextOperation() -> Operation {
    let id = OperationID(UInt64(request.slot))
    if isWaiting {
      return Operation(
        id: id, descriptor: request.endpoint.descriptor, kind: request.endpoint.kind,
        verb: request.direction == .read ? .waitReadable : .waitWritable)
    }
    // O_DIRECT cannot go on in the middle of a block: what there is of it is moved once more.
    let alignment = request.endpoint.alignment
    let first = request.endpoint.isDirect ? done / alignment * alignment : done
    let length = min(request.count - first, System.transferLimit)
    range = first..<first + length
    let offset = request.offset.map { $0 + Int64(first) }
    return Operation(
      id: id, descriptor: request.endpoint.descriptor, kind: request.endpoint.kind,
      verb: request.direction == .read ? .read(at: offset) : .write(at: offset),
      slot: request.slot, range: request.start + first..<request.start + first + length,
      flags: request.endpoint.flags, isDirect: request.endpoint.isDirect,
      triesFirst: request.triesFirst && done == 0, trigger: done == 0 ? request.trigger : nil)
  }

  /// What asks for the early end of the operation in flight.
  var cancellation: Operation {
    Operation(
      id: OperationID(UInt64.max), descriptor: request.endpoint.descriptor,
      kind: request.endpoint.kind, verb: .cancel(OperationID(UInt64(request.slot))))
  }
}

/// The states of all requests, by their slots, in one place from which they need not be copied.
final class RequestTable {
  let count: Int
  private let states: UnsafeMutablePointer<RequestState>

  init(_ count: Int) {
    self.count = count
    states = .allocate(capacity: count)
    let none = Request(
      direction: .read,
      endpoint: Endpoint(descriptor: .standardInput, kind: .anonymous, position: .stream),
      offset: nil, slot: 0, count: 0, fills: false)
    states.initialize(repeating: RequestState(request: none), count: count)
  }

  deinit {
    states.deinitialize(count: count)
    states.deallocate()
  }

  subscript(_ slot: Int) -> UnsafeMutablePointer<RequestState> {
    precondition((0..<count).contains(slot))
    return states + slot
  }
}
