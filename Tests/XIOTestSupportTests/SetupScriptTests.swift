import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What scripts/setup.sh does where something is missing, on a machine made of stand-ins.
@Suite struct SetupScriptTests {
  /// A machine: what its compiler finds, and which other programs there are.
  struct Machine: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var headers = ["stdio.h", "liburing.h", "libaio.h"]
    var archives = ["liburing.a", "libaio.a"]
    var user = 0
    var tools = ["swift", "gcc", "make", "apt-get", "sudo"]
    var arguments: [String] = []
    /// What is called, and the status.
    var calls: [String] = []
    var status: CInt = 0
    /// What the messages say.
    var message = ""
  }

  private static let limits =
    "-qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 -o Acquire::http::Timeout=60"
    + " -o Acquire::https::Timeout=60"
  private static let update = "apt-get \(limits) update"
  private static let install =
    "DEBIAN_FRONTEND=noninteractive apt-get \(limits) install --yes --no-install-recommends"
    + " -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"

  private static let machines = [
    Machine(testDescription: "everything is there"),
    Machine(
      testDescription: "a header is missing", headers: ["stdio.h", "libaio.h"],
      calls: [update, "\(install) liburing-dev"], message: "setup: installing liburing-dev\n"),
    Machine(
      testDescription: "an archive is missing", archives: ["liburing.a"],
      calls: [update, "\(install) libaio-dev"], message: "setup: installing libaio-dev\n"),
    Machine(
      testDescription: "both libraries are missing", headers: ["stdio.h"], archives: [],
      calls: [update, "\(install) liburing-dev libaio-dev"]),
    Machine(
      testDescription: "a user with sudo", headers: ["stdio.h", "libaio.h"], user: 1000,
      calls: [
        "sudo -n \(update)", update, "sudo -n env \(install) liburing-dev",
        "\(install) liburing-dev",
      ]),
    Machine(
      testDescription: "a user without sudo", archives: [], user: 1000,
      tools: ["swift", "gcc", "make", "apt-get"], status: 1,
      message: "  apt-get install --no-install-recommends liburing-dev libaio-dev\n"),
    Machine(
      testDescription: "no apt", archives: [], tools: ["swift", "gcc", "make"], status: 1,
      message: "liburing-dev libaio-dev\n"),
    Machine(
      testDescription: "no Swift", tools: ["gcc", "make", "apt-get"], status: 1,
      message: "https://www.swift.org/install/linux/"),
    Machine(
      testDescription: "no compiler", tools: ["swift", "make", "apt-get"],
      calls: [update, "\(install) gcc libc6-dev liburing-dev libaio-dev"]),
    Machine(
      testDescription: "tools of the tests", arguments: ["test"],
      calls: [
        update,
        "\(install) strace util-linux mount binutils mandoc groff man-db zsh fish perl attr acl procps gdb",
      ]),
    Machine(
      testDescription: "a wrong argument", arguments: ["tests"], status: 2, message: "usage: "),
  ]

  /// Programs that stand for those of the machine; each call of one that matters is written down.
  private static func script(_ tool: String, _ machine: Machine) -> String {
    switch tool {
    case "gcc":
      """
      case $1 in
        -print-file-name=*)
          name=${1#*=}
          case " \(machine.archives.joined(separator: " ")) " in *" $name "*) echo "$0" ;; esac ;;
        *)
          read -r _ header
          case " \(machine.headers.map { "<\($0)>" }.joined(separator: " ")) " in
            *" $header "*) ;; *) exit 1 ;; esac ;;
      esac
      """
    case "id": "echo \(machine.user)"
    case "apt-get":
      #"echo "${DEBIAN_FRONTEND:+DEBIAN_FRONTEND=$DEBIAN_FRONTEND }apt-get $*" >> "$CALLS""#
    case "sudo": #"echo "sudo $*" >> "$CALLS"; shift; exec "$@""#
    default: ""
    }
  }

  @Test(arguments: machines) func installsWhatIsMissing(_ machine: Machine) throws {
    let directory = try TestDirectory()
    let bin = try directory.makeDirectory("bin")
    for tool in machine.tools + ["id"] {
      let file = try directory.write(
        "bin/\(tool)", Array("#!/bin/sh\n\(Self.script(tool, machine))\n".utf8))
      #expect(chmod(file.string, 0o755) == 0)
    }
    for tool in ["cat", "env"] {
      #expect(symlink("/bin/\(tool)", bin.appending(tool).string) == 0)
    }
    let calls = try directory.write("calls", [UInt8]())
    var root = FilePath(#filePath)
    for _ in 0..<3 { root.removeLastComponent() }
    var program = TestProgram("/bin/sh", [root.appending("scripts/setup.sh")] + machine.arguments)
    program.environment = [
      "PATH": bin.string, "CALLS": calls.string, "SWIFT": nil, "DEBIAN_FRONTEND": nil,
    ]
    let result = try program.run()
    #expect(result.status == machine.status, "\(result)")
    #expect((result.outputText + result.errorText).contains(machine.message), "\(result)")
    if machine.calls.isEmpty && machine.status == 0 { #expect(result.outputText.isEmpty) }
    let made = String(decoding: try directory.read("calls"), as: UTF8.self)
    #expect(made.split(separator: "\n").map(String.init) == machine.calls)
  }
}
