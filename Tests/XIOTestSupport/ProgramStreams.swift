import CXIOTestSupport
import Glibc
public import SystemPackage

/// The three standard streams of a program that is being started.
struct ProgramStreams {
  private enum Place {
    case closed
    case path(FilePath, flags: CInt)
    case descriptor(FileDescriptor)
  }

  private var places: [Place] = []
  private var programSides: [FileDescriptor] = []

  /// Where the input is written to and the captured outputs are read from.
  private(set) var inputWriter: FileDescriptor?
  private(set) var outputReader: FileDescriptor?
  private(set) var errorReader: FileDescriptor?
  private(set) var inputBytes: [UInt8] = []
  private(set) var usesTerminal = false

  init(_ program: TestProgram) throws {
    switch program.input {
    case .null: places.append(.path("/dev/null", flags: O_RDONLY))
    case .file(let path): places.append(.path(path, flags: O_RDONLY))
    case .descriptor(let descriptor): places.append(.descriptor(descriptor))
    case .terminal(let terminal): add(terminal, flags: O_RDONLY)
    case .closed: places.append(.closed)
    case .bytes(let bytes):
      let pipe = try closeOnExecPipe()
      programSides.append(pipe.reader)
      places.append(.descriptor(pipe.reader))
      inputWriter = pipe.writer
      inputBytes = bytes
    }
    outputReader = try add(program.output)
    errorReader = try add(program.errorOutput)
  }

  private mutating func add(_ output: ProgramOutput) throws -> FileDescriptor? {
    switch output {
    case .null: places.append(.path("/dev/null", flags: O_WRONLY))
    case .file(let path): places.append(.path(path, flags: O_WRONLY | O_CREAT | O_TRUNC))
    case .descriptor(let descriptor): places.append(.descriptor(descriptor))
    case .terminal(let terminal): add(terminal, flags: O_RDWR)
    case .closed: places.append(.closed)
    case .capture:
      let pipe = try closeOnExecPipe()
      programSides.append(pipe.writer)
      places.append(.descriptor(pipe.writer))
      return pipe.reader
    }
    return nil
  }

  private mutating func add(_ terminal: PseudoTerminal, flags: CInt) {
    // The first terminal that the leader of a session opens becomes its controlling terminal.
    places.append(.path(terminal.name, flags: flags))
    usesTerminal = true
  }

  func addActions(_ actions: inout posix_spawn_file_actions_t) {
    // Descriptors are moved before any number below three is opened or closed: one that the test
    // process holds may itself have such a number.
    for (number, place) in places.enumerated() {
      if case .descriptor(let descriptor) = place {
        posix_spawn_file_actions_adddup2(&actions, descriptor.rawValue, CInt(number))
      }
    }
    for (number, place) in places.enumerated() {
      switch place {
      case .descriptor: break
      case .closed: posix_spawn_file_actions_addclose(&actions, CInt(number))
      case .path(let path, let flags):
        _ = path.withPlatformString {
          posix_spawn_file_actions_addopen(&actions, CInt(number), $0, flags, 0o666)
        }
      }
    }
    // Tests that run at the same time may hold descriptors that nobody has marked close-on-exec.
    _ = xio_test_spawn_closing_from(&actions, CInt(places.count))
  }

  mutating func closeProgramSides() {
    for side in programSides { try? side.close() }
    programSides = []
  }

  func closeTestSides() {
    for side in [inputWriter, outputReader, errorReader] { try? side?.close() }
  }
}

/// Makes a pipe that no other child inherits.
///
/// - Returns: its two ends.
/// - Throws: `SupportFailure` when there are no descriptors left (pipe2(2)).
public func closeOnExecPipe() throws -> (reader: FileDescriptor, writer: FileDescriptor) {
  var ends: [CInt] = [-1, -1]
  guard xio_test_pipe(&ends) == 0 else { throw SupportFailure.system("make a pipe") }
  return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
}

/// Makes a file in memory that has no name.
///
/// - Returns: the file, open for reading and writing.
/// - Throws: `SupportFailure` when it cannot be made (memfd_create(2)).
public func memoryFile() throws -> FileDescriptor {
  let number = xio_test_memory_file()
  guard number >= 0 else { throw SupportFailure.system("make a file in memory") }
  return FileDescriptor(rawValue: number)
}

/// Makes an epoll instance, which cannot be read.
///
/// - Returns: its descriptor.
/// - Throws: `SupportFailure` when it cannot be made (epoll_create1(2)).
public func epollInstance() throws -> FileDescriptor {
  let number = xio_test_epoll()
  guard number >= 0 else { throw SupportFailure.system("make an epoll instance") }
  return FileDescriptor(rawValue: number)
}
