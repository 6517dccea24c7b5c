import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Devices that are followed: what has nothing now can have something later.
@Suite struct FollowDeviceTests {
  @Test(arguments: followingEngines)
  func nothingIsFollowedForEver(_ engine: String) throws {
    let follower = try Follower(["-f", "-s", "0.01", "--engine", engine, "/dev/null"])
    // It has looked many times, and there never was anything.
    try eventually("it has looked often") {
      try voluntarySwitches(of: follower.running.process) > 50 || follower.running.hasEnded
    }
    let result = try follower.finish()
    #expect(result.ending == .signal(SIGTERM) && result.errorOutput.isEmpty, "\(result)")
  }

  @Test(arguments: ["", "--pid $$ < /dev/null"])
  func itEndsWhenItIsTold(_ options: String) throws {
    let directory = try TestDirectory()
    let operand = options.isEmpty ? "--pid $$ /dev/null" : options
    // The shell is the process that is waited for.
    let result = try runScript(
      "($XIO tail -f -s 0.01 \(operand); echo $? > status) & exit 0", in: directory)
    #expect(result.status == 0)
    try eventually("it ends") { (try? directory.read("status"))?.isEmpty == false }
    #expect(try directory.read("status") == Array("0\n".utf8))
  }

  @Test(arguments: followingEngines, [[], ["-"]])
  func aTerminalGoesOnAfterItsEnd(_ engine: String, _ operands: [String]) throws {
    let terminal = try PseudoTerminal()
    // The next look is far away, unless the engine is one that only looks.
    let interval = engine == "nonblocking" ? "0.01" : "1000"
    let follower = try startXio(
      ["tail", "-f", "-n", "+1", "-s", interval, "--engine", engine] + operands,
      input: .terminal(terminal))
    func type(_ text: String) throws { _ = try terminal.controller.writeAll(text.utf8) }
    try type("a\n")
    try eventually("a is printed") { follower.outputSoFar == Array("a\n".utf8) }
    try type("\u{4}")
    try eventually("the end has been read") {
      try readableBytes(terminal.terminal) == 0 && isBlocked(follower.process)
    }
    try type("b\n")
    try eventually("b is printed") { follower.outputSoFar == Array("a\nb\n".utf8) }
    #expect(!follower.hasEnded)
    try follower.signal(SIGKILL)
    _ = try follower.wait()
  }
}
