import SystemPackage
import Testing
import XIOTestSupport

/// The examples of README print what it says, times and sizes aside.
@Suite(.serialized) struct ReadmeTests {
  /// Those that take more than running a command: each has a test of its own.
  private static let others = [
    "xio copy --engine uring data.bin new.bin; xio copy --explain",  // SwitchedOffTests
    "xio tail -n 2 -F", "xio fanin --label", "xio fanin --order window", "xio compare",
  ]

  private static func examples() throws -> [DocumentedExample] {
    try DocumentedExample.all(in: "README.md")
  }

  private static func isOther(_ example: DocumentedExample) -> Bool {
    others.contains { example.command.hasPrefix($0) }
  }

  /// A directory in which the names of the examples stand for something.
  private static func directory() throws -> TestDirectory {
    let directory = try TestDirectory(on: .ext4)
    try directory.writeRandom("data.bin", count: 8 << 20)
    try directory.writeRandom("part.bin", count: 100_000)
    for name in ["host1.log", "host2.log", "host3.log"] {
      try directory.write(name, "2026-01-01T00:00:00Z \(name)\n".utf8)
    }
    try directory.makeDirectory("tree")
    for number in 0..<100 { try directory.write("tree/\(number)", "\(number)".utf8) }
    try directory.writeRandom("tree/large", count: 4 << 20)
    try directory.makeLink("xio", to: try locateXio())
    return directory
  }

  /// A line without what differs from run to run: numbers with their units, and which calls were made.
  private static func shape(_ line: String) -> String {
    if line.hasPrefix("calls ") { return "calls" }
    // The list of calls goes on, in as many lines as it takes.
    if line.wholeMatch(of: /[ ]+([a-z_0-9]+ [0-9]+,? ?)+/) != nil { return "" }
    return line.replacing(/[0-9]+(\.[0-9]+)?( (ns|µs|ms|s|B|KiB|MiB|GiB)(\/s)?\b)?/, with: "#")
  }

  private static func shapes(_ lines: some Sequence<String>) -> [String] {
    lines.map(shape).filter { !$0.isEmpty }
  }

  @Test func commandsPrintWhatItSays() throws {
    let examples = try Self.examples()
    #expect(examples.count >= 15)
    for example in examples where !Self.isOther(example) {
      let directory = try Self.directory()
      let result = try DocumentedExample.run(example.command, in: directory, locale: "C")
      let lines = result.outputText.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(
        Self.shapes(lines.map(String.init)) == Self.shapes(example.output),
        "\(example.command): \(result)")
    }
    for other in Self.others {
      #expect(examples.contains { $0.command.hasPrefix(other) }, "\(other) is no example any more")
    }
  }

  /// Which engine is best, and by how much, differs from machine to machine; what is shown does not.
  @Test func enginesAreCompared() throws {
    let examples = try Self.examples().filter { $0.command.hasPrefix("xio compare") }
    #expect(examples.count >= 2)
    for example in examples {
      let directory = try Self.directory()
      let result = try DocumentedExample.run(example.command, in: directory)
      let lines = result.outputText.split(separator: "\n").map(String.init)
      func beginnings(_ lines: [String]) -> Set<String> {
        Set(lines.map { $0.split(separator: " ").first.map(String.init) ?? "" }).subtracting([
          "", "~",
        ])
      }
      let said = example.output.prefix { !$0.hasPrefix("For this job") }.map { $0 }
      #expect(beginnings(said).isSubset(of: beginnings(lines)), "\(lines)")
      let headings = DocumentedExample.headings
      #expect(headings(said).isSubset(of: headings(lines)) && !headings(said).isEmpty, "\(lines)")
      #expect(lines.contains { $0.hasPrefix("For this job take") }, "\(lines)")
    }
  }

  @Test func aLogIsFollowed() throws {
    let example = try #require(
      try Self.examples().first { $0.command.hasPrefix("xio tail -n 2 -F") })
    let directory = try Self.directory()
    let log = directory.path(of: "app.log")
    try directory.write("app.log", (1...5).map { "line 000\($0)\n" }.joined().utf8)
    var shell = TestProgram("/bin/bash", ["-c", "exec 2>&1; exec \(example.command)"])
    shell.workingDirectory = directory.path
    shell.environment = ["PATH": "\(directory.path):/usr/bin:/bin"]
    let running = try shell.start()
    func expect(_ text: String) throws {
      try eventually("it prints \(text)") {
        String(decoding: running.outputSoFar, as: UTF8.self).contains(text)
      }
    }
    func append(_ line: String, to name: String) throws {
      try runTool("bash", "-c", "echo '\(line)' >> \(directory.path(of: name))")
    }
    try expect("line 0005\n")
    // Somebody who does not notice the rotation.
    let writer = try FileDescriptor.open(log, .writeOnly, options: [.append, .closeOnExec])
    try append("line 0006", to: "app.log")
    try expect("line 0006\n")
    try move(log, to: directory.path(of: "app.log.1"))
    try expect("inaccessible")
    try append("line 0008", to: "app.log")
    try expect("line 0008\n")
    try writer.writeAll("line 0007, written to the renamed file\n".utf8)
    try expect("line 0007")
    try append("line 0009", to: "app.log")
    try expect("line 0009\n")
    try writer.close()
    try running.signal(2)
    let lines = try running.wait().outputText.split(separator: "\n").map(String.init)
    let said = example.output.filter { $0 != "^C" && $0 != "…" }
    let shapes = Set(Self.shapes(lines))
    for line in said { #expect(shapes.contains(Self.shape(line)), "\(line) in \(lines)") }
  }

  @Test func sourcesAreGathered() throws {
    let examples = try Self.examples()
    let example = try #require(examples.first { $0.command.hasPrefix("xio fanin --label") })
    let directory = try Self.directory()
    let fifo = try directory.makeFIFO("a.fifo")
    try directory.makeDirectory("logs")
    try directory.write("logs/app.log", "a line of a log, which may be rotated at any time\n".utf8)
    for command in [
      example.command,
      try #require(examples.first { $0.command.hasPrefix("xio fanin --order window") }).command,
    ] {
      var shell = TestProgram("/bin/bash", ["-c", "exec \(command)"])
      shell.workingDirectory = directory.path
      shell.environment = ["PATH": "\(directory.path):/usr/bin:/bin"]
      let running = try shell.start()
      if command == example.command {
        let writer = try openWriter(fifo)
        _ = try writer.closeAfter { try writer.writeAll("a line of the FIFO\n".utf8) }
        for line in example.output where line != "…" {
          try eventually("it prints \(line)") {
            String(decoding: running.outputSoFar, as: UTF8.self).contains(line + "\n")
          }
        }
      } else {
        try eventually("it listens") { exists(directory.path(of: "log.sock")) }
      }
      try running.signal(15)
      let result = try running.wait()
      #expect(result.ending == .signal(15), "\(result)")
    }
  }
}
