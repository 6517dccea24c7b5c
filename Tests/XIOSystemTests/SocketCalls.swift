import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// Sockets and child processes.
extension CallRow {
  static let sockets: [CallRow] = [
    CallRow("socket", .socket) { try makeSocket($0).close() },
    CallRow("setMode", .fchmod, counts: [.socket: 1, .fchmod: 1]) {
      try withSocket($0) { socket, _ in try System.setMode(socket, 0o600) }
    },
    CallRow("shareAddress", .setsockopt, counts: [.socket: 1, .setsockopt: 1]) {
      try withSocket($0) { try System.shareAddress($0, $1) }
    },
    CallRow("countDrops", .setsockopt, counts: [.socket: 1, .setsockopt: 1]) {
      try withSocket($0, .datagram) { socket, _ in try System.countDrops(socket) }
    },
    CallRow("passCredentials", .setsockopt, counts: [.socket: 1, .setsockopt: 1]) {
      try withSocket($0, .datagram) { socket, _ in try System.passCredentials(socket) }
    },
    CallRow("bind", .bind, counts: [.socket: 1, .bind: 1]) {
      try withSocket($0) { try System.bind($0, $1) }
    },
    CallRow("bindAnonymously", .bind, counts: [.socket: 1, .bind: 1]) {
      try withSocket($0) { socket, _ in try System.bindAnonymously(socket) }
    },
    CallRow("listen", .listen, counts: listenCounts) {
      try withListener($0) { _, _ in }
    },
    CallRow("connect", .connect, counts: connectCounts) {
      try withConnection($0) { _, _ in }
    },
    CallRow("accept", .accept4, counts: connectCounts.merging([.accept4: 1]) { $1 }) {
      try withConnection($0) { listener, _ in
        try System.accept(listener, blocking: false).connection.close()
      }
    },
    CallRow("checkConnection", .getsockopt, counts: connectCounts.merging([.getsockopt: 1]) { $1 })
    {
      try withConnection($0) { try System.checkConnection($1) }
    },
    CallRow("peerCredentials", .getsockopt, counts: connectCounts.merging([.getsockopt: 1]) { $1 })
    {
      try withConnection($0) { _ = try System.peerCredentials($1) }
    },
    CallRow("address of a socket", .getsockname, counts: [.socket: 1, .getsockname: 1]) {
      try withSocket($0) { socket, _ in _ = try System.address(of: socket) }
    },
    CallRow("sendNothing and receive", .recvmsg, counts: datagramCounts) { try exchange($0) },
    CallRow("beginResolving", .pipe2, counts: [.pipe2: 1]) { _ in
      let lookup = try System.beginResolving("127.0.0.1", "80", .stream)
      defer { try? lookup.close() }
      _ = try System.finishResolving(lookup)
    },
    CallRow("sendNothing", .sendto, counts: datagramCounts) { try exchange($0) },
    CallRow("spawn and reap", .clone, counts: [.pipe2: 1, .clone: 1, .wait4: 1]) {
      try runChild($0)
    },
    CallRow("reap", .wait4, counts: [.pipe2: 1, .clone: 1, .wait4: 1]) { try runChild($0) },
    CallRow("awaitEnd", .wait4, counts: [.pipe2: 1, .clone: 1, .wait4: 1]) { _ in
      try withChild("exit 3") { process in
        let end = try System.awaitEnd(of: process).end
        #expect(end == .status(3))
      }
    },
    CallRow("killGroup", .kill, counts: [.pipe2: 1, .clone: 1, .kill: 1]) { _ in
      try withChild("read x") { process in try System.killGroup(of: process) }
    },
    CallRow("endGroup", .kill, counts: [.pipe2: 1, .clone: 1, .kill: 1]) { _ in
      try withChild("read x") { process in try System.endGroup(of: process) }
    },
  ]

  private static let listenCounts: [SystemCall: UInt64] = [.socket: 1, .bind: 1, .listen: 1]
  private static let connectCounts: [SystemCall: UInt64] = [
    .socket: 2, .bind: 1, .listen: 1, .connect: 1,
  ]
  private static let datagramCounts: [SystemCall: UInt64] = [
    .socket: 2, .bind: 1, .connect: 1, .sendto: 1, .recvmsg: 1,
  ]

  private static func address(_ fixture: CallFixture) throws -> SocketAddress {
    try SocketAddress(unix: fixture.directory.path(of: "socket"))
  }

  private static func makeSocket(
    _ fixture: CallFixture, _ kind: SocketKind = .stream
  ) throws -> FileDescriptor {
    try System.socket(for: try address(fixture), kind)
  }

  private static func withSocket(
    _ fixture: CallFixture, _ kind: SocketKind = .stream,
    _ body: (FileDescriptor, SocketAddress) throws -> Void
  ) throws {
    let socket = try makeSocket(fixture, kind)
    defer { try? socket.close() }
    try body(socket, try address(fixture))
  }

  private static func withListener(
    _ fixture: CallFixture, _ body: (FileDescriptor, SocketAddress) throws -> Void
  ) throws {
    try withSocket(fixture) { socket, address in
      try System.bind(socket, address)
      try System.listen(socket, backlog: 4)
      try body(socket, address)
    }
  }

  private static func withConnection(
    _ fixture: CallFixture, _ body: (FileDescriptor, FileDescriptor) throws -> Void
  ) throws {
    try withListener(fixture) { listener, address in
      try withSocket(fixture) { socket, _ in
        try System.connect(socket, address)
        try body(listener, socket)
      }
    }
  }

  private static func exchange(_ fixture: CallFixture) throws {
    try withSocket(fixture, .datagram) { receiver, address in
      try System.bind(receiver, address)
      try withSocket(fixture, .datagram) { sender, _ in
        try System.connect(sender, address)
        try System.sendNothing(sender)
      }
      _ = try System.receive(receiver, into: fixture.memory)
    }
  }

  private static func runChild(_ fixture: CallFixture) throws {
    try withChild("true") { process in
      try eventually("the child has ended") {
        var found = siginfo_t()
        return waitid(P_PID, id_t(process), &found, WEXITED | WNOHANG | WNOWAIT) == 0
          && found.si_signo == SIGCHLD
      }
      _ = try System.reap(process)
    }
  }

  /// Runs a child that ends by itself, and takes its status whatever becomes of the calls under test.
  private static func withChild(_ command: String, _ body: (Int32) throws -> Void) throws {
    let (process, output) = try System.spawn(shell: Array(command.utf8))
    defer { try? output.close() }
    let result = Result { try body(process) }
    do {
      try eventually("the child ends") { waitpid(process, nil, WNOHANG) != 0 }
    } catch {
      kill(-process, SIGKILL)
      throw error
    }
    try result.get()
  }
}
