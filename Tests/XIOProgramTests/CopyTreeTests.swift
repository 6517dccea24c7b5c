import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Trees come out as they went in.
@Suite(.serialized) struct CopyTreeTests {
  private static let pairs = FileSystemKind.allCases.flatMap { source in
    FileSystemKind.allCases.map { (source, $0) }
  }

  @Test(arguments: pairs)
  func everythingIsKept(_ source: FileSystemKind, _ target: FileSystemKind) throws {
    try requireRoot(to: "make device nodes")
    let (from, to) = (try TestDirectory(on: source), try TestDirectory(on: target))
    // With one pair of each source and of each target, in the smaller size.
    let kinds = FileSystemKind.allCases
    let next = (kinds.firstIndex(of: source) ?? 0) + 1
    let isLarge = runsFullSize || target == kinds[next % kinds.count]
    let tree = try AdversarialTree(in: from, isLarge: isLarge)
    let copy = to.path(of: "copy")
    expectQuietSuccess(try runXio(["copy", "-a", tree.root, copy]))
    let differences = try TreeChecker.compare(tree.root, copy)
    #expect(differences.isEmpty, "\(differences)")
  }

  /// The checker itself accepts what GNU's cp makes, and nothing else.
  @Test func theCheckerIsRight() throws {
    try requireRoot(to: "make device nodes")
    let directory = try TestDirectory(on: .ext4)
    let tree = try AdversarialTree(in: directory, isLarge: runsFullSize)
    let copy = directory.path(of: "copy")
    try runTool("cp", "-a", tree.root, copy)
    let differences = try TreeChecker.compare(tree.root, copy)
    #expect(differences.isEmpty, "\(differences)")
    try setPermissions(copy.appending("many/7"), 0o600)
    try directory.write("copy/many/8", "other".utf8)
    try remove(copy.appending("many/9"))
    #expect(try TreeChecker.compare(tree.root, copy).count > 3)
  }

  @Test(arguments: EngineVariant.all, CacheModeName.allCases)
  func everyEngineMakesTheSameTree(_ variant: EngineVariant, _ mode: CacheModeName) throws {
    guard mode.refusal(variant, on: .ext4) == nil else { return }
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.makeDirectory("source")
    _ = try directory.makeDirectory("source/below")
    for size in [0, 1, 4097, 262_145, 1_500_000] {
      try directory.writeRandom("source/\(size)", count: size)
      try directory.writeRandom("source/below/\(size)", count: size, seed: 9)
    }
    try directory.writeSparse("source/below/hole", count: 2_000_000)
    let copy = directory.path(of: "copy")
    expectQuietSuccess(
      try runXio(["copy", "-a"] + variant.options + mode.options + [source, copy]))
    let differences = try TreeChecker.compare(source, copy)
    #expect(differences.isEmpty, "\(differences)")
  }

  /// Deeper than a path can be, and than descriptors reach.
  @Test func depthIsNoLimit() throws {
    let directory = try TestDirectory(on: .ext4)
    // A shell asks for the path of every directory that it enters, which costs more and more.
    let script = """
      mkdir "source"; chdir "source";
      for (1..1200) { mkdir("deep-$_") && chdir("deep-$_") && open(F, ">file") or die; print F $_ }
      """
    try runTool("bash", "-c", "cd \(directory.path) && perl -e '\(script)'")
    let copy = directory.path(of: "copy")
    expectQuietSuccess(
      try runXio(
        ["copy", "-a", directory.path(of: "source"), copy],
        launcher: ["--rlimit", "nofile=40"]))
    let found = try runTool("bash", "-c", "cd \(copy) && find . -type f | wc -l")
    #expect(found == "1200\n")
    try runTool("rm", "-rf", directory.path(of: "source"), copy)
  }

  /// Names of one directory are never all in memory, and of files with several names only what leads back
  /// to the first one.
  ///
  /// A name takes 24 bytes or more as the kernel lists it, and more in a string.
  @Test(arguments: [(areLinked: false, mebibytes: 24, each: 16), (true, 28, 96)])
  func memoryIsBounded(_ areLinked: Bool, _ mebibytes: Int, _ each: Int) throws {
    let (count, most) = runsFullSize ? (1_000_000, 128) : (50_000, mebibytes)
    let few = try peakMemory(copying: 1000, areLinked)
    let many = try peakMemory(copying: count, areLinked)
    #expect(few > 0 && many < most << 10, "\(many) KiB")
    #expect((many - few) << 10 < each * count, "\(few) KiB, and \(many) KiB for \(count) files")
  }

  /// Copies a directory of empty files.
  ///
  /// - Returns: The largest resident set, in kibibytes.
  private func peakMemory(copying count: Int, _ areLinked: Bool) throws -> Int {
    let directory = try TestDirectory(on: .tmpfs)
    let (source, target) = (directory.path(of: "s"), directory.path(of: "t"))
    try runTool("bash", "-c", "mkdir \(source) && cd \(source) && seq \(count) | xargs touch")
    if areLinked { try runTool("cp", "-al", source, directory.path(of: "other")) }
    let peak = directory.path(of: "peak")
    expectQuietSuccess(
      try runXio(["copy", "-a", source, target], launcher: ["--peak-memory", peak.string]))
    #expect(try runTool("bash", "-c", "ls -U \(target) | wc -l") == "\(count)\n")
    let text = String(decoding: try directory.read("peak"), as: UTF8.self)
    return try #require(Int(text.filter(\.isNumber)), "\(text)")
  }

  /// Somebody puts a link in the place of a directory that has just been made, or is about to be read.
  @Test(arguments: ["target", "source"])
  func nobodyLeadsACopyAstray(_ side: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let (source, target) = (try directory.makeDirectory("source"), directory.path(of: "target"))
    try directory.makeDirectory("source/below")
    try directory.write("source/below/file", "right".utf8)
    let outside = try directory.makeDirectory("outside")
    try directory.write("outside/secret", "secret".utf8)
    let log = directory.path(of: "log")
    // The directory above has been made, and the one below is about to be.
    let running = try startXio(
      ["copy", "-r", "--jobs=1", source, target],
      strace: straceInjecting(["mkdirat:delay_exit=1500000:when=2"], log: log))
    let below = directory.path(of: "\(side)/below")
    try eventually("the directory is there") { exists(directory.path(of: "target/below")) }
    try move(below, to: directory.path(of: "away"))
    _ = try directory.makeLink("\(side)/below", to: outside)
    let result = try running.wait()
    #expect(result.ending == .status(1) && !result.errorOutput.isEmpty, "\(result)")
    #expect(try runTool("ls", outside) == "secret\n")
    if side == "source" { #expect(!exists(directory.path(of: "target/below/secret"))) }
  }

  @Test func loopsAreSeen() throws {
    let directory = try TestDirectory()
    let source = try directory.makeDirectory("source")
    _ = try directory.makeDirectory("source/below")
    try directory.write("source/below/file", "text".utf8)
    _ = try directory.makeLink("source/below/up", to: "..")
    let result = try runXio(["copy", "-rL", source, directory.path(of: "copy")])
    expectMessage(result, "cannot copy cyclic symbolic link '\(source)/below/up'")
    #expect(try directory.read("copy/below/file") == Array("text".utf8))
  }

  @Test func nothingGoesIntoItselfThroughAMount() throws {
    let directory = try TestDirectory()
    let source = try directory.makeDirectory("source")
    try directory.write("source/file", "text".utf8)
    let other = try directory.makeDirectory("other")
    try runTool("mount", "--bind", source, other)
    defer { _ = try? runTool("umount", other) }
    expectMessage(
      try runXio(["copy", "-r", source, other.appending("copy")]), "cannot copy a directory",
      "into itself")
    expectMessage(
      try runXio(["copy", source.appending("file"), other.appending("file")]), "are the same file")
    #expect(try directory.read("source/file") == Array("text".utf8))
  }

  /// What one file system cannot do for another is asked once, and of others all the same.
  @Test func mountsInTheMiddleAreCopiedLikeTheRest() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.makeDirectory("source")
    let mount = try directory.makeDirectory("source/mount")
    try runTool("mount", "-t", "tmpfs", "tmpfs", mount)
    defer { _ = try? runTool("umount", mount) }
    for number in 0..<6 {
      try directory.writeRandom("source/\(number)", count: 700_000, seed: UInt64(number))
      try directory.writeRandom("source/mount/\(number)", count: 700_000, seed: UInt64(number) + 9)
    }
    let copy = directory.path(of: "copy")
    let (result, calls) = try xioProgram(["copy", "-a", "--jobs=1", source, copy])
      .runCountingSystemCalls()
    expectQuietSuccess(result)
    #expect(calls["copy_file_range"] == 7, "\(calls)")
    let differences = try TreeChecker.compare(source, copy)
    #expect(differences.isEmpty, "\(differences)")
  }

  /// Each file system that cannot hold something is told of, once.
  @Test func whatEachFileSystemCannotHoldIsToldOf() throws {
    let directory = try TestDirectory(on: .ext4)
    let target = try directory.makeDirectory("target")
    try directory.makeDirectory("source")
    for place in ["one", "two"] {
      try directory.makeDirectory("source/" + place)
      for name in ["a", "b"] {
        let file = try directory.write("source/\(place)/\(name)", "text".utf8)
        try setExtendedAttribute("user.note", of: file, to: Array("value".utf8))
      }
      let mount = try directory.makeDirectory("target/" + place)
      try runTool("mount", "-t", "ramfs", "ramfs", mount)
    }
    defer { for place in ["one", "two"] { _ = try? runTool("umount", target.appending(place)) } }
    let result = try runXio(["copy", "-a", "-T", directory.path(of: "source"), target])
    #expect(result.ending == .status(0), "\(result)")
    let warnings = result.errorText.split(separator: "\n")
    #expect(warnings.count == 2, "\(result)")
    for place in ["one", "two"] {
      #expect(
        warnings.filter { $0.contains("setting attributes for '\(target)/\(place)/") }.count == 1)
    }
  }

  /// An attribute that the target has no room for is no reason to go without the file.
  @Test func attributesThatDoNotFitAreToldOf() throws {
    let (from, to) = (try TestDirectory(on: .xfs), try TestDirectory(on: .ext4))
    let source = try from.makeDirectory("source")
    try from.write("source/big", "text".utf8)
    try from.write("source/small", "text".utf8)
    let value = String(repeating: "x", count: 10_000)
    try runTool("setfattr", "-n", "user.note", "-v", value, source.appending("big"))
    try runTool("setfattr", "-n", "user.note", "-v", "short", source.appending("small"))
    let copy = to.path(of: "copy")
    expectMessage(
      try runXio(["copy", "-a", source, copy]),
      "setting attributes for '\(copy)/big': No space left on device")
    #expect(try to.read("copy/big") == Array("text".utf8))
    let kept = try runTool("getfattr", "--only-values", "-n", "user.note", copy.appending("small"))
    #expect(kept == "short")
    expectMessage(
      try runXio(["copy", "--preserve=xattr", source.appending("big"), to.path(of: "other")]),
      "No space left on device")
  }

  @Test func otherFileSystemsAreLeftOut() throws {
    let directory = try TestDirectory()
    let source = try directory.makeDirectory("source")
    let mount = try directory.makeDirectory("source/mount")
    try runTool("mount", "-t", "tmpfs", "tmpfs", mount)
    defer { _ = try? runTool("umount", mount) }
    try directory.write("source/mount/file", "text".utf8)
    expectQuietSuccess(try runXio(["copy", "-ax", source, directory.path(of: "copy")]))
    #expect(try directory.has("copy"))
    #expect(try runTool("find", directory.path(of: "copy/mount"), "-mindepth", "1").isEmpty)
  }

  @Test(arguments: ["1", "2", "7"])
  func failuresLeaveTheRestAlone(_ jobs: String) throws {
    let directory = try TestDirectory(on: .ext4)
    try setPermissions(directory.path, 0o777)
    let source = try directory.makeDirectory("source")
    for name in ["a", "b", "c"] {
      _ = try directory.makeDirectory("source/\(name)")
      for number in 0..<20 { try directory.write("source/\(name)/\(number)", "text".utf8) }
    }
    try setPermissions(source.appending("b/7"), 0)
    try setPermissions(source.appending("c"), 0)
    let copy = directory.path(of: "copy")
    let result = try runXio(
      ["copy", "-r", "--jobs", jobs, source, copy], launcher: ["--uid", "65534"])
    #expect(result.status == 1)
    let lines = result.errorText.split(separator: "\n").sorted()
    #expect(
      lines == [
        "xio copy: cannot access '\(source)/c': Permission denied",
        "xio copy: cannot open '\(source)/b/7' for reading: Permission denied",
      ], "\(result)")
    let count = try runTool("bash", "-c", "find \(copy) -type f | wc -l")
    #expect(count == "39\n")
  }
}
