internal import CXIO
internal import Glibc
public import SystemPackage

/// What a socket carries.
public enum SocketKind: Sendable {
  /// A stream of bytes; records without a connection; records with one.
  case stream, datagram, seqpacket

  var number: Int32 {
    switch self {
    case .stream: Int32(XIO_SOCKET_STREAM)
    case .datagram: Int32(XIO_SOCKET_DATAGRAM)
    case .seqpacket: Int32(XIO_SOCKET_SEQPACKET)
    }
  }
}

/// Where a socket is.
public struct SocketAddress: Sendable {
  var raw: xio_address

  init(_ raw: xio_address) { self.raw = raw }

  /// A name in the file system.
  ///
  /// - Throws: ENAMETOOLONG beyond 107 bytes.
  public init(unix path: FilePath) throws(Errno) {
    raw = xio_address()
    let answer = path.withPlatformString { xio_unix_address($0, path.length, &raw) }
    guard answer >= 0 else { throw Errno(rawValue: CInt(-answer)) }
  }

  /// An address in figures; nil where a name has to be looked up.
  public init?(_ host: String, _ port: String, _ kind: SocketKind) {
    raw = xio_address()
    guard xio_numeric_address(host, port, kind.number, &raw) == 1 else { return nil }
  }

  /// Host and port in figures, or the path; empty for an end without a name.
  public var text: String { String(decoding: name, as: UTF8.self) }

  /// The same as bytes, which those of a path need not be text.
  public var name: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 160)
    let count = withUnsafePointer(to: raw) { address in
      bytes.withUnsafeMutableBytes {
        xio_address_text(address, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
      }
    }
    return Array(bytes.prefix(max(0, count)).prefix { $0 != 0 })
  }

  /// The port; 0 where there are none.
  public var port: Int {
    get { withUnsafePointer(to: raw) { Int(xio_address_port($0)) } }
    set { xio_set_address_port(&raw, UInt32(newValue)) }
  }
}

/// Why a host or a port has no address.
public struct UnknownAddress: Error, Sendable {
  /// In words.
  public var reason: String
}

/// Who is at the other end of a Unix socket.
public struct PeerCredentials: Sendable, Hashable {
  /// The process, and its user and group.
  public var process: Int32, user: UInt32, group: UInt32

  init(_ raw: xio_credentials) {
    process = raw.pid
    user = raw.uid
    group = raw.gid
  }
}

/// One record that has come.
public struct SocketMessage: Sendable {
  /// How many bytes of it were received, and how many it has.
  public var count: Int, size: Int
  /// Who sent it, as far as that is known.
  public var sender: SocketAddress, credentials: PeerCredentials?
  /// How many records the kernel has dropped so far, where it tells.
  public var drops: UInt32?
}

/// Sockets. All are close-on-exec.
extension System {
  /// The addresses of a host.
  ///
  /// - Parameters:
  ///   - host: Its name or address; nil for this machine alone.
  ///   - port: Its number or name.
  ///   - kind: What is to be carried.
  /// - Returns: At least one address.
  /// - Throws: ``UnknownAddress``.
  ///
  /// The corresponding C function is `getaddrinfo`.
  public static func resolve(
    _ host: String?, _ port: String, _ kind: SocketKind
  ) throws(UnknownAddress) -> [SocketAddress] {
    var list = [xio_address](repeating: xio_address(), count: Int(XIO_MOST_ADDRESSES))
    let count = xio_resolve(host, port, kind.number, &list)
    return try addresses(list, count: count)
  }

  /// Looks the addresses of a host up on a thread of its own, as that can take many seconds.
  ///
  /// - Parameters:
  ///   - host: Its name or address.
  ///   - port: Its number or name.
  ///   - kind: What is to be connected.
  /// - Returns: A pipe that can be read from once ``finishResolving(_:)`` has an answer.
  /// - Throws: The error number of pipe2(2) or pthread_create(3).
  ///
  /// The corresponding C functions are `getaddrinfo` and `pthread_create`.
  public static func beginResolving(
    _ host: String, _ port: String, _ kind: SocketKind
  ) throws(Errno) -> FileDescriptor {
    FileDescriptor(
      rawValue: CInt(try perform(.pipe2) { xio_begin_resolving(host, port, kind.number) }))
  }

  /// Takes what a thread has found.
  ///
  /// - Parameter lookup: What ``beginResolving(_:_:_:)`` has returned.
  /// - Returns: At least one address.
  /// - Throws: ``UnknownAddress``.
  public static func finishResolving(
    _ lookup: FileDescriptor
  ) throws(UnknownAddress) -> [SocketAddress] {
    var list = [xio_address](repeating: xio_address(), count: Int(XIO_MOST_ADDRESSES))
    let count = xio_finish_resolving(lookup.rawValue, &list)
    return try addresses(list, count: count)
  }

  private static func addresses(
    _ list: [xio_address], count: Int
  ) throws(UnknownAddress) -> [SocketAddress] {
    if count <= -9000 { throw UnknownAddress(reason: String(cString: xio_resolve_message(count))) }
    if count < 0 { throw UnknownAddress(reason: "\(Errno(rawValue: CInt(-count)))") }
    return list.prefix(count).map(SocketAddress.init)
  }

  /// Has the kernel find out within about two minutes that the other end of a connection is gone without a word.
  ///
  /// - Throws: EOPNOTSUPP for sockets that cannot be left like that.
  ///
  /// The corresponding C call is `setsockopt` with `SO_KEEPALIVE`.
  public static func keepAlive(_ socket: FileDescriptor) throws(Errno) {
    try perform(.setsockopt) { xio_keep_alive(socket.rawValue) }
  }

  /// Makes a socket for an address, which does not wait.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `socket`.
  public static func socket(
    for address: SocketAddress, _ kind: SocketKind
  ) throws(Errno) -> FileDescriptor {
    var raw = address.raw
    return FileDescriptor(
      rawValue: CInt(try perform(.socket) { xio_socket(&raw, kind.number) }))
  }

  /// Sets the permissions that the file of a Unix socket will be made with.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `fchmod`.
  public static func setMode(_ socket: FileDescriptor, _ mode: UInt32) throws(Errno) {
    try perform(.fchmod) { xio_set_socket_mode(socket.rawValue, mode) }
  }

  /// Lets a port be used again that was in use a moment ago, and keeps IPv6 apart from IPv4.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `setsockopt`.
  public static func shareAddress(
    _ socket: FileDescriptor, _ address: SocketAddress
  ) throws(Errno) {
    var raw = address.raw
    try perform(.setsockopt) { xio_share_address(socket.rawValue, &raw) }
  }

  /// Gives a socket its address.
  ///
  /// - Throws: EADDRINUSE when another socket, or a file, has it.
  ///
  /// The corresponding C function is `bind`.
  public static func bind(_ socket: FileDescriptor, _ address: SocketAddress) throws(Errno) {
    var raw = address.raw
    try perform(.bind) { xio_bind(socket.rawValue, &raw) }
  }

  /// Gives a Unix socket an address that the kernel chooses, so that it can be answered.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `bind`.
  public static func bindAnonymously(_ socket: FileDescriptor) throws(Errno) {
    try perform(.bind) { xio_bind_anonymous(socket.rawValue) }
  }

  /// Begins to accept connections.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `listen`.
  public static func listen(_ socket: FileDescriptor, backlog: Int) throws(Errno) {
    try perform(.listen) { xio_listen(socket.rawValue, CInt(backlog)) }
  }

  /// Begins to connect a socket.
  ///
  /// - Throws: EINPROGRESS when that takes a while: it is done, or has failed, once one can write.
  ///
  /// The corresponding C function is `connect`.
  public static func connect(_ socket: FileDescriptor, _ address: SocketAddress) throws(Errno) {
    var raw = address.raw
    try perform(.connect) { xio_connect(socket.rawValue, &raw) }
  }

  /// Finds out what became of a connection.
  ///
  /// - Throws: Why it was not made.
  ///
  /// The corresponding C call is `getsockopt` with `SO_ERROR`.
  public static func checkConnection(_ socket: FileDescriptor) throws(Errno) {
    try perform(.getsockopt) { xio_socket_error(socket.rawValue) }
  }

  /// Takes one connection that waits.
  ///
  /// - Parameters:
  ///   - socket: The one that listens.
  ///   - blocking: Whether reads of the connection wait.
  /// - Returns: The connection, and the address of whoever made it.
  /// - Throws: EAGAIN when there is none.
  ///
  /// The corresponding C function is `accept4`.
  public static func accept(
    _ socket: FileDescriptor, blocking: Bool
  ) throws(Errno) -> (connection: FileDescriptor, peer: SocketAddress) {
    var peer = xio_address()
    let fd = try perform(.accept4) { xio_accept(socket.rawValue, blocking, &peer) }
    return (FileDescriptor(rawValue: CInt(fd)), SocketAddress(peer))
  }

  /// The address that a socket has.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `getsockname`.
  public static func address(of socket: FileDescriptor) throws(Errno) -> SocketAddress {
    var raw = xio_address()
    try perform(.getsockname) { xio_own_address(socket.rawValue, &raw) }
    return SocketAddress(raw)
  }

  /// Sends an empty record, by which the other end learns of this one.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `send`.
  public static func sendNothing(_ socket: FileDescriptor) throws(Errno) {
    try perform(.sendto) { xio_send_nothing(socket.rawValue) }
  }

  /// Who is at the other end of a Unix socket.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `getsockopt` with `SO_PEERCRED`.
  public static func peerCredentials(
    _ socket: FileDescriptor
  ) throws(Errno) -> PeerCredentials {
    var raw = xio_credentials()
    try perform(.getsockopt) { xio_peer_credentials(socket.rawValue, &raw) }
    return PeerCredentials(raw)
  }

  /// Asks the kernel to tell with each record how many it has dropped.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `setsockopt` with `SO_RXQ_OVFL`.
  public static func countDrops(_ socket: FileDescriptor) throws(Errno) {
    try perform(.setsockopt) { xio_count_drops(socket.rawValue) }
  }

  /// How many records the kernel has dropped so far, those included that nothing has come after.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `getsockopt` with `SO_MEMINFO`.
  public static func droppedRecords(_ socket: FileDescriptor) throws(Errno) -> UInt32 {
    UInt32(truncatingIfNeeded: try perform(.getsockopt) { xio_dropped_records(socket.rawValue) })
  }

  /// Asks the kernel to tell with each record who sent it.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C call is `setsockopt` with `SO_PASSCRED`.
  public static func passCredentials(_ socket: FileDescriptor) throws(Errno) {
    try perform(.setsockopt) { xio_pass_credentials(socket.rawValue) }
  }

  /// Takes one record without waiting.
  ///
  /// - Parameters:
  ///   - socket: Where it has come.
  ///   - memory: What to fill.
  /// - Returns: What has come; a size of 0 can be the end of a connection.
  /// - Throws: EAGAIN when there is none.
  ///
  /// The corresponding C function is `recvmsg`.
  public static func receive(
    _ socket: FileDescriptor, into memory: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> SocketMessage {
    var message = xio_message()
    let count = try perform(.recvmsg) {
      xio_receive(socket.rawValue, memory.baseAddress, memory.count, &message)
    }
    return SocketMessage(
      count: count, size: message.size, sender: SocketAddress(message.sender),
      credentials: message.credentials.pid == 0 ? nil : PeerCredentials(message.credentials),
      drops: message.has_drops ? message.drops : nil)
  }
}
