import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Others who mean harm, or are just gone.
@Suite struct FaninHostileTests {
  /// A Unix socket with a name of its own that is connected to another.
  private func connect(from name: [UInt8], to path: FilePath) throws -> FileDescriptor {
    let made = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    try #require(TestSocket.withAddress(FilePath(rawBytes: name)) { bind(made, $0, $1) } == 0)
    try eventually("somebody listens") {
      TestSocket.withAddress(path) { Glibc.connect(made, $0, $1) } == 0
    }
    return FileDescriptor(rawValue: made)
  }

  @Test func namesOfPeersCannotForgeLines() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let path = directory.path(of: "socket")
    let gathering = try Gathering(["--label", "{peer}|", "unix-listen:\(path)"])
    let name = directory.path.rawBytes + Array("/a\nforged|\u{1B}[2J".utf8) + [0xFF]
    let client = try connect(from: name, to: path)
    try client.writeAll([0xC0, 0, 0xFF] + Array("\u{1B}x\n".utf8))
    try gathering.expect("x\n")
    let shown = "\(directory.path)/a\\nforged|\\033[2J\\377|"
    #expect(
      gathering.running.outputSoFar == Array(shown.utf8) + [0xC0, 0, 0xFF]
        + Array("\u{1B}x\n".utf8),
      "\(gathering.printed.debugDescription)")
    try gathering.running.signal(SIGUSR1)
    try gathering.expect(saying: "forged")
    try client.close()
    let result = try gathering.finish()
    #expect(!result.errorText.contains("\u{1B}"), "\(result.errorText.debugDescription)")
  }

  @Test(arguments: ["tail", "json", "text"]) func namesOfFilesCannotForgeLines(_ format: String)
    throws
  {
    let directory = try TestDirectory(on: .tmpfs)
    let file = try directory.write([UInt8]("a\n==> b <==\u{1B}[2J".utf8), "x\n".utf8)
    let result = try runXio(
      ["fanin", "--no-follow", "--format", format, "--label", "{path} ", file] as [any ByteString])
    let lines = format == "tail" ? 2 : 1
    #expect(result.output.count { $0 == 10 } == lines, "\(result)")
    #expect(!result.output.contains(0x1B), "\(result)")
  }

  /// With no umask at all, and a directory that everybody may enter, the socket is its owner's alone.
  @Test(arguments: ["unix-listen", "seqpacket-listen", "unix-dgram-listen"])
  func nobodyElseCanConnect(_ scheme: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    try setPermissions(directory.path, 0o777)
    let path = directory.path(of: "socket")
    let program = try locateXio()
    let listening = try TestProgram(
      try findTool("sh"),
      ["-c", "umask 0; exec \"$@\"", "sh", program, "fanin", "\(scheme):\(path)"]
    ).start()
    defer { try? listening.signal(SIGKILL) }
    try eventually("it is there") { exists(path) }
    var status = stat()
    try #require(path.withPlatformString { lstat($0, &status) } == 0)
    #expect(status.st_mode & 0o7777 == 0o600)
    let connecting = "\(scheme.dropLast("-listen".count)):\(path)"
    let other = try runXio(
      ["fanin", "--no-reconnect", connecting], launcher: ["--uid", "65534"])
    #expect(
      other.ending == .status(1) && other.errorText.contains("Permission denied"), "\(other)")
  }

  /// Of two who find one stale socket at the same time, one gets it and the other says so.
  @Test func oneOfTwoReplacesAStaleSocket() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let path = directory.path(of: "socket")
    try TestSocket.bind(path).close()
    // The first one is slow to remove what it has found stale.
    let slow = try startXio(
      ["fanin", "unix-listen:\(path)"],
      strace: straceInjecting(["unlink:delay_enter=600000", "unlinkat:delay_enter=600000"]))
    letPass(.milliseconds(300))
    let quick = try startXio(["fanin", "unix-listen:\(path)"])
    let both = [slow, quick]
    try eventually("one has ended") { both.contains { $0.hasEnded } }
    let client = try TestSocket.connect(path)
    _ = try client.closeAfter { try client.writeAll("x\n".utf8) }
    for one in both {
      if one.hasEnded {
        expectMessage(try one.wait(), "somebody uses it")
      } else {
        try eventually("it is served") { one.outputSoFar == Array("x\n".utf8) }
        try one.signal(SIGTERM)
        try one.wait()
      }
    }
    #expect(!exists(path))
  }

  /// Whoever vanishes without a word is found out: the kernel asks for signs of life.
  @Test(arguments: ["epoll", "uring"]) func asksWhetherPeersAreThere(_ engine: String) throws {
    let gathering = try Gathering(["--engine", engine, "tcp-listen:127.0.0.1:0"])
    let port = try gathering.port()
    let client = try TestSocket.connect(port: port)
    try client.writeAll("x\n".utf8)
    try gathering.expect("x\n")
    let local = String(port, radix: 16, uppercase: true)
    // Of the connection's own end: established (01), and a timer of the kind that keeps alive (02).
    try eventually("a timer runs") {
      String(decoding: try readFile("/proc/net/tcp"), as: UTF8.self).split(separator: "\n")
        .contains { line in
          let fields = line.split(separator: " ")
          return fields[1].hasSuffix(":" + local) && fields[3] == "01" && fields[5].hasPrefix("02:")
        }
    }
    try client.close()
    try gathering.finish()
  }

  /// A connection that has sent half a line and says no more: all others go on, and its half goes out at the end.
  @Test func aConnectionThatFallsSilentKeepsNobodyWaiting() throws {
    let gathering = try Gathering(["--connections", "2", "tcp-listen:127.0.0.1:0"])
    let port = try gathering.port()
    let silent = try TestSocket.connect(port: port)
    for byte in "half a line".utf8 {
      try silent.writeAll([byte])
      let other = try TestSocket.connect(port: port)
      _ = try other.closeAfter { try other.writeAll("whole \(byte)\n".utf8) }
      try gathering.expect("whole \(byte)\n")
    }
    #expect(!gathering.printed.contains("half"))
    let result = try gathering.finish()
    #expect(result.outputText.hasSuffix("half a line\n"), "\(result)")
    #expect(!result.errorText.contains("refused"))
    try silent.close()
  }

  /// Looking a host up can take long; sources that need none are served meanwhile.
  @Test(arguments: ["epoll", "blocking", "posix-aio"])
  func looksHostsUpBesideEverythingElse(_ engine: String) throws {
    let server = try TestSocket.listen()
    let running = try startXio(
      [
        "fanin", "--engine", engine, "--no-reconnect", "cmd:echo served",
        "tcp:localhost:\(server.port)",
      ],
      strace: [
        "-f", "-qq", "-o", "/dev/null", "-P", "/etc/hosts", "-e", "trace=openat", "-e",
        "inject=openat:delay_enter=3000000",
      ])
    try eventually("the command is served") { running.outputSoFar == Array("served\n".utf8) }
    var waiting = pollfd(fd: server.socket.rawValue, events: Int16(POLLIN), revents: 0)
    #expect(poll(&waiting, 1, 0) == 0, "it has connected already")
    try eventually("it connects") { poll(&waiting, 1, 0) == 1 }
    let connection = FileDescriptor(rawValue: accept(server.socket.rawValue, nil, nil))
    _ = try connection.closeAfter { try connection.writeAll("x\n".utf8) }
    let result = try running.wait()
    expectQuietSuccess(result)
    #expect(result.outputText == "served\nx\n")
    try server.socket.close()
  }

  @Test func saysThatAHostIsUnknown() throws {
    let result = try runXio(["fanin", "--no-reconnect", "tcp:no.such.host.invalid:80"])
    #expect(
      result.ending == .status(1)
        && result.errorText.contains("'tcp:no.such.host.invalid:80': cannot be connected: "),
      "\(result)")
  }
}
