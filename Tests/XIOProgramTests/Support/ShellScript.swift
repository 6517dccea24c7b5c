import SystemPackage
import Testing
import XIOTestSupport

/// Runs a script of the shell in which `$XIO` is the program under test.
///
/// - Parameters:
///   - script: the script.
///   - directory: where it runs.
/// - Returns: how it ended and what was written.
/// - Throws: `SupportFailure` when it cannot be started.
func runScript(_ script: String, in directory: TestDirectory) throws -> ProgramResult {
  var shell = TestProgram("/bin/bash", ["-c", script])
  shell.environment = ["XIO": try locateXio().string]
  shell.workingDirectory = directory.path
  return try shell.run()
}

/// The engines that can follow.
let followingEngines = [
  "epoll", "uring", "sigio", "nonblocking", "posix-aio", "libaio", "poll", "select", "blocking",
]
