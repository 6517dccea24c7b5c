import Glibc
import Synchronization
import SystemPackage
import XIOSystem
import XIOTestSupport

/// A descriptor and what it is.
struct OpenEnd: Sendable {
  var descriptor: FileDescriptor
  var kind: FileKind
}

/// What bytes go through from one descriptor to another.
enum StreamKind: String, Sendable, CaseIterable {
  case pipe, fifo, socket, pty

  var fileKind: FileKind {
    switch self {
    case .pipe, .fifo: .pipe
    case .socket: .socket
    case .pty: .characterDevice
    }
  }
}

/// The two ends of a stream. What is open still is closed when the object goes.
final class StreamPair: Sendable {
  private static let all = Mutex<[ObjectIdentifier: Unowned]>([:])

  private struct Unowned: Sendable {
    weak let pair: StreamPair?
  }

  let reader: OpenEnd, writer: OpenEnd
  private let open = Mutex((reader: true, writer: true))
  private let terminal: PseudoTerminal?

  /// Opens both ends. A FIFO gets its name in `directory`; with `showing` a terminal is written to and
  /// its controlling side is read.
  init(_ kind: StreamKind, in directory: TestDirectory, showing: Bool = false) throws {
    let ends: (reader: FileDescriptor, writer: FileDescriptor)
    terminal = kind == .pty ? try PseudoTerminal(raw: true) : nil
    switch kind {
    case .pipe:
      let pipe = try System.pipe()
      ends = (pipe.readEnd, pipe.writeEnd)
    case .fifo:
      ends = try Self.openFIFO(in: directory)
    case .socket:
      ends = try Self.openSockets()
    case .pty:
      guard let terminal else { throw SupportFailure("no terminal") }
      ends =
        showing
        ? (terminal.controller, terminal.terminal) : (terminal.terminal, terminal.controller)
    }
    reader = OpenEnd(descriptor: ends.reader, kind: kind.fileKind)
    writer = OpenEnd(descriptor: ends.writer, kind: kind.fileKind)
    Self.all.withLock { $0[ObjectIdentifier(self)] = Unowned(pair: self) }
  }

  private static func openFIFO(
    in directory: TestDirectory
  ) throws -> (reader: FileDescriptor, writer: FileDescriptor) {
    let path = directory.path(of: "fifo-\(fifoNumber.add(1, ordering: .relaxed).newValue)")
    guard path.withPlatformString({ mkfifo($0, 0o600) }) == 0 else {
      throw SupportFailure("cannot make the FIFO \(path)")
    }
    // Without waiting for each other; from here on they are as any program would open them.
    let reader = try System.open(path, [.readOnly, .nonBlocking])
    let writer = try System.open(path, .writeOnly)
    let flags = try System.statusFlags(reader)
    try System.setStatusFlags(reader, flags.subtracting(.nonBlocking))
    return (reader, writer)
  }

  private static func openSockets() throws -> (reader: FileDescriptor, writer: FileDescriptor) {
    var ends: [CInt] = [-1, -1]
    let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw SupportFailure("cannot make a pair of sockets")
    }
    return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
  }

  deinit {
    Self.all.withLock { $0[ObjectIdentifier(self)] = nil }
    closeWriter()
    closeReader()
  }

  /// Closes the end that is written to.
  func closeWriter() {
    if open.withLock({ take(&$0.writer) }) { close(writer.descriptor) }
  }

  /// Closes the end that is read from.
  func closeReader() {
    if open.withLock({ take(&$0.reader) }) { close(reader.descriptor) }
  }

  private func take(_ flag: inout Bool) -> Bool {
    defer { flag = false }
    return flag
  }

  private func close(_ descriptor: FileDescriptor) {
    guard let terminal else {
      try? descriptor.close()
      return
    }
    if descriptor == terminal.controller { terminal.hangUp() } else { terminal.closeTerminal() }
  }

  /// Ends every stream that has one of these ends: whoever reads there finds its end, and whoever
  /// writes finds no reader.
  static func cut(at descriptors: [FileDescriptor]) {
    let pairs = all.withLock { $0.values.compactMap(\.pair) }
    for pair in pairs {
      pair.open.withLock { open in
        if open.writer, descriptors.contains(pair.reader.descriptor) { letGo(pair.writer) }
        if open.reader, descriptors.contains(pair.writer.descriptor) { letGo(pair.reader) }
      }
    }
  }

  /// Lets an end go, but not its number: somebody may just be using that, and must not meet the file
  /// of somebody else.
  private static func letGo(_ end: OpenEnd) {
    let null = Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
    dup2(null, end.descriptor.rawValue)
    _ = fcntl(end.descriptor.rawValue, F_SETFD, FD_CLOEXEC)
    Glibc.close(null)
  }

  /// How many bytes wait to be read.
  var unread: Int {
    var count: CInt = 0
    _ = ioctl(reader.descriptor.rawValue, UInt(FIONREAD), &count)
    return Int(count)
  }

  /// Whether the end that is written to takes nothing more now.
  var isFull: Bool {
    var entry = pollfd(fd: writer.descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, 0) == 0
  }
}

private let fifoNumber = Atomic(0)
