import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Sources that are sockets; nothing leaves the machine.
@Suite struct FaninSocketTests {
  private let datagram = CInt(SOCK_DGRAM.rawValue), seqpacket = CInt(SOCK_SEQPACKET.rawValue)

  private func directory() throws -> TestDirectory { try TestDirectory(on: .tmpfs) }

  @Test func aSocketIsForItsOwnerAloneAndGoesAway() throws {
    let directory = try directory()
    let socket = directory.path(of: "socket")
    let gathering = try Gathering(["--label", "{peer}|", "unix-listen:\(socket)"])
    try eventually("it is there") { exists(socket) }
    var status = stat()
    try #require(socket.withPlatformString { lstat($0, &status) } == 0)
    #expect(status.st_mode & 0o7777 == 0o600)
    let client = try TestSocket.connect(socket)
    try client.writeAll("hello\n".utf8)
    try gathering.expect("pid \(getpid()), uid \(getuid())|hello\n")
    try client.close()
    let result = try gathering.finish()
    #expect(result.ending == .signal(SIGTERM) && !exists(socket), "\(result)")
  }

  @Test func replacesAStaleSocketAndNoOther() throws {
    let directory = try directory()
    let path = directory.path(of: "socket")
    let other = try TestSocket.bind(path)
    expectMessage(
      try runXio(["fanin", "unix-listen:\(path)"]), "cannot listen at '\(path)': somebody uses it")
    #expect(exists(path))
    try other.close()
    let gathering = try Gathering(["unix-listen:\(path)"])
    let client = try TestSocket.connect(path)
    _ = try client.closeAfter { try client.writeAll("x\n".utf8) }
    try gathering.expect("x\n")
    // Whoever has taken its place keeps it.
    try remove(path)
    let successor = try TestSocket.bind(path)
    try gathering.finish()
    #expect(exists(path))
    try successor.close()
    let file = try directory.write("file", "data".utf8)
    expectMessage(try runXio(["fanin", "unix-listen:\(file)"]), "File exists")
    #expect(try directory.read("file") == Array("data".utf8))
  }

  @Test func listensOnLoopbackAlone() throws {
    let gathering = try Gathering(["--label", "{peer} ", "tcp-listen:0"])
    let port = try gathering.port()
    try gathering.expect(saying: "127.0.0.1:\(port)")
    for isIPv6 in gathering.said.contains("[::1]") ? [false, true] : [false] {
      let client = try TestSocket.connect(port: port, isIPv6: isIPv6)
      _ = try client.closeAfter { try client.writeAll("v\(isIPv6 ? 6 : 4)\n".utf8) }
      try gathering.expect("v\(isIPv6 ? 6 : 4)\n")
    }
    let bound = String(decoding: try readFile("/proc/net/tcp"), as: UTF8.self)
      .split(separator: "\n").filter { $0.contains(":" + hex(port) + " ") }
    #expect(!bound.contains { $0.contains(" 00000000:" + hex(port) + " 00000000") }, "\(bound)")
    #expect(gathering.printed.contains("127.0.0.1:"))
    try gathering.finish()
  }

  private func hex(_ port: Int) -> String {
    let text = String(port, radix: 16, uppercase: true)
    return String(repeating: "0", count: 4 - text.count) + text
  }

  @Test(arguments: ["epoll", "uring", "blocking", "posix-aio"])
  func takesRecords(_ engine: String) throws {
    let directory = try directory()
    let (packets, datagrams) = (directory.path(of: "packets"), directory.path(of: "datagrams"))
    let gathering = try Gathering([
      "--engine", engine, "--label", "{name} {pid}|", "seqpacket-listen:\(packets)",
      "unix-dgram-listen:\(datagrams)",
    ])
    let first = try TestSocket.connect(packets, seqpacket)
    let second = try TestSocket.connect(datagrams, datagram)
    try first.writeAll("one record".utf8)
    try second.writeAll("a\nb".utf8)
    let process = getpid()
    try gathering.expect("seqpacket-listen:\(packets) \(process)|one record\n")
    try gathering.expect(
      "unix-dgram-listen:\(datagrams) \(process)|a\nunix-dgram-listen:\(datagrams) \(process)|b\n")
    try first.close()
    try second.close()
    try gathering.finish()
  }

  @Test func knowsWhoSentTheFirstDatagram() throws {
    let directory = try directory()
    let path = directory.path(of: "datagrams")
    // Whatever is done after bind comes too late for a sender who was waiting for the name.
    let gathering = try Gathering(
      ["--label", "{pid}|", "unix-dgram-listen:\(path)"],
      strace: straceInjecting(["bind:delay_exit=500000"]))
    try eventually("it is there") { exists(path) }
    let sender = try TestSocket.connect(path, datagram)
    try sender.writeAll("at once".utf8)
    try gathering.expect("\(getpid())|at once\n")
    try sender.close()
    try gathering.finish()
  }

  @Test func saysThatSendersCannotBeKnown() throws {
    let directory = try directory()
    let path = directory.path(of: "datagrams")
    let result = try runXio(
      ["fanin", "unix-dgram-listen:\(path)"],
      strace: straceInjecting(["setsockopt:error=ENOPROTOOPT"]))
    #expect(result.ending == .status(1), "\(result)")
    #expect(result.errorText.contains("'\(path)'") && !exists(path), "\(result)")
    #expect(result.errorText.contains("Protocol not available"), "\(result)")
  }

  @Test func takesDatagramsOfTheInternet() throws {
    let gathering = try Gathering(["--label", "{peer} ", "udp-listen:127.0.0.1:0"])
    let port = try gathering.port()
    let sockets = try (0..<2).map { _ in try TestSocket.connect(port: port, datagram) }
    for (number, socket) in sockets.enumerated() { try socket.writeAll("d\(number)".utf8) }
    try gathering.expect(" d0\n")
    try gathering.expect(" d1\n")
    let peers = Set(gathering.printed.split(separator: "\n").map { $0.split(separator: " ")[0] })
    #expect(
      peers.count == 2 && peers.allSatisfy { $0.hasPrefix("127.0.0.1:") }, "\(gathering.printed)")
    for socket in sockets { try socket.close() }
    try gathering.finish()
  }

  @Test(arguments: ["epoll", "uring", "blocking"])
  func connectsAgain(_ engine: String) throws {
    let directory = try directory()
    let socket = directory.path(of: "socket")
    let gathering = try Gathering(["--engine", engine, "unix:\(socket)"])
    try gathering.expect(
      saying: "cannot be connected: No such file or directory; it is tried again")
    for round in 1...2 {
      let server = try TestSocket.bind(socket)
      let connection = FileDescriptor(rawValue: accept(server.rawValue, nil, nil))
      _ = try connection.closeAfter { try connection.writeAll("\(round)\nhalf".utf8) }
      try gathering.expect("\(round)\nhalf\n")
      try server.close()
      try remove(socket)
    }
    #expect(gathering.said.contains("is connected"))
    try gathering.finish()
  }

  @Test func endsWithItsConnectionIfAsked() throws {
    let directory = try directory()
    let socket = directory.path(of: "socket")
    let refused = try runXio(["fanin", "--no-reconnect", "unix:\(socket)"])
    #expect(
      refused.ending == .status(1) && refused.errorText.contains("No such file"), "\(refused)")
    let server = try TestSocket.bind(socket)
    let gathering = try Gathering(["--no-reconnect", "unix:\(socket)"])
    let connection = FileDescriptor(rawValue: accept(server.rawValue, nil, nil))
    _ = try connection.closeAfter { try connection.writeAll("x\n".utf8) }
    expectQuietSuccess(try gathering.running.wait())
    try server.close()
  }

  @Test func connectsToRecords() throws {
    let directory = try directory()
    let path = directory.path(of: "server")
    let server = try TestSocket.bind(path, datagram)
    let gathering = try Gathering(["unix-dgram:\(path)"])
    var from = sockaddr_un()
    var size = socklen_t(MemoryLayout<sockaddr_un>.size)
    var byte: UInt8 = 0
    // The empty record says where answers go.
    let count = withUnsafeMutablePointer(to: &from) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        recvfrom(server.rawValue, &byte, 1, 0, $0, &size)
      }
    }
    #expect(count == 0)
    let text = Array("answer".utf8)
    _ = withUnsafePointer(to: &from) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(server.rawValue, text, text.count, 0, $0, size)
      }
    }
    try gathering.expect("answer\n")
    try gathering.finish()
    try server.close()
  }

  @Test func countsConnectionsBeyondTheLimit() throws {
    let (limit, refused) = runsFullSize ? (100, 100_000) : (3, 2000)
    let directory = try directory()
    let path = directory.path(of: "socket")
    let report = directory.path(of: "report")
    let gathering = try Gathering(
      [
        "--connections", "\(limit)", "--report=json", "--report-to", report, "unix-listen:\(path)",
      ] as [any ByteString])
    let kept = try (0..<limit).map { number in
      let socket = try TestSocket.connect(path)
      try socket.writeAll("\(number)\n".utf8)
      try gathering.expect("\(number)\n")
      return socket
    }
    for _ in 0..<refused {
      let socket = try TestSocket.connect(path)
      var byte: UInt8 = 0
      #expect(read(socket.rawValue, &byte, 1) <= 0)
      try socket.close()
    }
    for socket in kept {
      try socket.writeAll("still\n".utf8)
      try socket.close()
    }
    try gathering.expect(String(repeating: "still\n", count: limit))
    #expect(try peakMemory(of: gathering.running.process) < 64 << 20)
    try gathering.finish()
    let sources = try JSONReport(try directory.read("report")).object("fanin")["sources"]
    let listener = try #require((sources as? [[String: Any]])?.first { $0["number"] as? Int == 1 })
    #expect(
      (listener["dropped"] as? [String: Any])?["refused_connections"] as? Int == refused,
      "\(listener)")
    #expect(listener["connections"] as? Int == limit)
  }

  /// One that sends a byte now and then, and one that says nothing, keep nobody waiting.
  @Test func slowAndHalfOpenConnectionsHinderNobody() throws {
    let directory = try directory()
    let path = directory.path(of: "socket")
    let gathering = try Gathering(["unix-listen:\(path)", "tcp-listen:0"])
    let port = try gathering.port()
    let silent = try TestSocket.connect(port: port)
    let slow = try TestSocket.connect(path)
    let quick = try TestSocket.connect(path)
    for byte in "slow".utf8 {
      try slow.writeAll([byte])
      try quick.writeAll("q\u{0}\u{1B}\n".utf8)
    }
    try gathering.expect("q\0\u{1B}\nq\0\u{1B}\nq\0\u{1B}\nq\0\u{1B}\n")
    // Half of it is closed, and it can be written to no more.
    shutdown(slow.rawValue, CInt(SHUT_WR))
    try gathering.expect("slow\n")
    try silent.close()
    try slow.close()
    try quick.close()
    try gathering.finish()
  }
}
