import Glibc
public import SystemPackage
public import Testing

/// Where a program's standard input comes from.
public enum ProgramInput: Sendable {
  /// `/dev/null`.
  case null
  /// A pipe that these bytes are written to; it is closed after them.
  case bytes([UInt8])
  /// A file opened for reading.
  case file(FilePath)
  /// A descriptor of the test process; it stays open there.
  case descriptor(FileDescriptor)
  /// The program's side of a terminal, which becomes its controlling terminal.
  case terminal(PseudoTerminal)
  /// None: descriptor 0 is not open.
  case closed
}

/// Where a program's standard output or standard error goes.
public enum ProgramOutput: Sendable {
  /// A pipe that is read to its end; the bytes are in the result.
  case capture
  /// `/dev/null`.
  case null
  /// A file opened for writing; it is created or emptied.
  case file(FilePath)
  /// A descriptor of the test process; it stays open there.
  case descriptor(FileDescriptor)
  /// The program's side of a terminal, which becomes its controlling terminal.
  case terminal(PseudoTerminal)
  /// None: the descriptor is not open.
  case closed
}

/// A command with all that surrounds it, ready to be run once or many times.
public struct TestProgram: Sendable {
  /// The file that is executed.
  public var executable: FilePath

  /// The arguments after the name.
  public var arguments: [any ByteString]

  /// The name the program is called by; nil for the path of the executable.
  public var argumentZero: (any ByteString)?

  /// Variables set on top of the base environment, which is that of the test process without
  /// `XIO_*`, with `LC_ALL=C` and `COLUMNS=80`; nil removes a variable.
  public var environment: [String: String?] = [:]

  /// Where the program runs; nil for the directory of the test process.
  public var workingDirectory: FilePath?

  /// Where standard input comes from.
  public var input: ProgramInput = .null

  /// Where standard output goes.
  public var output: ProgramOutput = .capture

  /// Where standard error goes.
  public var errorOutput: ProgramOutput = .capture

  /// Options of `xio-launcher`, applied before the program; empty for none.
  public var launcher: [String] = []

  /// Options of strace(1), under which the program runs; empty for none. The launcher comes before
  /// strace, so its own calls are neither counted nor made to fail.
  public var strace: [String] = []

  /// How long the program may take before it is killed and an issue recorded.
  public var timeLimit: Duration = .seconds(60)

  /// How many bytes are captured of each output; one that writes more is killed and an issue recorded.
  public var outputLimit = 64 << 20

  /// How long it may take to end once it is killed.
  var killLimit: Duration = .seconds(10)

  /// What it is killed by; another than SIGKILL stands for a program that nothing can kill.
  var killSignal = SIGKILL

  /// Makes a command.
  ///
  /// - Parameters:
  ///   - executable: the file that is executed.
  ///   - arguments: the arguments after the name.
  public init(_ executable: FilePath, _ arguments: [any ByteString] = []) {
    self.executable = executable
    self.arguments = arguments
  }

  /// Runs the program to its end.
  ///
  /// - Parameter sourceLocation: where an issue is recorded when the time limit passes.
  /// - Returns: how it ended and what it wrote.
  /// - Throws: `SupportFailure` when it cannot be started.
  @discardableResult
  public func run(sourceLocation: SourceLocation = #_sourceLocation) throws -> ProgramResult {
    try start().wait(sourceLocation: sourceLocation)
  }

  /// The whole command: launcher, tracer and program.
  func commandLine() throws -> (file: FilePath, arguments: [[UInt8]]) {
    var command = [argumentZero?.rawBytes ?? executable.rawBytes]
    command += arguments.map(\.rawBytes)
    var file = executable
    var launcherOptions = launcher.map(\.rawBytes)
    if !strace.isEmpty {
      guard argumentZero == nil else {
        throw SupportFailure("a program under strace cannot be called by another name")
      }
      file = try findTool("strace")
      // As the parent, strace would hide the process id, the status and the usage of the program.
      command = (["strace", "-D"] + strace + ["--"]).map(\.rawBytes) + command
    }
    guard !launcherOptions.isEmpty else { return (file, command) }
    if launcher.contains("--uid") { try requireRoot(to: "become another user") }
    if strace.isEmpty {
      launcherOptions += ["--argv0".rawBytes, command[0]]
    }
    command[0] = file.rawBytes
    let launcherFile = try locateLauncher()
    return (
      launcherFile, [launcherFile.rawBytes] + launcherOptions + ["--".rawBytes] + command
    )
  }
}
