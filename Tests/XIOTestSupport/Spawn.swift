import CXIOTestSupport
import Glibc
import SystemPackage

extension TestProgram {
  /// Starts the program.
  ///
  /// - Returns: the running process; what it writes is read from now on.
  /// - Throws: `SupportFailure` when it cannot be started (posix_spawn(3)).
  public func start() throws -> RunningProgram {
    let command = try commandLine()
    var streams = try ProgramStreams(self)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    streams.addActions(&actions)
    if let workingDirectory {
      _ = workingDirectory.withPlatformString {
        xio_test_spawn_in_directory(&actions, $0)
      }
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    setAttributes(&attributes, newSession: streams.usesTerminal)

    let started = ContinuousClock().now
    var process: pid_t = 0
    let code = command.file.withPlatformString { file in
      withCStrings(command.arguments) { arguments in
        withCStrings(environmentEntries()) { environment in
          posix_spawn(&process, file, &actions, &attributes, arguments, environment)
        }
      }
    }
    streams.closeProgramSides()
    guard code == 0 else {
      streams.closeTestSides()
      throw SupportFailure.system("start \(commandText(command.arguments))", code)
    }
    return try RunningProgram(
      process: process, program: self, command: commandText(command.arguments),
      streams: streams, started: started)
  }

  /// Gives the program the signals of a fresh shell and a group of its own, so that all of it can
  /// be killed at once.
  private func setAttributes(_ attributes: inout posix_spawnattr_t, newSession: Bool) {
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    let group = newSession ? spawnNewSession : CInt(POSIX_SPAWN_SETPGROUP)
    let flags = CInt(POSIX_SPAWN_SETSIGMASK) | CInt(POSIX_SPAWN_SETSIGDEF) | group
    posix_spawnattr_setflags(&attributes, Int16(flags))
  }

  private func environmentEntries() -> [[UInt8]] {
    var variables: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      next += 1
    }
    // What the runner of the tests has set is no part of a user's environment.
    variables = variables.filter { !$0.key.hasPrefix("XIO_") && $0.key != "NO_COLOR" }
    variables["LC_ALL"] = "C"
    variables["COLUMNS"] = "80"
    for (name, value) in environment { variables[name] = value }
    return variables.map { Array("\($0.key)=\($0.value)".utf8) }
  }
}

/// POSIX_SPAWN_SETSID, which the module of the C library does not carry over.
private let spawnNewSession: CInt = 0x80

/// Calls a function with a null-terminated array of C strings.
private func withCStrings<Result>(
  _ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let copies = strings.map { string in
    (string + [0]).withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { strdup($0) } ?? nil }
    }
  }
  defer { for copy in copies { free(copy) } }
  return body(copies + [nil])
}
