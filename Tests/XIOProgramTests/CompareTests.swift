import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// `compare` as a tool: what it leaves alone, in which order it works, how it ends.
@Suite(.serialized) struct CompareTests {
  private static func directory() throws -> (directory: TestDirectory, source: FilePath) {
    let directory = try TestDirectory(on: .ext4)
    return (directory, try directory.writeRandom("source", count: (1 << 20) + 77))
  }

  /// Names and contents, and when they were changed.
  private static func state(_ directory: TestDirectory) throws -> String {
    try runTool(
      "bash", "-c",
      "cd \(directory.path) && find . -printf '%p %i %T@ %s\\n' | sort && sha256sum * 2>/dev/null || true"
    )
  }

  @Test(arguments: ["present", "absent", "directory/"])
  func nothingElseIsTouched(_ target: String) throws {
    let (directory, source) = try Self.directory()
    try directory.write("present", "as before".utf8)
    try directory.write("other", "as before".utf8)
    try directory.makeDirectory("directory")
    let before = try Self.state(directory)
    let result = try runXio(
      [
        "compare", "--engines", "blocking,uring", "--repeat", "2", "copy", source,
        directory.path(of: target),
      ] as [any ByteString])
    #expect(result.status == 0 && result.errorText.isEmpty, "\(result)")
    let names = try Self.state(directory)
    // The times of directories alone show that something was there.
    let kept = { (text: String) in
      text.split(separator: "\n").filter { !$0.hasPrefix(". ") && !$0.hasPrefix("./directory ") }
    }
    #expect(kept(names) == kept(before))
  }

  @Test func treesAreCopiedAndCompared() throws {
    let (directory, _) = try Self.directory()
    try directory.makeDirectory("tree")
    try directory.makeDirectory("tree/locked")
    try directory.write(Array("tree/locked/\u{FF}".utf8) + [0xFE], "bytes".utf8)
    try runTool("bash", "-c", "cd \(directory.path)/tree && ln -s x link && chmod 500 locked")
    let comparison = try ComparisonResult(
      [
        "--engines", "blocking,poll", "--repeat", "2", "copy", "-a", directory.path(of: "tree"),
        directory.path(of: "new"),
      ])
    let digests = Set(comparison.runs.compactMap { $0["output_digest"] as? String })
    #expect(digests.count == 1 && comparison.runs.count == 4)
    #expect(try directory.names() == ["source", "tree"])
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP], ["copy", "tail", "fanin"])
  func interruptionLeavesNothing(_ signal: CInt, _ command: String) throws {
    let (directory, source) = try Self.directory()
    let job: [any ByteString] =
      switch command {
      case "copy": ["copy", source, directory.path(of: "target")]
      case "tail": ["--events", "1000000", "tail", "-f", directory.path]
      default: ["--events", "10000000", "fanin", directory.path]
      }
    let running = try startXio(
      ["compare", "--repeat", "1000", "--engines", "blocking,epoll"] + job)
    var made: FilePath?
    try eventually("it has made something") {
      made = try directory.names().first { $0.string.hasPrefix(".xio-compare-") }
      return try made.map { try TestDirectory.names(in: directory.path(of: $0.string)) > 1 }
        ?? false
    }
    try running.signal(signal)
    let result = try running.wait()
    #expect(result.ending == .signal(signal) && result.errorText.isEmpty, "\(result)")
    #expect(try directory.names() == ["source"])
    let name = try #require(made).string
    let left = try runTool("bash", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
    #expect(!left.contains(name), "a process is left")
  }

  /// Engines pass lines of several files on in one order or another.
  @Test(arguments: [
    [], ["--format", "json"], ["-z"], ["--label", "{name} ", "--delimiter", "--"],
  ])
  func linesOfFilesAreGathered(_ options: [String]) throws {
    let (directory, _) = try Self.directory()
    try directory.makeDirectory("logs")
    for name in ["a", "b", "c"] {
      let lines = (0..<20_000).map { "\(name) \($0)--\0\n" }.joined()
      try directory.write("logs/\(name).log", lines.utf8)
    }
    try directory.write("list", "logs/b.log\n".utf8)
    let arguments = [
      "--engines", "blocking,poll,uring", "--repeat", "2", "--state", "warm,cold", "fanin",
    ]
    let result = try runXio(
      ["compare", "--json"] + arguments + options
        + ["--exclude", "b*", "logs/*.log", "@list"],
      workingDirectory: directory.path)
    #expect(result.status == 0 && result.errorText.isEmpty, "\(result)")
    let comparison = try ComparisonResult(result)
    let digests = Set(comparison.runs.compactMap { $0["output_digest"] as? String })
    #expect(digests.count == 1 && comparison.runs.count == 12, "\(digests)")
    #expect(try comparison.report.number("job", "input_files") == 3)
    #expect(try directory.names() == ["list", "logs", "source"])
  }

  /// Files that are named in another order give the same lines, and to merge them is to say in which order.
  @Test func theOrderOfLinesCountsInAMergeAlone() throws {
    let (directory, _) = try Self.directory()
    let names = ["a", "b"]
    for name in names { try directory.write(name, "1700000000 \(name)\n".utf8) }
    func digest(_ options: [String], _ files: [String]) throws -> String {
      let result = try runXio(
        ["compare", "--json", "--engines", "poll", "--repeat", "1", "fanin"] + options + files,
        workingDirectory: directory.path)
      let run = try #require(try ComparisonResult(result).runs.first, "\(result)")
      return try #require(run["output_digest"] as? String, "\(result)")
    }
    let orders = [names, names.reversed()]
    #expect(Set(try orders.map { try digest([], $0) }).count == 1)
    #expect(Set(try orders.map { try digest(["--order", "merge"], $0) }).count == 2)
    let before = try digest([], names)
    try directory.write("b", "1700000000 c\n".utf8)
    #expect(try digest([], names) != before)
  }

  @Test func theCommandForFilesIsNamed() throws {
    let (directory, _) = try Self.directory()
    try directory.write("a", "1\n2\n".utf8)
    try directory.write("b", "3\n".utf8)
    let result = try runXio(
      ["compare", "--engines", "poll,uring", "--repeat", "2", "fanin", "a", "b"],
      workingDirectory: directory.path)
    #expect(result.status == 0, "\(result)")
    #expect(result.outputText.hasPrefix("fanin --no-follow a b: 6 B in 2 files\n"), "\(result)")
    let command = try #require(
      result.outputText.split(separator: "\n").last { $0.hasPrefix("  xio fanin ") })
    #expect(command.hasSuffix(" --no-follow a b"), "\(command)")
    let words = command.split(separator: " ").dropFirst().map(String.init)
    let again = try runXio(words, workingDirectory: directory.path)
    #expect(again.outputText.split(separator: "\n").sorted() == ["1", "2", "3"], "\(again)")
  }

  @Test func thereMustBeRoom() throws {
    let mounted = try MountedFileSystem(.tmpfs, size: 8 << 20)
    let (directory, _) = try Self.directory()
    let source = try directory.writeRandom("large", count: 9 << 20)
    let target = mounted.path.appending("target")
    let result = try runXio(["compare", "copy", source, target] as [any ByteString])
    #expect(result.status == 1 && result.outputText.isEmpty, "\(result)")
    #expect(result.errorText.contains("a copy takes 13.3 MiB, and there are 8"), "\(result)")
    #expect(result.errorText.contains("hint: "), "\(result)")
    #expect(try runTool("ls", "-A", mounted.path) == "")
  }

  @Test func thereMustBeRoomForAllSources() throws {
    let mounted = try MountedFileSystem(.tmpfs, size: 1 << 20, options: ["nr_inodes=20"])
    let result = try runXio(
      ["compare", "fanin", "--sources", "1,64", mounted.path] as [any ByteString])
    #expect(result.status == 1 && result.outputText.isEmpty, "\(result)")
    #expect(result.errorText.contains("64 sources are as many files, and "), "\(result)")
    #expect(try runTool("ls", "-A", mounted.path) == "")
  }

  /// Every setting once a round, in an order that a seed brings back.
  @Test func theOrderIsShuffledAndComesAgain() throws {
    let (directory, source) = try Self.directory()
    func order(_ seed: String) throws -> [Int] {
      try ComparisonResult(
        [
          "--seed", seed, "--repeat", "2", "--engines", "blocking,select,poll,epoll,sigio", "cat",
          source,
        ]
      ).order
    }
    let first = try order("7")
    #expect(try order("7") == first)
    #expect(first.count == 10 && first[..<5].sorted() == Array(0..<5))
    #expect(first[5...].sorted() == Array(0..<5) && Array(first[..<5]) != Array(first[5...]))
    #expect(try order("8") != first)
    #expect(try directory.names() == ["source"])
  }

  /// Somebody changes the input while it goes on: not all outputs can be the same.
  @Test func differentOutputsAreFound() throws {
    let (directory, source) = try Self.directory()
    let running = try startXio(
      ["compare", "--engines", "blocking,poll", "--repeat", "6", "cat", source] as [any ByteString])
    while !running.hasEnded {
      try runTool("bash", "-c", "echo more >> \(source)")
    }
    let result = try running.wait()
    #expect(result.status == 1, "\(result)")
    #expect(result.errorText.contains("runs differ from the first"), "\(result)")
    #expect(!result.outputText.contains("outputs are the same"), "\(result)")
    #expect(!result.outputText.contains("For this job take"), "\(result)")
    #expect(try directory.names() == ["source"])
  }

  @Test func whatCannotBeDoneIsLeftOut() throws {
    let (directory, source) = try Self.directory()
    let arguments: [any ByteString] = [
      "compare", "--repeat", "1", "--engines", "blocking,kernel", "--cache", "direct", "copy",
      source, directory.path(of: "target"),
    ]
    let result = try runXio(arguments, environment: ["LC_ALL": "C"])
    #expect(result.status == 0, "\(result)")
    #expect(result.outputText.contains("left out: kernel direct warm:"), "\(result)")
    #expect(result.outputText.contains("xio copy --engine blocking --cache direct"), "\(result)")
    // Bars of characters that the locale has.
    #expect(result.outputText.contains("###") && result.output.allSatisfy { $0 < 128 }, "\(result)")
    let alone = try runXio(
      [
        "compare", "--engines", "kernel", "--cache", "direct", "copy", source,
        directory.path(of: "target"),
      ] as [any ByteString])
    #expect(alone.status == 1 && alone.errorText.contains("is not possible"), "\(alone)")
  }

  @Test(
    arguments: [
      ([], "missing job"), (["sort", "a"], "no job that can be compared"),
      (["copy", "a"], "missing destination"), (["cat"], "missing file operand"),
      (["cat", "-"], "standard input can be read once"),
      (["copy", "-t", "d", "a"], "no --target-directory"),
      (["copy", "a", "b", "--report"], "no --report"),
      (["--engines", "poll,pol", "copy", "a", "b"], "'pol' for '--engines'"),
      (["--sources", "4", "copy", "a", "b"], "--sources says nothing"),
      (["--repeat", "0", "copy", "a", "b"], "--repeat must be"),
      (["fanin", "/etc/passwd", "tcp:localhost:1"], "'tcp:localhost:1' can be read once"),
      (["fanin", "--follow", "/etc/passwd"], "no --follow with compare"),
      (["fanin", "--no-follow"], "name some"),
      (["fanin", "--format", "tail", "/etc/passwd"], "no --format tail with compare"),
      (["fanin", "--sources", "4", "/etc/passwd"], "--sources says nothing"),
      (["fanin", "--cache", "direct", "/etc/passwd"], "--cache says nothing"),
      (["fanin", "@missing"], "cannot open 'missing'"),
      (["fanin", "/etc", "/etc"], "again and again"),
      (["tail", "-f", "a", "b"], "no more than a directory"),
      (["tail", "--overlap"], "goes with cat"),
      (["copy", "missing", "b"], "cannot stat 'missing'"),
      (["copy", "/etc/passwd", "/etc/group", "missing"], "target 'missing': Not a directory"),
      (["fanin", "missing"], "cannot stat 'missing'"),
      (["cat", "/dev/zero"], "again and again"),
      (["cat", "/etc"], "again and again"), (["cat", "--overlap", "-"], "can be read once"),
    ] as [([String], String)])
  func itSaysWhatIsWrong(_ arguments: [String], _ message: String) throws {
    let result = try runXio(["compare"] + arguments)
    #expect(result.status == 1 && result.outputText.isEmpty, "\(result)")
    #expect(result.errorText.contains(message), "\(result)")
  }

  /// What has no room on 80 columns has bars on a wider terminal, and a narrower one is not overrun.
  @Test(arguments: [50, 80, 130] as [UInt16])
  func theTerminalIsMadeUseOf(_ columns: UInt16) throws {
    let terminal = try PseudoTerminal(raw: true, columns: columns)
    let running = try startXio(
      [
        "compare", "--repeat", "1", "--events", "20", "--engines", "poll,posix-aio", "--overlap",
        "cat",
      ], output: .terminal(terminal), errorOutput: .terminal(terminal),
      environment: ["COLUMNS": nil, "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "TERM": "xterm"])
    let shown = try terminal.read(until: "  xio cat --engine ")
    #expect(try running.wait().ending == .status(0))
    let pieces = shown.split { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
      .map { $0.replacing("\u{1b}[K", with: "") }
    let progress = pieces.filter { $0.hasPrefix("run ") }
    #expect(progress.count == 5, "\(pieces)")
    for line in pieces where !line.hasPrefix("5 settings") {
      #expect(line.count <= columns, "\(line)")
    }
    #expect(shown.contains("█") == (columns == 130), "\(shown)")
  }

  /// A line that is wider than the terminal could not be taken back.
  @Test func progressFitsIntoTheTerminal() throws {
    let (directory, source) = try Self.directory()
    let terminal = try PseudoTerminal(columns: 20)
    let running = try startXio(
      ["compare", "--engines", "nonblocking", "--repeat", "1", "cat", source] as [any ByteString],
      errorOutput: .terminal(terminal), environment: ["TERM": "xterm"])
    let line = "\r\u{1b}[K"
    let shown = try terminal.read(until: line) + terminal.read(until: line)
    let result = try running.wait()
    #expect(result.status == 0, "\(result)")
    let texts = shown.split(separator: line)
    #expect(texts == ["run 1 of 1: nonbloc"], "\(shown)")
    #expect(try directory.names() == ["source"])
  }

  /// On a terminal of 80 columns nothing is wider, however much is compared.
  @Test func tablesFitIntoALine() throws {
    let (directory, source) = try Self.directory()
    let result = try runXio(
      [
        "compare", "--repeat", "1", "--cache", "page,uncached", "--state", "warm,cold",
        "--engines", "nonblocking,posix-aio", "--notify", "suspend,signal", "--block-size",
        "64K,1M", "cat", source,
      ] as [any ByteString],
      environment: ["LC_ALL": "C.UTF-8", "COLUMNS": "80"])
    #expect(result.status == 0, "\(result)")
    for line in result.outputText.split(separator: "\n") where !line.contains(" --engine ") {
      #expect(line.count <= 80, "\(line)")
    }
    for heading in ["RATIO", "WAIT", "COPY", "BASIS", "CALLS", "VOL", "FAULTS", "READ", "WRITTEN"] {
      #expect(result.outputText.contains(" \(heading)"), "\(heading) in \(result)")
    }
    let coloured = try runXio(
      ["compare", "--repeat", "1", "--color", "always", "--engines", "poll", "cat", source]
        as [any ByteString])
    #expect(coloured.outputText.contains("\u{1b}[1;32m"), "\(coloured)")
    #expect(!result.outputText.contains("\u{1b}"), "\(result)")
  }
}

extension TestDirectory {
  /// How many entries a directory has; none when it is gone.
  fileprivate static func names(in directory: FilePath) throws -> Int {
    try runTool("bash", "-c", "ls -A \(directory) 2>/dev/null | wc -l || true")
      .split(separator: "\n").first.flatMap { Int($0) } ?? 0
  }
}
