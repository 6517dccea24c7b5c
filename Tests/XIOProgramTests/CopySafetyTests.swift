import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Copies that appear whole, last, and are compared.
@Suite struct CopySafetyTests {
  private static let old = Array("old content, which is no beginning of the new".utf8)

  /// A source and a target that is there.
  private func pair(
    on kind: FileSystemKind = .ext4
  ) throws -> (directory: TestDirectory, source: FilePath, target: FilePath) {
    let directory = try TestDirectory(on: kind)
    let source = try directory.writeRandom("source", count: 1_500_001)
    return (directory, source, try directory.write("target", Self.old))
  }

  // MARK: Atomic

  @Test(arguments: FileSystemKind.allCases, [["--atomic"], ["--durability=full"], ["--resume"]])
  func takesThePlaceOfTheOld(_ kind: FileSystemKind, _ options: [String]) throws {
    let (directory, source, target) = try pair(on: kind)
    try setPermissions(target, 0o4640)
    try runTool("chown", "7:8", target)
    try runTool("setfattr", "-n", "user.note", "-v", "kept", target)
    try setPermissions(target, 0o4640)
    let other = try directory.makeHardLink("other", to: target)
    expectQuietSuccess(try runXio(["copy"] + options + [source, target]))
    try expectIdentical(source, target)
    #expect(try readFile(other) == Self.old)
    #expect(try runTool("stat", "-c", "%a %u:%g", target) == "4640 7:8\n")
    #expect(try runTool("getfattr", "--only-values", "-n", "user.note", target) == "kept")
    expectQuietSuccess(try runXio(["copy"] + options + [source, directory.path(of: "new")]))
    try expectIdentical(source, directory.path(of: "new"))
    #expect(try directory.names() == ["new", "other", "source", "target"])
  }

  /// Where there are no files without a name.
  @Test(arguments: [true, false])
  func worksWithNamedFiles(_ isThere: Bool) throws {
    var tried = 0
    for nth in 1...12 {
      let (directory, source, target) = try pair()
      if !isThere { try remove(target) }
      let log = directory.path(of: "log")
      let result = try runXio(
        ["copy", "--atomic", "--engine", "blocking", source, target],
        strace: straceInjecting(["openat:error=EOPNOTSUPP:when=\(nth)"], log: log))
      let calls = String(decoding: try directory.read("log"), as: UTF8.self).split(separator: "\n")
      // Which of the calls it is depends on what the runtime opens.
      guard calls.contains(where: { $0.contains("O_TMPFILE") && $0.contains("EOPNOTSUPP") }) else {
        continue
      }
      tried += 1
      #expect(calls.contains { $0.contains("\".xio-") && $0.contains("O_EXCL") }, "\(calls)")
      expectQuietSuccess(result)
      try expectIdentical(source, target)
      #expect(try directory.names() == ["log", "source", "target"])
    }
    #expect(tried == 1)
  }

  @Test func leavesTheOldWhenItFails() throws {
    let (directory, source, target) = try pair()
    for call in ["write", "pwrite64", "fsync", "linkat", "renameat2", "renameat", "fcntl"] {
      try directory.write("target", Self.old)
      let result = try runXio(
        ["copy", "--durability=full", "--engine", "blocking", source, target],
        strace: straceInjecting(["\(call):error=EIO:when=\(call == "fcntl" ? "4+" : "1+")"]))
      if result.ending == .status(0) { continue }
      #expect(result.errorText.contains("Input/output error"), "\(call): \(result)")
      #expect(try readFile(target) == Self.old, "\(call)")
      #expect(try directory.names() == ["source", "target"], "\(call)")
    }
  }

  /// What a quota stops leaves nothing, and the rest of the tree alone.
  @Test(arguments: [["-r"], ["-r", "--atomic"], ["-r", "--engine=uring"]])
  func quotasAreToldOf(_ options: [String]) throws {
    let mounted = try MountedFileSystem(.btrfs, size: 500 << 20)
    let volume = mounted.path.appending("volume")
    try runTool("btrfs", "subvolume", "create", volume)
    try runTool("btrfs", "quota", "enable", mounted.path)
    try runTool("btrfs", "qgroup", "limit", "8M", volume)
    let directory = try TestDirectory()
    let source = try directory.makeDirectory("source")
    try directory.writeRandom("source/big", count: 20 << 20)
    try directory.write("source/small", "text".utf8)
    let target = volume.appending("target")
    expectMessage(
      try runXio(["copy"] + options + [source, target]),
      "error writing '\(target)/big': Disk quota exceeded")
    #expect(try runTool("ls", "-A", target) == "small\n")
  }

  @Test func goesThroughSymbolicLinks() throws {
    let (directory, source, target) = try pair()
    _ = try directory.makeDirectory("elsewhere")
    try runTool("mv", target, directory.path(of: "elsewhere/file"))
    let link = try directory.makeLink("link", to: "elsewhere/file")
    expectQuietSuccess(try runXio(["copy", "--atomic", source, link]))
    try expectIdentical(source, directory.path(of: "elsewhere/file"))
    #expect(linkTarget(link) == "elsewhere/file")
    expectQuietSuccess(
      try runXio(["copy", "--atomic", "--remove-destination", source, link]))
    #expect(linkTarget(link).isEmpty)
    let dangling = try directory.makeLink("dangling", to: "nowhere")
    expectMessage(
      try runXio(["copy", "--atomic", source, dangling]), "not writing through dangling symlink")
  }

  @Test func refusesWhatCannotBeReplaced() throws {
    let (directory, source, target) = try pair()
    let fifo = try directory.makeFIFO("fifo")
    for option in ["--atomic", "--resume"] {
      expectMessage(
        try runXio(["copy", option, source, fifo]), "cannot replace '\(fifo)': not a regular file")
      expectMessage(
        try runXio(["copy", option, "--attributes-only", source, target]),
        "--attributes-only rules out \(option)")
    }
    try setPermissions(directory.path, 0o777)
    try setPermissions(target, 0o444)
    let result = try runXio(["copy", "--atomic", source, target], launcher: ["--uid", "65534"])
    expectMessage(result, "cannot create regular file '\(target)': Permission denied")
    #expect(try readFile(target) == Self.old)
  }

  @Test(arguments: [["-r"], ["-a"], ["-r", "--no-preserve=mode"]])
  func aDirectoryThatCannotBeReadIsNotOpenedToOthers(_ options: [String]) throws {
    let directory = try TestDirectory(on: .tmpfs)
    try setPermissions(directory.path, 0o777)
    let nobody = ["--uid", "65534"]
    var shell = TestProgram("/bin/sh", ["-c", "mkdir -p s/in && chmod 0 s/in && mkdir d"])
    shell.workingDirectory = directory.path
    shell.launcher = nobody
    expectQuietSuccess(try shell.run())
    for source in ["s/in", "s"] {
      let target = directory.path(of: "d/\(source.count)")
      let result = try runXio(
        ["copy"] + options + [directory.path(of: source), target], launcher: nobody)
      expectMessage(result, "cannot access '\(directory.path(of: "s/in"))': Permission denied")
      let made = source == "s" ? target.appending("in") : target
      let mode = options.count > 1 ? "755" : "0"
      #expect(try runTool("stat", "-c", "%a", made) == mode + "\n", "\(source)")
    }
  }

  @Test(arguments: ["simple", "numbered"])
  func backupsAreNeverWithoutTheName(_ control: String) throws {
    let (directory, source, target) = try pair()
    let log = directory.path(of: "log")
    expectQuietSuccess(
      try runXio(
        ["copy", "--atomic", "--backup=\(control)", source, target],
        strace: ["-f", "-o", log.string, "-e", "trace=unlinkat,unlink,rename,renameat,renameat2"]))
    try expectIdentical(source, target)
    let backup = control == "simple" ? "target~" : "target.~1~"
    #expect(try directory.read(backup) == Self.old)
    let calls = String(decoding: try directory.read("log"), as: UTF8.self)
    #expect(!calls.contains("\"target\", ") && !calls.contains("target\", AT_FDCWD"), "\(calls)")
    #expect(try directory.names().count == 4)
  }

  // MARK: Durability

  /// The file, its name, its directory: in this order.
  @Test(arguments: [true, false])
  func fullIsInOrder(_ isThere: Bool) throws {
    let (directory, source, target) = try pair()
    if !isThere { try remove(target) }
    let log = directory.path(of: "log")
    expectQuietSuccess(
      try runXio(
        ["copy", "--durability", "full", source, target],
        strace: [
          "-f", "-y", "-o", log.string, "-e",
          "trace=fsync,fdatasync,linkat,rename,renameat,renameat2",
        ]))
    let calls = String(decoding: try directory.read("log"), as: UTF8.self)
      .split(separator: "\n").filter { $0.contains("= 0") }
    let names = calls.compactMap {
      $0.split(separator: " ").dropFirst().first?.prefix { $0 != "(" }
    }
    #expect(names.first == "fsync" && names.last == "fsync", "\(calls)")
    #expect(names.count == (isThere ? 4 : 3), "\(calls)")
    #expect(calls.last?.contains("<\(directory.path)>") == true, "\(calls)")
    if isThere { #expect(names.dropLast().last?.hasPrefix("rename") == true, "\(calls)") }
  }

  @Test func everyDirectoryOfATreeIsWritten() throws {
    let directory = try TestDirectory(on: .ext4)
    for name in ["s", "s/a", "s/a/b"] {
      try directory.makeDirectory(name)
      try directory.write("\(name)/file", name.utf8)
    }
    func count(_ level: String, _ call: String) throws -> Int {
      let target = directory.path(of: level + call)
      let (result, calls) = try xioProgram([
        "copy", "-a", "--durability", level, directory.path(of: "s"), target,
      ]).runCountingSystemCalls()
      expectQuietSuccess(result)
      return calls[call]
    }
    // Three files, three directories and the one that the tree is in.
    #expect(try count("full", "fsync") == 7)
    #expect(try count("data", "fdatasync") == 3)
    #expect(try count("data", "fsync") == 0)
    #expect(try count("batch", "syncfs") == 1)
    #expect(try count("cached", "fsync") + count("cached", "syncfs") == 0)
  }

  @Test(arguments: [
    ("full", "fsync"), ("data", "fdatasync"), ("batch", "syncfs"),
  ])
  func anErrorOfTheDeviceIsAFailure(_ level: String, _ call: String) throws {
    let (directory, source, target) = try pair()
    for nth in [1, 2] where call == "fsync" || nth == 1 {
      let log = directory.path(of: "log")
      let result = try runXio(
        ["copy", "--durability", level, source, target],
        strace: straceInjecting(["\(call):error=EIO:when=\(nth)"], log: log))
      expectMessage(result, "error writing", "to the device: Input/output error")
      // It is not asked again, as the second answer would be that all is well.
      let calls = String(decoding: try directory.read("log"), as: UTF8.self)
      #expect(calls.split(separator: "\n").filter { $0.contains(call) }.count == nth, "\(calls)")
      if level == "data" { #expect(try fileSize(target) == 0) }
      if level == "full", nth == 1 { #expect(try readFile(target) == Self.old) }
    }
  }

  // MARK: Verification

  @Test(arguments: ["flight", "media"], EngineVariant.all)
  func findsNothingInRightCopies(_ level: String, _ variant: EngineVariant) throws {
    let (directory, source, target) = try pair()
    defer { withExtendedLifetime(directory) {} }
    let result = try runXio(
      ["copy", "--verify", level, "--report=json"] + variant.options + [source, target])
    #expect(result.ending == .status(0), "\(result)")
    if level == "media" { #expect(try fincorePages(of: target) == 0) }
    try expectIdentical(source, target)
    let report = try JSONReport(result.errorOutput)
    #expect(report.fields["verification"] as? String == level)
    #expect(report.fields["verified_bytes"] as? Int == 1_500_001)
  }

  @Test(arguments: [["-r"], ["--atomic"], []])
  func theDeviceIsReadBack(_ options: [String]) throws {
    let mounted = try MountedFileSystem(.ext4, size: 64 << 20)
    let directory = try mounted.directory()
    let source = try directory.writeRandom("source", count: 2_000_000)
    for level in ["media", "flight"] {
      let target = directory.path(of: level)
      // The first pread64 asks for more after the end, the second one compares.
      let running = try startXio(
        ["copy", "--verify", level] + options + [source, target],
        strace: straceInjecting(["pread64:delay_enter=2000000:when=2"]))
      try damage(mounted, running, target)
      let result = try running.wait()
      if level == "media" {
        expectMessage(result, "'\(target)' differs from '\(source)' at byte ")
        #expect(try directory.has("media") == false)
      } else {
        expectQuietSuccess(result)
        // Of this file alone: others rely on what is cached.
        try runTool("dd", "if=\(target)", "iflag=nocache", "count=0", "status=none")
        #expect(try readFile(target) != readFile(source))
      }
    }
  }

  /// Alters a block of a file on the device below its file system, while nobody looks.
  private func damage(
    _ mounted: MountedFileSystem, _ running: RunningProgram, _ target: FilePath
  ) throws {
    let device = try runTool("findmnt", "-no", "SOURCE", mounted.path)
      .split(separator: "\n").first.map(String.init)
    var block = ""
    // What is open and has no name is reached through the program that has it open.
    let find = """
      for file in "$1" $(pgrep -P "$2" | sed 's,.*,/proc/&/fd/*,') /proc/"$2"/fd/*; do
        test -f "$file" || continue
        case $(readlink "$file" || echo "$file") in *source*) continue;; "$3"*) ;; *) continue;; esac
        filefrag -sv "$file" | awk '$1 == "0:" && !/unwritten|delalloc/ { print $4 + 0 }'
      done | tail -n 1
      """
    try eventually("the blocks of \(target) are known") {
      block = try runTool(
        "bash", "-c", find, "find", target, "\(running.process)", mounted.path
      ).filter(\.isNumber)
      return !block.isEmpty
    }
    let start = try #require(Int(block))
    try runTool(
      "dd", "if=/dev/urandom", "of=\(try #require(device))", "bs=1024", "count=1",
      "seek=\(start + 2)", "conv=notrunc", "oflag=direct", "status=none")
  }

  @Test func failsClosed() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let source = try directory.writeRandom("source", count: 5000)
    let target = try directory.write("target", Self.old)
    expectMessage(
      try runXio(["copy", "--verify=media", source, target]), "cannot verify '\(target)'",
      "past the page cache")
    #expect(try readFile(target) == Self.old)
    expectMessage(
      try runXio(["copy", "--verify=flight", "/dev/stdin", target], input: .bytes(Self.old)),
      "cannot verify '/dev/stdin': it cannot be read a second time")
    #expect(try readFile(target) == Self.old)
    expectQuietSuccess(try runXio(["copy", "--verify=flight", source, target]))
  }
}
