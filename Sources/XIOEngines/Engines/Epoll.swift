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
      .synchronous, .blocking, defaultDepth: 2, onStreams: "epoll_wait, then read or write",
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
  private var registered: [Int32: Wanted] = [:]
  private var refused: Set<Int32> = []
  /// The interests that the instance was told of last.
  private var settled: [Interest] = []
  private var tokens = [UInt64](repeating: 0, count: 64)

  /// Makes an instance.
  ///
  /// - Throws: The error number of `epoll_create1`.
  public init(_ configuration: EngineConfiguration) throws(Errno) {
    epoll = try System.makeEpoll()
  }

  /// Registers a descriptor that is new; one that epoll refuses is always ready.
  public mutating func watch(_ interest: Interest, _ kind: FileKind) throws(Errno) -> Bool {
    if refused.contains(interest.fd) { return false }
    if registered[interest.fd] != nil { return true }
    do throws(Errno) {
      try System.setEpoll(epoll, interest, token: UInt64(interest.fd), change: false)
      registered[interest.fd] = Wanted(read: interest.wants_read, write: interest.wants_write)
      settled = []
      return true
    } catch {
      guard error == .notPermitted else { throw error }
      refused.insert(interest.fd)
      return false
    }
  }

  /// Makes the instance want what is wanted now, and waits.
  public mutating func wait(
    _ interests: inout [Interest], timeout: Nanoseconds?, _ counters: inout EngineCounters
  ) throws(Errno) {
    try update(for: interests)
    let count = try System.waitEpoll(epoll, tokens: &tokens, timeout: timeout)
    let ready = tokens[..<count]
    for index in interests.indices {
      interests[index].ready = ready.contains(UInt64(interests[index].fd))
    }
  }

  /// A descriptor that is ready and that nobody wants would end every wait at once.
  private mutating func update(for interests: [Interest]) throws(Errno) {
    // Whoever waits for the same as before, as most do, needs no calls and no tables.
    guard !interests.elementsEqual(settled, by: Self.areSame) else { return }
    settled = []
    defer { settled = interests }
    var wanted = registered.mapValues { _ in Wanted() }
    for interest in interests {
      wanted[interest.fd, default: Wanted()].read =
        interest.wants_read || wanted[interest.fd]?.read == true
      wanted[interest.fd, default: Wanted()].write =
        interest.wants_write || wanted[interest.fd]?.write == true
    }
    for (fd, wants) in wanted where registered[fd] != wants {
      let descriptor = FileDescriptor(rawValue: fd)
      if wants == Wanted() {
        // Left in with no wishes it would still be reported once its other end is gone.
        try? System.removeEpoll(epoll, descriptor)
      } else {
        let interest = Interest(descriptor, read: wants.read, write: wants.write)
        let isIn = registered[fd] != Wanted()
        try System.setEpoll(epoll, interest, token: UInt64(fd), change: isIn)
      }
      registered[fd] = wants
    }
  }

  private static func areSame(_ one: Interest, _ other: Interest) -> Bool {
    one.fd == other.fd && one.wants_read == other.wants_read
      && one.wants_write == other.wants_write
  }

  /// Takes a descriptor out.
  public mutating func forget(_ descriptor: FileDescriptor) {
    settled = []
    refused.remove(descriptor.rawValue)
    guard registered.removeValue(forKey: descriptor.rawValue) != nil else { return }
    // A descriptor that was closed elsewhere has left the instance already.
    try? System.removeEpoll(epoll, descriptor)
  }

  /// Closes the instance.
  public consuming func close() {
    try? System.close(epoll)
  }
}
