import CXIOTestSupport
import Glibc
import Synchronization
public import SystemPackage

/// A pseudo-terminal: the test holds the controlling side, a program is given the terminal side.
public final class PseudoTerminal: Sendable {
  /// The side of the test: what is written here is typed, what is read here was shown.
  public let controller: FileDescriptor

  /// The side of the program.
  public let terminal: FileDescriptor

  /// The name of the program's side, such as `/dev/pts/3`.
  public let name: FilePath

  private let open = Mutex((controller: true, terminal: true))

  /// Opens a pseudo-terminal.
  ///
  /// - Parameters:
  ///   - raw: whether input is passed on byte by byte, without echo and line editing.
  ///   - columns: its width.
  ///   - rows: its height.
  /// - Throws: `SupportFailure` when there is none to be had (posix_openpt(3)).
  public init(raw: Bool = false, columns: UInt16 = 80, rows: UInt16 = 24) throws {
    var buffer = [CChar](repeating: 0, count: 128)
    let opened = xio_test_open_terminal(&buffer, buffer.count)
    guard opened >= 0 else { throw SupportFailure.system("open a pseudo-terminal") }
    controller = FileDescriptor(rawValue: opened)
    name = buffer.withUnsafeBufferPointer { characters in
      characters.baseAddress.map(FilePath.init(platformString:)) ?? FilePath()
    }
    let other = name.withPlatformString { Glibc.open($0, O_RDWR | O_NOCTTY | O_CLOEXEC) }
    guard other >= 0 else { throw SupportFailure.system("open \(name)") }
    terminal = FileDescriptor(rawValue: other)
    if raw {
      var attributes = termios()
      tcgetattr(other, &attributes)
      cfmakeraw(&attributes)
      tcsetattr(other, TCSANOW, &attributes)
    }
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(other, UInt(TIOCSWINSZ), &size)
  }

  deinit {
    closeTerminal()
    hangUp()
  }

  /// Closes the controlling side: the program's side is at its end, and what was not read is lost.
  public func hangUp() {
    open.withLock { open in
      if open.controller { try? controller.close() }
      open.controller = false
    }
  }

  /// Closes the program's side.
  public func closeTerminal() {
    open.withLock { open in
      if open.terminal { try? terminal.close() }
      open.terminal = false
    }
  }

  /// Reads what the program has shown until it holds a text.
  ///
  /// - Parameters:
  ///   - expected: the text.
  ///   - limit: how long to wait at most.
  /// - Returns: everything read, the text included.
  /// - Throws: `SupportFailure` with what was shown instead, when the limit has passed.
  public func read(
    until expected: String, within limit: Duration = .seconds(10)
  ) throws -> String {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    var shown: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while !contains(shown, Array(expected.utf8)) {
      var watched = pollfd(fd: controller.rawValue, events: Int16(POLLIN), revents: 0)
      if poll(&watched, 1, 20) > 0 {
        let count = Glibc.read(controller.rawValue, &block, block.count)
        if count > 0 { shown += block.prefix(count) }
      }
      guard clock.now < deadline else {
        let text = String(decoding: shown, as: UTF8.self)
        throw SupportFailure("the terminal did not show \(expected.debugDescription) but: \(text)")
      }
    }
    return String(decoding: shown, as: UTF8.self)
  }

  /// Types a text.
  ///
  /// - Parameter text: what is typed; `\u{4}` ends the input of a terminal that is not raw.
  /// - Throws: `Errno` of write(2).
  public func type(_ text: String) throws {
    _ = try controller.writeAll(text.utf8)
  }
}

private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
  guard bytes.count >= part.count else { return false }
  return (0...(bytes.count - part.count)).contains { bytes[$0...].starts(with: part) }
}
