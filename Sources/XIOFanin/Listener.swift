internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// A socket that accepts connections.
final class Listener {
  let socket: FileDescriptor
  /// What is counted for it, and for connections that are not remembered one by one.
  let feed: Feed
  /// The file of a Unix socket, to be removed at the end.
  let file: SocketFile?
  /// What its connections carry.
  let kind: SocketKind
  /// How many there are.
  var connections = 0
  var slot = -1
  var isWaiting = false
  /// Since when there are as many as there may be; nil while there are fewer.
  var fullSince: Nanoseconds?
  /// So long those who come wait, in case that others have left and that was not noticed yet.
  static let patience: Nanoseconds = 100_000_000

  /// When those who wait are looked at again; nil when none wait.
  var nextLook: Nanoseconds? { isWaiting ? nil : fullSince.map { $0 + Self.patience } }

  init(_ socket: FileDescriptor, _ feed: Feed, _ kind: SocketKind, _ file: SocketFile?) {
    self.socket = socket
    self.feed = feed
    self.kind = kind
    self.file = file
  }
}

/// The file of a Unix socket that this program has made.
struct SocketFile {
  let path: FilePath
  private let device: UInt64, inode: UInt64

  init?(_ path: FilePath) {
    guard let status = try? System.status(path) else { return nil }
    self.path = path
    device = status.device
    inode = status.inode
  }

  /// Removes it, unless another has taken its place.
  func remove() {
    guard let status = try? System.status(path), status.device == device, status.inode == inode
    else { return }
    try? System.remove(path)
  }
}

/// Making sockets that others come to.
enum Listening {
  private static let backlog = 4096

  /// Binds a Unix socket that nobody else may connect to.
  ///
  /// - Throws: ``IOFailure``.
  static func bind(
    _ path: FilePath, _ kind: SocketKind
  ) throws(IOFailure) -> (socket: FileDescriptor, file: SocketFile?) {
    let address = try System.attempt(.listen, path) { () throws(Errno) in
      try SocketAddress(unix: path)
    }
    let socket = try System.attempt(.listen, path) { () throws(Errno) in
      try System.socket(for: address, kind)
    }
    do throws(IOFailure) {
      try System.attempt(.listen, path) { () throws(Errno) in
        // Of two programs that find one stale socket the second must see what the first has made of it.
        let directory = lockDirectory(of: path)
        defer { if let directory { try? System.close(directory) } }
        // The file is made with these permissions: there is no moment in which it has others.
        try System.setMode(socket, 0o600)
        // Whoever waits for the name sends at once, and is to be known.
        if kind == .datagram { try System.passCredentials(socket) }
        try bindReplacingStale(socket, address, path, kind)
        if kind != .datagram { try System.listen(socket, backlog: backlog) }
      }
    } catch {
      try? System.close(socket)
      if error.errno == .addressInUse {
        throw IOFailure(
          .listen, path, error.errno, reason: "somebody uses it",
          hint: "name another path, or end whoever listens there")
      }
      throw error
    }
    return (socket, SocketFile(path))
  }

  /// The locked directory of a name, until it is closed; nil where that cannot be had within a second.
  private static func lockDirectory(of path: FilePath) -> FileDescriptor? {
    let parent = path.removingLastComponent()
    guard let directory = try? System.open(parent.isEmpty ? "." : parent, .readOnly) else {
      return nil
    }
    for _ in 0..<200 {
      if (try? System.lock(directory)) != nil { return directory }
      System.pause(nanoseconds: 5_000_000)
    }
    try? System.close(directory)
    return nil
  }

  /// A socket that a program has left behind is replaced, one that is in use is not, nor any other file.
  private static func bindReplacingStale(
    _ socket: FileDescriptor, _ address: SocketAddress, _ path: FilePath, _ kind: SocketKind
  ) throws(Errno) {
    do throws(Errno) {
      return try System.bind(socket, address)
    } catch {
      guard error == .addressInUse else { throw error }
    }
    guard try System.status(path).kind == .socket else { throw .fileExists }
    let probe = try System.socket(for: address, kind)
    defer { try? System.close(probe) }
    do throws(Errno) {
      try System.connect(probe, address)
      throw .addressInUse
    } catch {
      guard error == .connectionRefused else { throw .addressInUse }
    }
    try System.remove(path)
    try System.bind(socket, address)
  }

  /// Binds sockets to all addresses of a host, or to those that only this machine can reach.
  ///
  /// - Throws: ``IOFailure``.
  static func bind(
    _ host: String?, _ port: String, _ kind: SocketKind, _ name: FilePath
  ) throws(IOFailure) -> [(socket: FileDescriptor, address: SocketAddress)] {
    let addresses = try Connecting.resolve(host, port, kind, name)
    // A port that the kernel chooses for one address may be in use at another: then it chooses again.
    for _ in 0..<(port == "0" ? 16 : 0) {
      do throws(IOFailure) {
        return try bind(addresses, kind, name)
      } catch {
        guard error.errno == .addressInUse else { throw error }
      }
    }
    return try bind(addresses, kind, name)
  }

  private static func bind(
    _ addresses: [SocketAddress], _ kind: SocketKind, _ name: FilePath
  ) throws(IOFailure) -> [(socket: FileDescriptor, address: SocketAddress)] {
    var bound: [(socket: FileDescriptor, address: SocketAddress)] = []
    var failure: Errno?
    for address in addresses {
      do throws(Errno) {
        bound.append(try bind(address, kind, like: bound.first?.address))
      } catch {
        failure = failure ?? error
        // A machine without IPv6 has its names all the same.
        if [.addressFamilyNotSupported, .addressNotAvailable].contains(error) { continue }
        for one in bound { try? System.close(one.socket) }
        throw IOFailure(.listen, name, error)
      }
    }
    guard !bound.isEmpty else { throw IOFailure(.listen, name, failure ?? .addressNotAvailable) }
    return bound
  }

  private static func bind(
    _ address: SocketAddress, _ kind: SocketKind, like first: SocketAddress?
  ) throws(Errno) -> (socket: FileDescriptor, address: SocketAddress) {
    var address = address
    // A port that the kernel chose for one address is meant for all.
    if address.port == 0, let first { address.port = first.port }
    let socket = try System.socket(for: address, kind)
    do throws(Errno) {
      try System.shareAddress(socket, address)
      try System.bind(socket, address)
      if kind == .stream { try System.listen(socket, backlog: backlog) }
      return (socket, try System.address(of: socket))
    } catch {
      try? System.close(socket)
      throw error
    }
  }
}

/// Accepting connections.
extension FaninJob {
  /// So many are taken before others have their turn.
  private static let most = 64

  mutating func begin<Engine: IOEngine & ~Copyable>(
    _ listener: Listener, _ driver: inout Driver<Engine>
  ) throws(Errno) {
    guard !listener.isWaiting, !ending.isDraining else { return }
    if listener.slot < 0 {
      guard let slot = freeSlots.popLast() else { return }
      listener.slot = slot
      occupants[slot] = .listener(listener)
    }
    listener.isWaiting = true
    let endpoint = Endpoint(descriptor: listener.socket, kind: .socket, position: .stream)
    try driver.start(.wait(.read, endpoint, slot: listener.slot))
  }

  mutating func accept<Engine: IOEngine & ~Copyable>(
    _ listener: Listener, _ outcome: Outcome, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    listener.isWaiting = false
    output.wakeUps += 1
    guard outcome.failure == nil, !ending.isDraining else {
      occupants[listener.slot] = nil
      freeSlots.append(listener.slot)
      listener.slot = -1
      return
    }
    for _ in 0..<Self.most {
      if !isFull {
        listener.fullSince = nil
      } else if listener.fullSince == nil {
        listener.fullSince = Clock.monotonic
        return
      }
      do throws(Errno) {
        let (connection, peer) = try System.accept(listener.socket, blocking: settings.blocks)
        try take(connection, peer, listener, &driver, pool)
      } catch {
        if error == .wouldBlock { break }
        // Whoever hung up before being accepted is nobody's loss; without descriptors all others wait.
        if error == .tooManyOpenFiles || error == .tooManyOpenFilesInSystem {
          // It is tried again when a connection has ended, and with every look at the time.
          return
        }
      }
    }
    try begin(listener, &driver)
  }

  /// Whether there are as many connections as there may be.
  private var isFull: Bool {
    sources.listeners.reduce(0) { $0 + $1.connections } >= options.connections || freeSlots.isEmpty
  }

  private mutating func take<Engine: IOEngine & ~Copyable>(
    _ connection: FileDescriptor, _ peer: SocketAddress, _ listener: Listener,
    _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard !isFull, !ending.isDraining, connection.rawValue <= settings.highestDescriptor
    else {
      listener.feed.counts.refused += 1
      try? System.close(connection)
      return
    }
    try? System.keepAlive(connection)
    listener.connections += 1
    listener.feed.counts.connections += 1
    var title = listener.feed.title
    title.peer = peer.name
    if listener.file != nil, let owner = try? System.peerCredentials(connection) {
      title.process = owner.process
      if title.peer.isEmpty { title.peer = Array("pid \(owner.process), uid \(owner.user)".utf8) }
    }
    let feed = factory.make(
      title, endpoint: Endpoint(descriptor: connection, kind: .socket, position: .stream),
      takesRecords: listener.kind == .seqpacket)
    feed.endsWithEmptyRecord = listener.kind == .seqpacket
    feed.listener = listener
    try begin(feed, &driver, pool)
  }

  /// Accepts no more.
  mutating func closeListeners<Engine: IOEngine & ~Copyable>(
    _ driver: inout Driver<Engine>
  ) throws(Errno) {
    for listener in sources.listeners where listener.isWaiting { try driver.cancel(listener.slot) }
  }
}
