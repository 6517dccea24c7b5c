import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What `compare` does about files of its own that were left behind, and about files of others.
@Suite(.serialized) struct CompareSafetyTests {
  private static let ofAnotherKernel =
    ".xio-compare-\(String(repeating: "0", count: 16))-1-1-0"

  /// Starts a comparison that has no end, and waits until it has made something.
  private static func start(
    in directory: TestDirectory
  ) throws -> (running: RunningProgram, name: String) {
    let running = try startXio(
      [
        "compare", "--repeat", "1000", "--engines", "poll", "--events", "10000000", "fanin",
        directory.path,
      ] as [any ByteString])
    var made: String?
    try eventually("it has made something") {
      made = try directory.names().map(\.string).first { $0.hasPrefix(".xio-compare-") }
      return made.map { isAtWork(directory, $0) } ?? false
    }
    return (running, try #require(made))
  }

  /// Kills a comparison and waits until its children, too, no longer use what it has made.
  private static func kill(_ running: RunningProgram, named name: String) throws {
    try running.signal(SIGKILL)
    _ = try running.wait()
    try eventually("its children have ended") {
      let left = try runTool("bash", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
      return !left.contains(name)
    }
  }

  private static func isAtWork(_ directory: TestDirectory, _ name: String) -> Bool {
    (try? directory.read("\(name)/list")) != nil
  }

  private static func compare(in directory: TestDirectory) throws -> ProgramResult {
    try runXio(
      ["compare", "--repeat", "1", "--engines", "poll", "--events", "4", "fanin", directory.path]
        as [any ByteString])
  }

  @Test func whatAKilledOneHasLeftIsRemoved() throws {
    let directory = try TestDirectory(on: .ext4)
    let (running, name) = try Self.start(in: directory)
    try Self.kill(running, named: name)
    #expect(try directory.names().map(\.string) == [name])
    let result = try Self.compare(in: directory)
    #expect(result.status == 0, "\(result)")
    #expect(result.errorText.contains("removed '\(directory.path(of: name))'"), "\(result)")
    #expect(result.errorText.contains("left behind by a compare that was killed"), "\(result)")
    #expect(try directory.names() == [])
  }

  @Test func whatIsInUseIsLeftAlone() throws {
    let directory = try TestDirectory(on: .ext4)
    let (running, name) = try Self.start(in: directory)
    let result = try Self.compare(in: directory)
    #expect(result.status == 0 && result.errorText.isEmpty, "\(result)")
    #expect(try directory.names().map(\.string) == [name] && Self.isAtWork(directory, name))
    try running.signal(SIGTERM)
    #expect(try running.wait().ending == .signal(SIGTERM))
    #expect(try directory.names() == [])
  }

  /// What has such a name need not have been made by it.
  @Test func whatMayBeOfOthersIsLeftAlone() throws {
    let directory = try TestDirectory(on: .ext4)
    let (running, name) = try Self.start(in: directory)
    try Self.kill(running, named: name)
    try runTool("rm", "-r", directory.path(of: name))
    // The name of one that is surely dead, for things that are no directories, and other names.
    let other = String(name.dropLast()) + "7"
    try directory.write(name, "a file".utf8)
    try directory.makeLink(other, to: directory.path(of: "mine"))
    for own in ["mine", ".xio-compare-mine", Self.ofAnotherKernel, name + "-1"] {
      try directory.makeDirectory(own)
      try directory.write("\(own)/kept", "as before".utf8)
    }
    let before = try directory.names()
    let result = try Self.compare(in: directory)
    #expect(result.status == 0, "\(result)")
    let place = directory.path(of: Self.ofAnotherKernel)
    #expect(result.errorText.contains("'\(place)' was perhaps left behind"), "\(result)")
    #expect(result.errorText.contains("hint: remove it"), "\(result)")
    #expect(result.errorText.split(separator: "\n").count == 2, "\(result)")
    #expect(try directory.names() == before)
    for own in ["mine", ".xio-compare-mine", Self.ofAnotherKernel, name + "-1"] {
      #expect(try directory.read("\(own)/kept") == Array("as before".utf8))
    }
  }

  @Test(arguments: ["", "--json"])
  func aReaderThatGoesLeavesNothing(_ option: String) throws {
    let directory = try TestDirectory(on: .ext4)
    try directory.writeRandom("source", count: 100_000)
    try directory.makeLink("xio", to: try locateXio())
    let result = try DocumentedExample.run(
      "xio compare \(option) --repeat 2 --engines poll copy source target | true; "
        + "echo ${PIPESTATUS[0]}", in: directory)
    #expect(result.outputText == "141\n", "\(result)")
    #expect(try directory.names() == ["source", "xio"])
  }

  @Test func whatIsNoFileToBeReadAgainIsRefused() throws {
    let directory = try TestDirectory(on: .ext4)
    let fifo = try directory.makeFIFO("fifo")
    try directory.makeDirectory("directory")
    try directory.write("source", "text".utf8)
    let source = directory.path(of: "source")
    for (job, message) in [
      (["copy", fifo, directory.path(of: "target")], "cannot be read again and again"),
      (["cat", directory.path(of: "directory")], "cannot be read again and again"),
      (["copy", source, "/proc/target"], "there are 0 B free"),
      (["copy", source, directory.path(of: "missing/target")], "No such file or directory"),
      (["copy", source, source, directory.path(of: "missing")], "Not a directory"),
    ] as [([any ByteString], String)] {
      let result = try runXio(["compare", "--repeat", "1", "--engines", "poll"] + job)
      #expect(result.status == 1 && result.outputText.isEmpty, "\(result)")
      #expect(result.errorText.contains(message), "\(result)")
    }
    #expect(try directory.names() == ["directory", "fifo", "source"])
  }

  @Test func anEmptyFileIsAFile() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.write("source", "".utf8)
    for job in [["copy", source, directory.path(of: "target")], ["cat", source]]
      as [[any ByteString]]
    {
      let picture = directory.path(of: "svg")
      let result = try runXio(
        [
          "compare", "--repeat", "1", "--engines", "blocking,uring,kernel", "--state", "cold,warm",
          "--svg", picture,
        ] + job)
      #expect(result.status == 0 && result.errorText.isEmpty, "\(result)")
      #expect(result.outputText.contains("outputs are the same"), "\(result)")
      #expect(try directory.names() == ["source", "svg"])
    }
  }

  /// A file that goes while it is compared ends the comparison, and what was made goes.
  @Test func whatDisappearsIsSaid() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 100_000)
    let running = try startXio(
      [
        "compare", "--repeat", "10000", "--engines", "poll,blocking", "copy", source,
        directory.path(of: "target"),
      ] as [any ByteString])
    try eventually("it has begun") { try directory.names().count > 1 }
    try runTool("rm", source)
    let result = try running.wait()
    #expect(result.status == 1, "\(result)")
    #expect(result.errorText.contains("No such file or directory"), "\(result)")
    #expect(try directory.names() == [])
  }

  /// What auto chooses can be compared like any other engine, and it is said what that was.
  @Test func autoIsComparedToo() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1 << 20)
    let picture = directory.path(of: "svg")
    let job: [any ByteString] = [
      "compare", "--repeat", "1", "--engines", "auto,poll", "--svg", picture, "copy", source,
      directory.path(of: "target"),
    ]
    let result = try runXio(job)
    #expect(result.status == 0 && result.errorText.isEmpty, "\(result)")
    let chosen = try #require(result.outputText.firstMatch(of: /\nauto has chosen ([a-z]+)\n/)).1
    let comparison = try ComparisonResult(Array(job.dropFirst()))
    let ran = comparison.runs(["engine": "auto"]).compactMap {
      ComparisonResult.value($0, "report.engine.ran") as? String
    }
    #expect(ran == [String(chosen)])
    let svg = String(decoding: try directory.read("svg"), as: UTF8.self)
    #expect(svg.contains(">auto<"))
    let overlapping = try runXio(["compare", "--engines", "auto", "cat", "--overlap"])
    expectMessage(overlapping, "--overlap compares engines by their names")
  }

  /// The command to use is one that a shell takes, with what was named and nothing else.
  @Test func theCommandToUseIsWhatWasMeant() throws {
    let directory = try TestDirectory(on: .ext4)
    try directory.writeRandom("-n", count: 1000)
    try directory.makeLink("xio", to: try locateXio())
    func recommended(_ command: String) throws -> [String] {
      let result = try DocumentedExample.run("xio compare --repeat 1 \(command)", in: directory)
      #expect(result.status == 0, "\(result)")
      return result.outputText.split(separator: "\n").filter { $0.hasPrefix("  xio ") }
        .map(String.init)
    }
    let overlapping = "--engines poll,epoll --events 20"
    for line in try recommended("\(overlapping) --overlap cat") {
      #expect(line.wholeMatch(of: #/  xio cat --engine e?poll/#) != nil, "\(line)")
    }
    let named = try #require(try recommended("--engines poll,epoll cat -- -n").first)
    #expect(named.hasSuffix(" -- -n"), "\(named)")
    let again = try DocumentedExample.run("\(named) | cmp - ./-n", in: directory)
    #expect(again.status == 0 && again.outputText.isEmpty, "\(again)")
    for line in try recommended("--engines poll,epoll --events 20 tail -f -n 5 .") {
      #expect(line.hasSuffix(" --lines=5 FILE"), "\(line)")
    }
  }
}
