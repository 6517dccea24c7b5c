public import CXIO
public import SystemPackage
public import XIOSystem

/// Multiplexing by epoll(7).
public typealias EpollEngine = ReadinessEngine<EpollWaiter>

/// Waits in an epoll instance, level-triggered.
public struct EpollWaiter: ReadinessWaiter, ~Copyable {
  /// The name on the command line.
  public static var name: EngineName { .epoll }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .synchronous, .blocking, defaultDepth: 2, linksReads: true,
      onStreams: "epoll_wait, then read or write",
      onFiles: "refused (EPERM): pread, pwrite")
  }

  /// Waits for streams.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    inspect(facts, always: "epoll refuses it (EPERM)")
  }

  private struct Wanted: Equatable {
    var read = false
    var write = false
  }

  private let epoll: FileDescriptor
  /// What the instance was told of each descriptor.
  private var registered = ByDescriptor<Wanted>()
  private var refused = ByDescriptor<Bool>()
  /// Descriptors of which more may be wanted than the instance knows.
  private var changed: [Int32] = []
  private var tokens = [UInt64](repeating: 0, count: 64)

  /// Makes an instance.
  ///
  /// - Throws: The error number of `epoll_create1`.
  public init(_ configuration: EngineConfiguration) throws(Errno) {
    epoll = try System.makeEpoll()
  }

  /// Registers a descriptor that is new; one that epoll refuses is always ready.
  public mutating func watch(
    _ interest: Interest, _ kind: FileKind, _ counters: inout EngineCounters
  ) throws(Errno) -> Bool {
    if registered[interest.fd] != nil { return true }
    if refused[interest.fd] != nil { return false }
    do throws(Errno) {
      try System.setEpoll(epoll, interest, token: UInt64(interest.fd), change: false)
      counters.descriptorsPassed += 1
      registered[interest.fd] = Wanted(read: interest.wants_read, write: interest.wants_write)
      return true
    } catch {
      guard error == .notPermitted else { throw error }
      refused[interest.fd] = true
      return false
    }
  }

  /// Notes a descriptor of which something is wanted that the instance was not told of.
  public mutating func added(_ interest: Interest) {
    guard let known = registered[interest.fd] else { return }
    if interest.wants_read && !known.read || interest.wants_write && !known.write {
      changed.append(interest.fd)
    }
  }

  /// Makes the instance want what is wanted now, and waits.
  ///
  /// What is not wanted any more stays in until it is announced: it will most often be wanted again
  /// before that, and so costs no call.
  public mutating func wait(
    _ interests: inout InterestTable, timeout: Nanoseconds?, _ counters: inout EngineCounters
  ) throws(Errno) {
    while let fd = changed.popLast() { try settle(fd, interests.wanted(fd), &counters) }
    let count = try System.waitEpoll(epoll, tokens: &tokens, timeout: timeout)
    for token in tokens[..<count] {
      let fd = Int32(truncatingIfNeeded: token)
      let wanted = interests.wanted(fd)
      if wanted.read || wanted.write { interests.mark(fd) }
      // One that is ready and that nobody wants would end every wait at once.
      if Wanted(read: wanted.read, write: wanted.write) != registered[fd] {
        try settle(fd, wanted, &counters)
      }
    }
  }

  private mutating func settle(
    _ fd: Int32, _ wanted: (read: Bool, write: Bool), _ counters: inout EngineCounters
  ) throws(Errno) {
    let wants = Wanted(read: wanted.read, write: wanted.write)
    guard let known = registered[fd], known != wants else { return }
    let descriptor = FileDescriptor(rawValue: fd)
    if wants == Wanted() {
      // Left in with no wishes it would still be reported once its other end is gone.
      try? System.removeEpoll(epoll, descriptor)
    } else {
      let interest = Interest(descriptor, read: wants.read, write: wants.write)
      try System.setEpoll(epoll, interest, token: UInt64(fd), change: known != Wanted())
      counters.descriptorsPassed += 1
    }
    registered[fd] = wants
  }

  /// Takes a descriptor out.
  public mutating func forget(_ descriptor: FileDescriptor) {
    refused[descriptor.rawValue] = nil
    guard registered[descriptor.rawValue] != nil else { return }
    registered[descriptor.rawValue] = nil
    // A descriptor that was closed elsewhere has left the instance already.
    try? System.removeEpoll(epoll, descriptor)
  }

  /// Closes the instance.
  public consuming func close() {
    try? System.close(epoll)
  }
}
