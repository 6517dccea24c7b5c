internal import HeapModule
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Makes a connection, and makes it again when it has ended.
final class Connector {
  private static let shortest: Nanoseconds = 100_000_000
  private static let longest: Nanoseconds = 10_000_000_000

  let kind: SocketKind
  let place: SourceSpecification.Place
  let feed: Feed
  /// Where the addresses of its host will be told, while they are looked up.
  var lookup: FileDescriptor?
  /// A socket that is being connected, and what else can be tried.
  var socket: FileDescriptor?
  var addresses: [SocketAddress] = []
  var slot = -1
  private var pause = Connector.shortest
  /// Whether the last failure was told.
  var hasToldOfFailure = false
  /// Whether it is over.
  var hasEnded = false

  init(_ kind: SocketKind, _ place: SourceSpecification.Place, _ feed: Feed) {
    self.kind = kind
    self.place = place
    self.feed = feed
  }

  /// When to try again: each time the pause is longer.
  func nextAttempt(_ now: Nanoseconds) -> Nanoseconds {
    defer { pause = min(Self.longest, pause * 2) }
    return now + pause
  }

  /// Something has come, so that the next pause is a short one.
  func hasWorked() { pause = Self.shortest }
}

/// Finding out where to connect to.
enum Connecting {
  static func resolve(
    _ host: String?, _ port: String, _ kind: SocketKind, _ name: FilePath
  ) throws(IOFailure) -> [SocketAddress] {
    do throws(UnknownAddress) {
      return try System.resolve(host, port, kind)
    } catch {
      throw IOFailure(.open, name, nil, reason: error.reason)
    }
  }
}

/// Making connections.
extension FaninJob {
  /// Tries to connect.
  mutating func connect<Engine: IOEngine & ~Copyable>(
    _ connector: Connector, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    do throws(Errno) {
      switch connector.place {
      case .unix(let path): connector.addresses = [try SocketAddress(unix: path)]
      case .internet(let host, let port):
        let host = host ?? "localhost"
        guard let address = SocketAddress(host, port, connector.kind) else {
          connector.lookup = try System.beginResolving(host, port, connector.kind)
          break
        }
        connector.addresses = [address]
      }
    } catch {
      return try giveUp(connector, error, nil, &driver, pool)
    }
    guard let lookup = connector.lookup else {
      return try tryNext(connector, nil, &driver, pool)
    }
    let endpoint = Endpoint(descriptor: lookup, kind: .pipe, position: .stream)
    try awaitAnswer(connector, endpoint, .read, &driver)
  }

  /// Waits for something to become of a connection.
  private mutating func awaitAnswer<Engine: IOEngine & ~Copyable>(
    _ connector: Connector, _ endpoint: Endpoint, _ direction: Direction,
    _ driver: inout Driver<Engine>
  ) throws(Errno) {
    guard let slot = freeSlots.popLast() else { throw .tooManyOpenFiles }
    connector.slot = slot
    occupants[slot] = .connector(connector)
    try driver.start(.wait(direction, endpoint, slot: slot))
  }

  /// Takes the addresses that were looked up.
  private mutating func finishLookup<Engine: IOEngine & ~Copyable>(
    _ connector: Connector, _ lookup: FileDescriptor, _ outcome: Outcome,
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    connector.lookup = nil
    driver.forget(lookup)
    defer { try? System.close(lookup) }
    if let failure = outcome.failure { return try giveUp(connector, failure, nil, &driver, pool) }
    do throws(UnknownAddress) {
      connector.addresses = try System.finishResolving(lookup)
    } catch {
      return try giveUp(connector, nil, error.reason, &driver, pool)
    }
    try tryNext(connector, nil, &driver, pool)
  }

  private mutating func tryNext<Engine: IOEngine & ~Copyable>(
    _ connector: Connector, _ failure: Errno?, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard !connector.addresses.isEmpty else {
      return try giveUp(connector, failure, nil, &driver, pool)
    }
    let address = connector.addresses.removeFirst()
    do throws(Errno) {
      let socket = try System.socket(for: address, connector.kind)
      connector.socket = socket
      // Whoever is to answer has to know where.
      if case .unix = connector.place, connector.kind == .datagram {
        try System.bindAnonymously(socket)
      }
      try System.connect(socket, address)
    } catch {
      guard error == .nowInProgress, let socket = connector.socket else {
        close(connector, &driver)
        return try tryNext(connector, error, &driver, pool)
      }
      let endpoint = Endpoint(descriptor: socket, kind: .socket, position: .stream)
      return try awaitAnswer(connector, endpoint, .write, &driver)
    }
    try connected(connector, &driver, pool)
  }

  private func close<Engine: IOEngine & ~Copyable>(
    _ connector: Connector, _ driver: inout Driver<Engine>
  ) {
    guard let socket = connector.socket else { return }
    driver.forget(socket)
    try? System.close(socket)
    connector.socket = nil
  }

  /// Takes note that a connection was made, or was not.
  mutating func finishConnecting<Engine: IOEngine & ~Copyable>(
    _ connector: Connector, _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    occupants[connector.slot] = nil
    freeSlots.append(connector.slot)
    connector.slot = -1
    if let lookup = connector.lookup {
      return try finishLookup(connector, lookup, outcome, &driver, pool)
    }
    guard let socket = connector.socket else { return }
    driver.forget(socket)
    do throws(Errno) {
      if let failure = outcome.failure { throw failure }
      try System.checkConnection(socket)
    } catch {
      close(connector, &driver)
      return try tryNext(connector, error, &driver, pool)
    }
    try connected(connector, &driver, pool)
  }

  private mutating func connected<Engine: IOEngine & ~Copyable>(
    _ connector: Connector, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let socket = connector.socket else { return }
    connector.socket = nil
    let feed = connector.feed
    feed.counts.connections += 1
    try? System.keepAlive(socket)
    if connector.hasToldOfFailure {
      connector.hasToldOfFailure = false
      settings.onNotice(.about(feed.title, "is connected"))
    }
    if feed.takesRecords {
      try? System.countDrops(socket)
      if connector.kind == .datagram { try? System.sendNothing(socket) }
    } else if settings.blocks, let flags = try? System.statusFlags(socket) {
      try? System.setStatusFlags(socket, flags.subtracting(.nonBlocking))
    }
    feed.hasEnded = false
    feed.lastDrops = 0
    feed.endpoint = Endpoint(descriptor: socket, kind: .socket, position: .stream)
    try begin(feed, &driver, pool)
  }

  private mutating func giveUp<Engine: IOEngine & ~Copyable>(
    _ connector: Connector, _ errno: Errno?, _ reason: String?,
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    let why = [reason, errno.map { "\($0)" }].compactMap { $0 }.joined(separator: ": ")
    guard options.reconnects, !ending.isDraining else {
      connector.hasEnded = true
      connector.feed.hasEnded = true
      if options.order == .merge { merging.end(connector.feed) }
      if !ending.isDraining {
        settings.onNotice(.failed(connector.feed.title, "cannot be connected: \(why)"))
      }
      return
    }
    if !connector.hasToldOfFailure {
      connector.hasToldOfFailure = true
      settings.onNotice(
        .about(connector.feed.title, "cannot be connected: \(why); it is tried again"))
    }
    scheduleAgain(connector)
  }

  /// Plans another attempt.
  mutating func scheduleAgain(_ connector: Connector) {
    guard options.reconnects, !ending.isDraining else {
      connector.hasEnded = true
      return
    }
    retries.insert(Due(time: connector.nextAttempt(Clock.monotonic), subject: connector))
  }

  /// Makes the attempts that are due.
  mutating func reconnect<Engine: IOEngine & ~Copyable>(
    _ now: Nanoseconds, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    while let first = retries.min, first.time <= now {
      _ = retries.removeMin()
      try connect(first.subject, &driver, pool)
    }
  }
}
