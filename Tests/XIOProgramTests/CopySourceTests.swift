import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Sources that change while they are copied, and those that are not what they seem.
@Suite struct CopySourceTests {
  /// What becomes of a source.
  enum Change: String, CaseIterable, Sendable {
    case truncated, grown, rewritten, replaced, removed

    /// What is said of it.
    var message: String {
      switch self {
      case .truncated, .grown, .rewritten: "changed while it was copied"
      case .replaced, .removed: "was removed or replaced while it was copied"
      }
    }

    func make(_ source: FilePath) throws {
      switch self {
      case .truncated: try runTool("truncate", "-s", "4097", source)
      case .grown: try runTool("truncate", "-s", "+5", source)
      case .rewritten:
        let file = try FileDescriptor.open(source, .writeOnly)
        try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: 9, [1]) }
      case .replaced:
        try runTool("sh", "-c", "echo new >\"$1.new\" && mv \"$1.new\" \"$1\"", "sh", source)
      case .removed: try remove(source)
      }
    }
  }

  /// Changes a source between the copy of its data and the look at what it is then.
  private func copy(
    _ change: Change, _ options: [String], held call: String, count: Int = 1_000_000,
    inTree: Bool = false
  ) throws -> (directory: TestDirectory, result: ProgramResult) {
    let directory = try TestDirectory(on: .ext4)
    let tree = inTree ? try directory.makeDirectory("tree") : directory.path
    let source = try directory.writeRandom(inTree ? "tree/source" : "source", count: count)
    let target = inTree ? directory.path(of: "copy") : try directory.write("target", "old".utf8)
    let log = directory.path(of: "log")
    let running = try startXio(
      ["copy"] + options + [inTree ? tree : source, target],
      strace: straceInjecting(["\(call):delay_enter=1500000:when=1"], log: log)
        // Other files are read, too, before the first copy.
        + (call == "read" ? ["-P", source.string] : []))
    try eventually("the copy is held") {
      // The call is written down when it begins.
      String(decoding: (try? directory.read("log")) ?? [], as: UTF8.self).contains(call)
        || isHeld(running.process, call)
    }
    try change.make(source)
    return (directory, try running.wait())
  }

  /// Whether a traced process is in a call: before its delay has passed, it is stopped by its tracer.
  private func isHeld(_ tracer: pid_t, _ call: String) -> Bool {
    let children = (try? runTool("pgrep", "-P", "\(tracer)")) ?? ""
    return ([Substring("\(tracer)")] + children.split(separator: "\n")).contains { process in
      let text = (try? readFile(FilePath("/proc/\(process)/syscall"))) ?? []
      let numbers = [
        "read": "0 ", "write": "1 ", "pread64": "17 ", "pwrite64": "18 ", "copy_file_range": "326 ",
        "io_uring_enter": "426 ",
      ]
      return numbers[call].map(String(decoding: text, as: UTF8.self).hasPrefix) ?? false
    }
  }

  @Test(arguments: Change.allCases, [["-r"], ["-r", "--engine=kernel"]])
  func isSaid(_ change: Change, _ options: [String]) throws {
    let (directory, result) = try copy(change, options, held: "copy_file_range")
    #expect(result.ending == .status(1), "\(result)")
    #expect(
      result.errorText == "xio copy: file '\(directory.path(of: "source"))' \(change.message)\n",
      "\(result)")
    if change == .truncated { #expect(try fileSize(directory.path(of: "target")) == 4097) }
  }

  @Test(arguments: Change.allCases, [["--engine=uring"], ["--engine=blocking"]])
  func isSaidByEngines(_ change: Change, _ options: [String]) throws {
    let (directory, result) = try copy(
      change, options, held: options == ["--engine=uring"] ? "io_uring_enter" : "pread64")
    #expect(result.ending == .status(1), "\(result)")
    #expect(result.errorText.contains(change.message), "\(result)")
    #expect(try directory.has("target"))
  }

  @Test(arguments: [3_000, 200_000], [[], ["-p"], ["--engine=blocking", "--block-size=8K"]])
  func isSaidOfSmallFiles(_ count: Int, _ options: [String]) throws {
    let (directory, result) = try copy(
      .rewritten, options, held: options.count == 2 ? "pwrite64" : "write", count: count)
    #expect(result.ending == .status(1), "\(result)")
    #expect(
      result.errorText
        == "xio copy: file '\(directory.path(of: "source"))' \(Change.rewritten.message)\n",
      "\(result)")
  }

  /// What is read at once is read once more if it has changed meanwhile.
  @Test(arguments: [100, 16_000], [Change.rewritten, .grown, .truncated])
  func smallFilesOfATreeAreOfOneMoment(_ count: Int, _ change: Change) throws {
    let (directory, result) = try copy(
      change, ["-a", "--reflink=never"], held: "read", count: count, inTree: true)
    #expect(result.ending == .status(0) && result.errorOutput.isEmpty, "\(result)")
    #expect(try directory.read("copy/source") == directory.read("tree/source"))
    let times = try ["copy/source", "tree/source"].map {
      try runTool("stat", "-c", "%y", directory.path(of: $0))
    }
    #expect(times[0] == times[1])
  }

  @Test(arguments: Change.allCases, [["--atomic"], ["--resume"]])
  func replacesNothing(_ change: Change, _ options: [String]) throws {
    let (directory, result) = try copy(change, ["-r"] + options, held: "copy_file_range")
    #expect(result.ending == .status(1), "\(result)")
    #expect(result.errorText.contains(change.message), "\(result)")
    #expect(try directory.read("target") == Array("old".utf8))
    #expect(try directory.names().filter { $0.string.contains("xio") }.isEmpty)
  }

  // MARK: Unusual files

  @Test(arguments: [
    "/proc/version", "/proc/self/limits", "/sys/kernel/mm/transparent_hugepage/enabled",
  ])
  func whatTheKernelMakesUpIsCopied(_ path: String) throws {
    let directory = try TestDirectory(on: .ext4)
    for options in [[], ["-r"], ["--atomic"], ["--durability=full"], ["--engine=uring"]] {
      let target = directory.path(of: "target")
      expectQuietSuccess(try runXio(["copy"] + options + [path, target]))
      #expect(try readFile(target).count > 10, "\(options)")
      if path != "/proc/self/limits" {
        #expect(try readFile(target) == readFile(FilePath(path)), "\(options)")
      }
      // It is as read-only as its source, and only root could write into it again.
      try remove(target)
    }
  }

  @Test func standardInputIsCopied() throws {
    let directory = try TestDirectory(on: .ext4)
    let bytes = [UInt8](repeating: 7, count: 300_000)
    for options in [[], ["--atomic"], ["--durability=full"], ["--resume"]] {
      let target = directory.path(of: "target")
      expectQuietSuccess(
        try runXio(["copy"] + options + ["/dev/stdin", target], input: .bytes(bytes)))
      #expect(try readFile(target) == bytes, "\(options)")
    }
    let pipe = try runXio(["copy", "/dev/stdin", "/dev/stdout"], input: .bytes(bytes))
    #expect(pipe.output == bytes)
  }

  /// Files as large as there can be, with data at their end.
  @Test(arguments: [["-r"], [], ["--atomic"], ["--engine=uring"], ["--engine=blocking"]])
  func theLastOffsetIsReached(_ options: [String]) throws {
    let (from, to) = (try TestDirectory(on: .xfs), try TestDirectory(on: .tmpfs))
    for directory in [from, to] {
      let end = Int64.max
      let source = try directory.writeSparse("source", count: Int(end))
      let file = try FileDescriptor.open(source, .readWrite)
      try file.closeAfter {
        _ = try file.writeAll(toAbsoluteOffset: end - 3, [1, 2, 3])
        _ = try file.writeAll(toAbsoluteOffset: 1 << 40, [4])
      }
      let target = directory.path(of: "target")
      expectQuietSuccess(try runXio(["copy"] + options + [source, target]))
      #expect(try fileSize(target) == end)
      let copy = try FileDescriptor.open(target, .readOnly)
      var bytes = [UInt8](repeating: 0, count: 3)
      try copy.closeAfter {
        let count = try bytes.withUnsafeMutableBytes {
          try copy.read(fromAbsoluteOffset: end - 3, into: $0)
        }
        #expect(count == 3 && bytes == [1, 2, 3])
      }
    }
  }

  /// One call of copy_file_range moves less than that. In full size there are no holes to make calls shorter.
  @Test func moreThanTwoGibibytes() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let size = (2 << 30) + 12_345
    let source = try directory.writeSparse("source", count: size)
    if runsFullSize {
      try runTool("sh", "-c", "head -c \(size) /dev/zero >\"$1\"", "sh", source)
    }
    let file = try FileDescriptor.open(source, .readWrite)
    try file.closeAfter {
      for offset in [0, 1 << 31 - 1, size - 1] {
        _ = try file.writeAll(toAbsoluteOffset: Int64(offset), [9])
      }
    }
    let target = directory.path(of: "target")
    let result = try runXio(
      ["copy", "-r", "--sparse=auto", "--engine=kernel", "--report=json", source, target])
    #expect(result.ending == .status(0), "\(result)")
    if runsFullSize {
      #expect(try JSONReport(result.errorOutput).number("bytes", "offloaded") == size)
    }
    #expect(try fileSize(target) == size)
    try expectIdentical(source, target)
  }

  /// What does not fit goes, the old stays, and smaller files still find their place.
  @Test(arguments: [["-r"], ["-r", "--atomic"], ["-r", "--resume"], ["-r", "--durability=full"]])
  func theRestOfATreeIsCopied(_ options: [String]) throws {
    let mounted = try MountedFileSystem(.ext4, size: 16 << 20)
    let directory = try mounted.directory()
    let outside = try TestDirectory()
    let source = try outside.makeDirectory("source")
    try outside.writeRandom("source/large", count: 40 << 20)
    for number in 0..<20 { try outside.writeRandom("source/\(number)", count: 5000) }
    let target = try directory.makeDirectory("target")
    try directory.write("target/large", "old".utf8)
    let result = try runXio(["copy", "-T", "--jobs=1"] + options + [source, target])
    #expect(result.ending == .status(1), "\(result)")
    #expect(result.errorText.contains("No space left on device"), "\(result)")
    #expect(result.errorText.contains("\(target)/large"), "\(result)")
    let isReplaced = options != ["-r"]
    if isReplaced { #expect(try directory.read("target/large") == Array("old".utf8)) }
    if options != ["-r", "--resume"] {
      #expect(try fileSize(target.appending("large")) < 40 << 20)
      for number in 0..<20 where isReplaced {
        try expectIdentical(
          source.appending("\(number)"), target.appending("\(number)"))
      }
    }
  }
}
