import Glibc
import SystemPackage
import Testing
import XIOTestSupport

@Suite struct LauncherTests {
  private func run(_ options: [String], _ script: String) throws -> ProgramResult {
    var program = TestProgram("/bin/bash", ["-c", script])
    program.launcher = options
    return try program.run()
  }

  @Test func setsLimits() throws {
    let options = ["--rlimit", "nofile=64", "--rlimit", "sigpending=3"]
    let result = try run(options, "ulimit -n; ulimit -i")
    #expect(result.outputText == "64\n3\n", "\(result)")
  }

  @Test func setsLimitsOfAUser() throws {
    let file = "/proc/sys/user/max_inotify_watches"
    let before = try readFile(FilePath(file))
    let result = try run(["--user-limit", "max_inotify_watches=5"], "cat \(file)")
    #expect(result.outputText == "5\n", "\(result)")
    #expect(try readFile(FilePath(file)) == before)
  }

  @Test func closesAndRaisesDescriptors() throws {
    let options = ["--close", "0", "--raise-descriptors", "40"]
    let result = try run(options, "exec /bin/ls /proc/self/fd")
    #expect(result.outputText.split(separator: "\n").contains("40"), "\(result)")
    #expect(!result.outputText.contains("41"), "\(result)")
  }

  @Test func changesTheUser() throws {
    let result = try run(["--uid", "65534"], "id -u; id -g")
    #expect(result.outputText == "65534\n65534\n", "\(result)")
  }

  @Test func ignoresSIGPIPE() throws {
    let result = try run(["--ignore-sigpipe"], "grep SigIgn /proc/self/status")
    #expect(result.outputText.contains("1000"), "\(result)")
    let plain = try run(["--close", "9"], "grep SigIgn /proc/self/status")
    #expect(!plain.outputText.contains("1000"), "\(plain)")
  }

  @Test(arguments: ["EPERM", "ENOSYS"]) func deniesIOUring(_ code: String) throws {
    let result = try run(["--deny-io-uring", code], "grep Seccomp: /proc/self/status")
    #expect(result.outputText == "Seccomp:\t2\n", "\(result)")
  }

  @Test func refusesUnknownOptions() throws {
    #expect(try run(["--unknown", "1"], "true").status == 125)
  }

  @Test func worksWithTheTracer() throws {
    var program = TestProgram("/bin/cat", ["/etc/passwd"])
    program.strace = straceInjecting(["read:error=EIO:when=2+"])
    program.launcher = ["--rlimit", "nofile=64"]
    let result = try program.run()
    #expect(result.errorText.contains("Input/output error") || result.status != 0, "\(result)")
  }

  @Test func countsSystemCalls() throws {
    let counted = try TestProgram("/bin/cat", ["/etc/passwd"]).runCountingSystemCalls()
    #expect(counted.result.status == 0)
    #expect(counted.calls["write"] == 1, "\(counted.calls)")
    #expect(counted.calls["execve"] == 1, "\(counted.calls)")
    #expect(counted.calls.total > 10)
  }
}
