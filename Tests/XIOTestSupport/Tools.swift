import Glibc
public import SystemPackage
import Testing

/// Finds a tool of the system, also where only root looks.
///
/// - Parameter name: its name.
/// - Returns: its path.
/// - Throws: `SupportFailure` when it is not installed.
public func findTool(_ name: String) throws -> FilePath {
  let path = (environmentValue("PATH") ?? "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
  for directory in path.split(separator: ":") {
    let file = FilePath(String(directory)).appending(name)
    if file.withPlatformString({ access($0, X_OK) }) == 0 { return file }
  }
  throw SupportFailure("the tests need \(name), which is not installed: run scripts/setup.sh test")
}

/// Runs a tool of the system.
///
/// - Parameters:
///   - name: its name.
///   - arguments: the arguments after the name.
/// - Returns: what it printed on standard output.
/// - Throws: `SupportFailure` when it is not installed or fails; what leaves the test out where only root
///   can use it.
@discardableResult
public func runTool(_ name: String, _ arguments: any ByteString...) throws -> String {
  if rootTools.contains(name) { try requireRoot(to: "run \(name)") }
  let result = try TestProgram(try findTool(name), arguments).run()
  guard result.status == 0 else { throw SupportFailure("\(name) failed: \(result)") }
  return result.outputText
}

private let rootTools: Set = ["btrfs", "chown", "losetup", "mknod", "mount", "umount"]
