import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// A descriptor that a program is given and seldom gets.
final class OddDescriptor {
  /// What it is. Those that can be read hold ``text``, or what their name says of it.
  enum Kind: String, CaseIterable, Sendable {
    case middle, end, beyond, empty, deleted, readWrite, nonBlockingFile, memory, sparse
    case pipe, nonBlockingPipe, fifo, socket, nonBlockingSocket, silentSocket, terminal, procFile,
      null
    case directory, place, placeOfDirectory, writeOnly, appending, pipeToNobody, unconnected
    case resetSocket, epoll
    // What is written to.
    case readOnly, full, socketToNobody, hungUp, appended, written
  }

  /// How much of nothing comes before the text of a sparse file.
  private static let holeSize = 100_000
  static let text = "first\nsecond\nthird\nfourth\n"

  let kind: Kind
  let descriptor: FileDescriptor
  private var partners: [FileDescriptor] = []
  private var terminal: PseudoTerminal?

  /// Makes one.
  ///
  /// - Parameters:
  ///   - kind: What it is to be.
  ///   - directory: Where files are made.
  /// - Throws: `SupportFailure` or `Errno` when it cannot be made.
  init(_ kind: Kind, in directory: TestDirectory) throws {
    self.kind = kind
    let terminal =
      [.terminal, .hungUp].contains(kind) ? try PseudoTerminal(raw: kind == .hungUp) : nil
    self.terminal = terminal
    switch kind {
    case .pipe, .nonBlockingPipe, .pipeToNobody:
      let pipe = try closeOnExecPipe()
      descriptor = kind == .pipeToNobody ? pipe.writer : pipe.reader
      if kind != .pipeToNobody { _ = try pipe.writer.writeAll(Self.text.utf8) }
      try (kind == .pipeToNobody ? pipe.reader : pipe.writer).close()
    case .socket, .nonBlockingSocket, .silentSocket, .resetSocket, .socketToNobody:
      let (own, other) = try connectedSockets()
      descriptor = own
      try Self.prepare(own, other, kind)
      if [.socket, .nonBlockingSocket].contains(kind) {
        partners = [other]
      } else {
        try other.close()
      }
    case .unconnected:
      descriptor = FileDescriptor(rawValue: Glibc.socket(AF_UNIX, streamSocket, 0))
    case .terminal, .hungUp:
      let made = try #require(terminal)
      descriptor = made.terminal
      if kind == .hungUp { made.hangUp() } else { try made.type(Self.text + "\u{4}") }
    default: descriptor = try Self.openFile(kind, in: directory)
    }
    try #require(descriptor.rawValue >= 0)
    if [.nonBlockingFile, .nonBlockingPipe, .nonBlockingSocket].contains(kind) {
      try #require(
        fcntl(descriptor.rawValue, F_SETFL, statusFlags(descriptor) | O_NONBLOCK) == 0)
    }
  }

  deinit {
    if terminal == nil { try? descriptor.close() }
    for partner in partners { try? partner.close() }
  }

  private static func prepare(
    _ own: FileDescriptor, _ other: FileDescriptor, _ kind: Kind
  ) throws {
    switch kind {
    case .socket, .nonBlockingSocket:
      _ = try other.writeAll(text.utf8)
      try #require(shutdown(other.rawValue, CInt(SHUT_WR)) == 0)
    // Who goes while something is there that was not read, resets the connection.
    case .resetSocket: _ = try own.writeAll("lost".utf8)
    default: break
    }
  }

  private static func openFile(
    _ kind: Kind, in directory: TestDirectory
  ) throws -> FileDescriptor {
    let name = "odd-\(kind.rawValue)"
    switch kind {
    case .null: return try .open("/dev/null", .readOnly, options: .closeOnExec)
    case .full: return try .open("/dev/full", .readWrite, options: .closeOnExec)
    case .procFile: return try .open("/proc/version", .readOnly, options: .closeOnExec)
    case .epoll: return try epollInstance()
    case .memory:
      let file = try memoryFile()
      _ = try file.writeAll(toAbsoluteOffset: 0, text.utf8)
      return file
    case .directory:
      return try .open(directory.path, .readOnly, options: [.closeOnExec, .directory])
    case .placeOfDirectory:
      return FileDescriptor(rawValue: open(directory.path.string, O_CLOEXEC | placeFlag))
    case .fifo:
      let path = directory.path(of: name)
      try #require(mkfifo(path.string, 0o600) == 0)
      // Opened for both, as each alone would wait for the other.
      let both = try FileDescriptor.open(path, .readWrite, options: .closeOnExec)
      defer { try? both.close() }
      _ = try both.writeAll(text.utf8)
      return try .open(path, .readOnly, options: .closeOnExec)
    default: break
    }
    let path = try directory.write(name, (kind == .empty ? "" : text).utf8)
    let flags: CInt
    switch kind {
    case .writeOnly, .written: flags = O_WRONLY
    case .appending, .appended: flags = O_WRONLY | O_APPEND
    case .readWrite: flags = O_RDWR
    case .sparse: flags = O_RDWR
    case .place: flags = placeFlag
    default: flags = O_RDONLY
    }
    let file = FileDescriptor(rawValue: open(path.string, flags | O_CLOEXEC))
    switch kind {
    case .middle, .written: _ = try file.seek(offset: 6, from: .start)
    case .sparse:
      try #require(ftruncate(file.rawValue, 0) == 0)
      _ = try file.writeAll(toAbsoluteOffset: Int64(holeSize), text.utf8)
    case .end: _ = try file.seek(offset: 0, from: .end)
    case .beyond: _ = try file.seek(offset: 100_000, from: .start)
    case .deleted: try remove(path)
    default: break
    }
    return file
  }

  /// What can be read from it; nil where that fails.
  var content: String? {
    switch kind {
    case .middle: String(Self.text.dropFirst(6))
    case .end, .beyond, .empty, .null, .silentSocket: ""
    case .sparse: String(repeating: "\0", count: Self.holeSize) + Self.text
    case .procFile: (try? readFile("/proc/version")).map { String(decoding: $0, as: UTF8.self) }
    case .deleted, .readWrite, .nonBlockingFile, .memory, .pipe, .nonBlockingPipe, .fifo, .socket,
      .nonBlockingSocket, .terminal:
      Self.text
    default: nil
    }
  }

  /// Why it cannot be read, or not be written to.
  func reason(writing: Bool) -> String? {
    switch kind {
    case .place, .placeOfDirectory,
      .directory where writing, .writeOnly, .appending, .readOnly:
      "Bad file descriptor"
    case .pipeToNobody: writing ? nil : "Bad file descriptor"
    case .directory: "Is a directory"
    case .epoll: "Invalid argument"
    case .unconnected: writing ? "Transport endpoint is not connected" : "Invalid argument"
    case .resetSocket: writing ? nil : "Connection reset by peer"
    case .full: "No space left on device"
    case .hungUp: "Input/output error"
    default: nil
    }
  }
}

/// O_PATH, which the module of the C library does not carry over.
private let placeFlag: CInt = 0o10000000

private let streamSocket = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)

/// Two sockets that are connected with each other.
func connectedSockets() throws -> (FileDescriptor, FileDescriptor) {
  var ends: [CInt] = [-1, -1]
  try #require(socketpair(AF_UNIX, streamSocket, 0, &ends) == 0)
  return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
}
