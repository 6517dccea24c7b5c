import Glibc
public import SystemPackage
public import Testing

/// Makes a command of the program under test: `XIO_UNDER_TEST`, or `xio` beside the tests.
///
/// - Parameter arguments: the arguments after the name.
/// - Returns: the command, not yet run.
/// - Throws: `SupportFailure` when there is no such program.
public func xioProgram(_ arguments: [any ByteString] = []) throws -> TestProgram {
  TestProgram(try locateXio(), arguments)
}

/// Runs the program under test to its end.
///
/// - Parameters:
///   - arguments: the arguments after the name: strings, paths and byte arrays, mixed.
///   - input: where standard input comes from.
///   - output: where standard output goes.
///   - errorOutput: where standard error goes.
///   - environment: variables set, or removed when nil, on top of the base environment.
///   - workingDirectory: where it runs.
///   - launcher: options of `xio-launcher`.
///   - strace: options of strace(1).
///   - timeLimit: how long it may take.
///   - sourceLocation: where an issue is recorded when the time limit passes.
/// - Returns: how it ended and what it wrote.
/// - Throws: `SupportFailure` when it cannot be started.
@discardableResult
public func runXio(
  _ arguments: [any ByteString],
  input: ProgramInput = .null,
  output: ProgramOutput = .capture,
  errorOutput: ProgramOutput = .capture,
  environment: [String: String?] = [:],
  workingDirectory: FilePath? = nil,
  launcher: [String] = [],
  strace: [String] = [],
  timeLimit: Duration = .seconds(60),
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> ProgramResult {
  var program = try xioProgram(arguments)
  program.input = input
  program.output = output
  program.errorOutput = errorOutput
  program.environment = environment
  program.workingDirectory = workingDirectory
  program.launcher = launcher
  program.strace = strace
  program.timeLimit = timeLimit
  return try program.run(sourceLocation: sourceLocation)
}

/// Starts the program under test; the parameters are those of `runXio`.
///
/// - Returns: the running process.
/// - Throws: `SupportFailure` when it cannot be started.
public func startXio(
  _ arguments: [any ByteString],
  input: ProgramInput = .null,
  output: ProgramOutput = .capture,
  errorOutput: ProgramOutput = .capture,
  environment: [String: String?] = [:],
  workingDirectory: FilePath? = nil,
  launcher: [String] = [],
  strace: [String] = [],
  timeLimit: Duration = .seconds(60)
) throws -> RunningProgram {
  var program = try xioProgram(arguments)
  program.input = input
  program.output = output
  program.errorOutput = errorOutput
  program.environment = environment
  program.workingDirectory = workingDirectory
  program.launcher = launcher
  program.strace = strace
  program.timeLimit = timeLimit
  return try program.start()
}

/// Returns the program under test.
///
/// - Throws: `SupportFailure` when there is none.
public func locateXio() throws -> FilePath {
  let path = environmentValue("XIO_UNDER_TEST").map { FilePath($0) }
  return try executable(path ?? testBundleDirectory().appending("xio"), "the program under test")
}

/// Returns the program that applies restrictions, built beside the tests.
func locateLauncher() throws -> FilePath {
  try executable(testBundleDirectory().appending("xio-launcher"), "the launcher")
}

private func executable(_ path: FilePath, _ role: String) throws -> FilePath {
  guard path.withPlatformString({ access($0, X_OK) }) == 0 else {
    throw SupportFailure.system("execute \(role), \(path)")
  }
  return path
}

/// Returns the directory that the tests and the programs they run were built in.
///
/// - Throws: `SupportFailure` when neither the arguments nor the memory map name a test bundle.
public func testBundleDirectory() throws -> FilePath {
  let arguments = CommandLine.arguments
  var candidates = Array(arguments.prefix(1))
  // A runner that loads the bundle as a library names it in an option or has it mapped.
  for (option, value) in zip(arguments, arguments.dropFirst())
  where option == "--test-bundle-path" {
    candidates.append(value)
  }
  let map = String(decoding: try readFile("/proc/self/maps"), as: UTF8.self)
  for line in map.split(separator: "\n") where line.contains(".xctest") {
    candidates += line.firstIndex(of: "/").map { [String(line[$0...])] } ?? []
  }
  guard let bundle = candidates.first(where: { $0.contains(".xctest") }) else {
    throw SupportFailure("cannot tell where the tests were built: \(arguments)")
  }
  var directory = FilePath(bundle)
  while directory.string.contains(".xctest") { directory.removeLastComponent() }
  return directory.isEmpty ? "." : directory
}
