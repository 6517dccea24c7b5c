import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Numbered lines of many writers, which write them in pieces that are cut anywhere.
struct LineSwarm {
  let writers: Int, lines: Int

  /// A line that tells whose it is, and by its length and bytes whether it is whole.
  static func line(_ writer: Int, _ number: Int) -> [UInt8] {
    let length = (writer &* 31 &+ number &* 7919) % 150
    let filler = UInt8(97 + (writer + number) % 26)
    return Array("\(writer) \(number) ".utf8) + [UInt8](repeating: filler, count: length)
      + [UInt8(ascii: "\n")]
  }

  /// All that a writer writes.
  func text(_ writer: Int) -> [UInt8] {
    (1...lines).flatMap { Self.line(writer, $0) }
  }

  /// Writes everything, each writer a piece at a time, in a random order and with pauses.
  ///
  /// - Parameters:
  ///   - descriptors: One for each writer, in their order; each is closed behind the last byte.
  ///   - first: The number of the first of these writers.
  /// - Throws: `SupportFailure` when somebody takes no more.
  func write(to descriptors: [FileDescriptor], first: Int = 0) throws {
    var generator = SystemRandomNumberGenerator()
    var rests = descriptors.indices.map { text(first + $0)[...] }
    var open = Array(descriptors.indices)
    for descriptor in descriptors {
      _ = fcntl(descriptor.rawValue, F_SETFL, statusFlags(descriptor) | O_NONBLOCK)
    }
    while !open.isEmpty {
      open.shuffle(using: &generator)
      for index in open {
        let piece = rests[index].prefix(Int.random(in: 1...700, using: &generator))
        let count = piece.withUnsafeBytes {
          Glibc.write(descriptors[index].rawValue, $0.baseAddress, $0.count)
        }
        if count > 0 {
          rests[index] = rests[index].dropFirst(count)
        } else if errno != EAGAIN && errno != EINTR {
          throw SupportFailure("write for writer \(first + index): \(Errno(rawValue: errno))")
        }
      }
      for index in open where rests[index].isEmpty { try descriptors[index].close() }
      open.removeAll { rests[$0].isEmpty }
      if Int.random(in: 0..<8, using: &generator) == 0 { letPass(.microseconds(300)) }
    }
  }

  /// What became of the lines.
  struct Verdict: CustomStringConvertible {
    var torn: [String] = [], doubled = 0, disordered = 0, lost = 0

    var isPerfect: Bool { torn.isEmpty && doubled == 0 && disordered == 0 && lost == 0 }
    var description: String {
      "torn \(torn.count) \(torn.prefix(3)), doubled \(doubled), disordered \(disordered), lost \(lost)"
    }
  }

  /// Looks at every line that came out.
  func check(_ output: [UInt8]) -> Verdict {
    var verdict = Verdict()
    var next = [Int](repeating: 1, count: writers)
    var seen = [Int](repeating: 0, count: writers)
    for line in output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .dropLast()
    {
      let fields = line.split(
        separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, let writer = Int(String(decoding: fields[0], as: UTF8.self)),
        let number = Int(String(decoding: fields[1], as: UTF8.self)), writer < writers,
        Self.line(writer, number).dropLast().elementsEqual(line)
      else {
        verdict.torn.append(String(decoding: line.prefix(120), as: UTF8.self))
        continue
      }
      seen[writer] += 1
      if number == next[writer] {
        next[writer] += 1
      } else if number < next[writer] {
        verdict.doubled += 1
      } else {
        verdict.disordered += 1
        next[writer] = number + 1
      }
    }
    verdict.lost = seen.reduce(0) { $0 + max(0, lines - $1) }
    if output.last != UInt8(ascii: "\n"), !output.isEmpty { verdict.torn.append("the end") }
    return verdict
  }
}

/// Opens a FIFO for writing once somebody reads it.
func openWriter(_ fifo: FilePath) throws -> FileDescriptor {
  var writer: FileDescriptor?
  try eventually("somebody reads the FIFO") {
    writer = try? FileDescriptor.open(fifo, .writeOnly, options: [.nonBlocking, .closeOnExec])
    return writer != nil
  }
  return try #require(writer)
}

/// The most memory that a process has had, in bytes.
func peakMemory(of process: pid_t) throws -> Int {
  let text = String(decoding: try readFile(FilePath("/proc/\(process)/status")), as: UTF8.self)
  let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
  return try #require(Int(line.filter(\.isNumber))) << 10
}

/// Makes sockets for tests.
enum TestSocket {
  /// Connects to a Unix socket once it is there.
  static func connect(
    _ path: FilePath, _ type: CInt = CInt(SOCK_STREAM.rawValue)
  ) throws -> FileDescriptor {
    var connected: FileDescriptor?
    try eventually("somebody listens at \(path)") {
      let made = socket(AF_UNIX, type | CInt(SOCK_CLOEXEC.rawValue), 0)
      try #require(made >= 0)
      if withAddress(path, { Glibc.connect(made, $0, $1) }) == 0 {
        connected = FileDescriptor(rawValue: made)
      } else {
        close(made)
      }
      return connected != nil
    }
    return try #require(connected)
  }

  /// Binds a Unix socket, and listens if it is one for connections.
  static func bind(_ path: FilePath, _ type: CInt = CInt(SOCK_STREAM.rawValue)) throws
    -> FileDescriptor
  {
    let made = socket(AF_UNIX, type | CInt(SOCK_CLOEXEC.rawValue), 0)
    try #require(made >= 0 && withAddress(path) { Glibc.bind(made, $0, $1) } == 0)
    if type != CInt(SOCK_DGRAM.rawValue) { try #require(Glibc.listen(made, 64) == 0) }
    return FileDescriptor(rawValue: made)
  }

  /// Listens on a port of this machine that the kernel chooses.
  static func listen() throws -> (socket: FileDescriptor, port: Int) {
    let made = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let answer = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        Glibc.bind(made, raw, size) == 0 && Glibc.listen(made, 64) == 0
          && getsockname(made, raw, &size) == 0
      }
    }
    try #require(made >= 0 && answer)
    return (FileDescriptor(rawValue: made), Int(UInt16(bigEndian: address.sin_port)))
  }

  static func withAddress(
    _ path: FilePath, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) -> CInt {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.rawBytes) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  /// A socket of the Internet that is connected to a port of this machine.
  static func connect(
    port: Int, _ type: CInt = CInt(SOCK_STREAM.rawValue), isIPv6: Bool = false
  ) throws -> FileDescriptor {
    let made = socket(isIPv6 ? AF_INET6 : AF_INET, type | CInt(SOCK_CLOEXEC.rawValue), 0)
    try #require(made >= 0)
    let answer: CInt
    if isIPv6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = in_port_t(port).bigEndian
      address.sin6_addr = in6addr_loopback
      answer = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(made, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
    } else {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = in_port_t(port).bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      answer = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(made, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    guard answer == 0 else {
      let failure = Errno(rawValue: errno)
      close(made)
      throw SupportFailure("connect to port \(port): \(failure)")
    }
    return FileDescriptor(rawValue: made)
  }
}

/// `fanin` at work.
final class Gathering {
  let running: RunningProgram

  init(
    _ arguments: [any ByteString], input: ProgramInput = .null, output: ProgramOutput = .capture,
    launcher: [String] = [], strace: [String] = [], environment: [String: String?] = [:]
  ) throws {
    running = try startXio(
      ["fanin"] as [any ByteString] + arguments, input: input, output: output,
      environment: environment, launcher: launcher, strace: strace)
  }

  deinit { if !running.hasEnded { try? running.signal(SIGKILL) } }

  var printed: String { String(decoding: running.outputSoFar, as: UTF8.self) }
  var said: String { String(decoding: running.errorOutputSoFar, as: UTF8.self) }

  /// Waits until all of a text is printed.
  func expect(_ text: String) throws {
    _ = try? eventually("it prints") { running.hasEnded || printed.contains(text) }
    if !printed.contains(text) {
      throw SupportFailure("'\(text)' was not printed, but '\(printed)'; it said: \(said)")
    }
  }

  func expect(saying text: String) throws {
    _ = try? eventually("it says") { running.hasEnded || said.contains(text) }
    if !said.contains(text) { throw SupportFailure("'\(text)' was not said, but '\(said)'") }
  }

  /// The port that it says it listens on.
  func port() throws -> Int {
    try expect(saying: "listens on ")
    let line = said.split(separator: "\n").first { $0.contains("listens on ") }
    return try #require(line?.split(separator: ":").last.flatMap { Int($0) })
  }

  /// Asks for the end, and waits for it.
  @discardableResult
  func finish(by signal: CInt = SIGTERM) throws -> ProgramResult {
    if !running.hasEnded { try running.signal(signal) }
    return try running.wait()
  }
}
