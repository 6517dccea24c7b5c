import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What connects a program's standard streams with the test.
enum StreamKind: String, CaseIterable, Sendable {
  case pipe, socket, terminal
}

/// A program's standard input and output, with the test at the other ends.
///
/// The ends that the program gets stay open here too, so that the test sees the status flags of the
/// very open file descriptions that the program had.
final class StreamPair {
  let kind: StreamKind
  /// The ends that the program gets.
  let input: FileDescriptor, output: FileDescriptor
  private var writer: FileDescriptor?
  private var reader: FileDescriptor?
  private let terminal: PseudoTerminal?
  private var shown = ""

  init(_ kind: StreamKind) throws {
    self.kind = kind
    terminal = kind == .terminal ? try PseudoTerminal() : nil
    switch kind {
    case .pipe:
      let (into, outOf) = (try closeOnExecPipe(), try closeOnExecPipe())
      (input, writer, output, reader) = (into.reader, into.writer, outOf.writer, outOf.reader)
    case .socket:
      let (into, outOf) = (try makeSocketPair(), try makeSocketPair())
      (input, writer, output, reader) = (into.0, into.1, outOf.0, outOf.1)
    case .terminal:
      let terminal = try #require(terminal)
      (input, output) = (terminal.terminal, terminal.terminal)
      (writer, reader) = (terminal.controller, terminal.controller)
    }
  }

  deinit {
    guard terminal == nil else { return }
    for end in [input, output, writer, reader] { try? end?.close() }
  }

  /// Writes what the program is to read: one line, whatever the streams are.
  func send(_ line: String) throws {
    _ = try #require(writer).writeAll("\(line)\n".utf8)
  }

  /// Ends the program's input.
  func endInput() throws {
    if let terminal { return try terminal.type("\u{4}") }
    try writer?.close()
    writer = nil
  }

  /// Goes away as the reader of the program's output.
  func leave() throws {
    try reader?.close()
    reader = nil
  }

  /// Gives away the end that the program's input is written to.
  func takeWriter() throws -> FileDescriptor {
    defer { writer = nil }
    return try #require(writer)
  }

  /// Waits until the program has written a text, wherever in what the terminal echoes.
  func expectText(_ text: String) throws {
    let reader = try #require(reader)
    try eventually("the program writes \(text)") {
      var watched = pollfd(fd: reader.rawValue, events: Int16(POLLIN), revents: 0)
      while poll(&watched, 1, 0) > 0 {
        var block = [UInt8](repeating: 0, count: 4096)
        let count = try block.withUnsafeMutableBytes { try reader.read(into: $0) }
        shown += String(decoding: block.prefix(count), as: UTF8.self)
        if count == 0 { break }
      }
      // A terminal has echoed a line before the program writes it.
      let times = kind == .terminal && text.allSatisfy(\.isLetter) ? 2 : 1
      return shown.ranges(of: text + (kind == .terminal ? "\r\n" : "\n")).count >= times
    }
  }

  /// Waits until the program has written a line, not only the terminal echoed it.
  func expectLine(_ line: String) throws {
    let reader = try #require(reader)
    var shown = ""
    let times = kind == .terminal ? 2 : 1
    try eventually("the program writes \(line)") {
      var watched = pollfd(fd: reader.rawValue, events: Int16(POLLIN), revents: 0)
      guard poll(&watched, 1, 0) > 0 else { return false }
      var block = [UInt8](repeating: 0, count: 4096)
      let count = try block.withUnsafeMutableBytes { try reader.read(into: $0) }
      shown += String(decoding: block.prefix(count), as: UTF8.self)
      return shown.split { $0 == "\r\n" || $0 == "\n" }.filter { $0 == line }.count >= times
    }
  }
}

private func makeSocketPair() throws -> (FileDescriptor, FileDescriptor) {
  var ends: [CInt] = [-1, -1]
  let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
  try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
  return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
}
