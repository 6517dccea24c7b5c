import SystemPackage
import Testing
import XIOTestSupport

/// What `cat` says when it cannot read or write, and what it does all the same.
@Suite struct CatFailureTests {
  private static let formats = [[], ["-n"], ["--engine", "uring"]]

  private func directory() throws -> TestDirectory {
    let directory = try TestDirectory(on: .ext4)
    try directory.write("small", "1\n2\n".utf8)
    try directory.writeRandom("large", count: 3 << 20)
    return directory
  }

  private func run(
    _ script: String, in directory: TestDirectory, launcher: [String] = []
  ) throws -> ProgramResult {
    var shell = TestProgram("/bin/bash", ["-c", script])
    shell.environment = [
      "XIO": "\(try locateXio())", "CAT": "\(try locateXio()) cat", "LC_ALL": "C",
    ]
    shell.workingDirectory = directory.path
    return try shell.run()
  }

  /// In the middle of a file, of which the beginning goes out.
  @Test(arguments: [[], ["-n"]])
  func namesTheInputThatCannotBeRead(_ format: [String]) throws {
    let directory = try directory()
    try directory.write("other", "3\n".utf8)
    let plain = try run("cat \(format.joined()) small", in: directory).outputText
    for (file, nth) in [("other", 1), ("other", 2), ("large", 1), ("large", 2), ("large", 3)] {
      var program = try xioProgram(["cat"] + format + ["small", file, "small"])
      program.workingDirectory = directory.path
      // The path alone is traced, and the copies of its pages go on being moved.
      let calls = ["read", "pread64", "sendfile", "splice"]
      program.strace =
        straceInjecting(calls.map { "\($0):error=EIO:when=\(nth)+" })
        + ["-P", "\(directory.path)/\(file)"]
      let result = try program.run()
      expectMessage(result, "xio cat: \(file): Input/output error")
      #expect(result.outputText.hasPrefix(plain), "\(result)")
      #expect(result.outputText.hasSuffix(format.isEmpty ? "1\n2\n" : "\t2\n"), "\(result)")
      if file == "large", nth > 1 { #expect(result.output.count > 1000) }
    }
  }

  @Test(arguments: formats)
  func saysThatTheOutputIsFull(_ format: [String]) throws {
    let directory = try directory()
    for input in [["small"], ["large"], ["large", "small", "missing"], []] {
      var program = try xioProgram(["cat"] + format + input).with(input: Array("typed\n".utf8))
      program.workingDirectory = directory.path
      program.output = .file("/dev/full")
      expectMessage(
        try program.run(), "xio cat: error writing standard output: No space left on device")
      program.output = .closed
      expectMessage(
        try program.run(), "xio cat: error writing standard output: Bad file descriptor")
    }
    // Without anything to write it is closed all the same.
    expectMessage(
      try runXio(["cat"] + format + ["/dev/null"], output: .closed),
      "xio cat: error writing standard output: Bad file descriptor")
  }

  @Test(arguments: ["", "-n", "--engine blocking", "--engine uring"])
  func saysThatTheFileSystemIsFull(_ options: String) throws {
    try requireRoot(to: "mount tmpfs")
    let directory = try directory()
    let result = try run(
      """
      mkdir full; unshare -m bash -c 'mount -t tmpfs -o size=1M none full && \
      $CAT \(options) small large small > full/out; status=$?; \
      cat small large | /usr/bin/cat \(options.hasPrefix("-n") ? "-n" : "") | \
      head -c $(stat -c %s full/out) | cmp - full/out && stat -c %s full/out; exit $status'
      """, in: directory)
    expectMessage(result, "xio cat: error writing standard output: No space left on device")
    #expect(result.outputText == "\(1 << 20)\n", "\(result)")
  }

  @Test func readsWhatIsNoFile() throws {
    let directory = try directory()
    let comparison = try GNUComparison("cat", in: directory)
    for format in ["", "-n"] {
      try comparison.expectSame(script: "$CAT \(format) . small 2>&1 | sed 's/^.*cat: //'")
      try comparison.expectSame(script: "$CAT \(format) < . 2>&1 | sed 's/^.*cat: //'")
      try comparison.expectSame(script: "head -c 10 large | $CAT \(format) /dev/stdin small")
      try comparison.expectSame(script: "$CAT \(format) /dev/zero | head -c 3000000 | md5sum")
    }
  }

  /// As in a chroot or an initial RAM disk.
  @Test(arguments: ["cat small", "cat -n small", "copy small copy", "tail -n 1 small"])
  func worksWhereProcIsNotMounted(_ command: String) throws {
    try requireRoot(to: "mount tmpfs")
    let directory = try directory()
    let result = try run(
      """
      unshare -m bash -c 'mount -t tmpfs none /proc && $XIO \(command)' && \
      unshare -m bash -c 'mount -t tmpfs none /proc && $XIO fanin cmd:env' | grep -c SWIFT
      """, in: directory)
    #expect(result.errorText.isEmpty && result.outputText.hasSuffix("0\n"), "\(result)")
  }

  /// Only where reading would feed what is read.
  @Test(arguments: ["", "-n", "--engine blocking", "--engine uring"])
  func refusesInputThatIsOutput(_ options: String) throws {
    let directory = try directory()
    let refusal = "cat: FILE: input file is output file"
    for (script, refused) in [
      ("$CAT file >> file", true), ("$CAT < file >> file", true),
      ("(echo a; $CAT file) 1<> file", true), ("$CAT file 1<> file", false),
      ("(head -c 0; $CAT) < file 1<> file", false), ("$CAT > file < file", false),
      ("$CAT file > file", false), ("$CAT empty >> empty", false),
      ("(cat > /dev/null; $CAT) < file >> file", false), ("$CAT other link >> file", true),
    ] {
      let files = "echo one > file; echo two >> file; : > empty; echo > other; ln -f file link"
      let result = try run(
        "\(files); \(script.replacing("$CAT", with: "$CAT \(options)"))", in: directory)
      let told = result.errorText.contains("input file is output file\n")
      #expect(told == refused, "\(script) \(refusal): \(result)")
      #expect(result.status == (refused ? 1 : 0), "\(script): \(result)")
    }
  }

  /// A file can be moved towards its own beginning, however long it is.
  @Test(arguments: ["", "--engine blocking", "--engine uring"])
  func movesAFileInItself(_ options: String) throws {
    let directory = try directory()
    for distance in [1, 10, 4096, 70_000] {
      let result = try run(
        """
        cp large copy; (dd bs=\(distance) count=1 status=none of=/dev/null; $CAT \(options)) \
        < copy 1<> copy; tail -c +\(distance + 1) large | cmp -n $((3145728 - \(distance))) - copy
        """, in: directory)
      expectQuietSuccess(result)
    }
  }

  @Test func saysThatTheKernelDoesNotFormat() throws {
    let result = try runXio(["cat", "-n", "--engine", "kernel", "/dev/null"])
    expectMessage(result, "xio cat: the kernel engine", "cannot format lines")
    #expect(result.errorText.contains("hint: "))
  }

  @Test func isCalledByItsOwnName() throws {
    let directory = try directory()
    let link = try directory.makeLink("cat", to: try locateXio())
    for (arguments, output, message) in [
      (["small"], "1\n2\n", ""), (["-n", "small"], "     1\t1\n     2\t2\n", ""),
      (["small", "missing"], "1\n2\n", "cat: missing: No such file or directory\n"),
      (["-z"], "", "cat: invalid option -- 'z'\nTry 'cat --help' for more information.\n"),
      (["--nu"], "", ""), (["cat"], "", "cat: cat: input\n"),
    ] where arguments != ["cat"] {
      var program = TestProgram(link, arguments)
      program.workingDirectory = directory.path
      let result = try program.run()
      if arguments == ["--nu"] {
        #expect(result.errorText.hasPrefix("cat: option '--nu' is ambiguous"), "\(result)")
        continue
      }
      #expect(result.outputText == output && result.errorText == message, "\(result)")
      #expect(result.status == (message.isEmpty ? 0 : 1))
    }
    // Through a link the word is a file.
    try directory.write("word", "text".utf8)
    let named = try run(
      "mv word cat.txt; ./cat cat.txt && ./cat ./cat | cmp - ./cat", in: directory)
    #expect(named.outputText == "text" && named.status == 0, "\(named)")
  }
}
