import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Copies that are killed, and those that go on where they ended.
@Suite(.serialized) struct CopyResumeTests {
  private static let size = 150 << 20
  private static let stride = 64 << 20

  /// A copy that was killed when its second journal entry was to be written: 64 MiB are certain.
  private struct Killed {
    let directory: TestDirectory
    let source: FilePath, target: FilePath

    init(_ options: [String] = []) throws {
      directory = try TestDirectory(on: .ext4)
      source = try directory.writeRandom("source", count: CopyResumeTests.size)
      target = try directory.write("target", "old".utf8)
      let result = try runXio(
        ["copy", "--resume"] + options + [source, target],
        strace: straceInjecting(["fdatasync:signal=SIGKILL:when=2"]))
      #expect(result.ending == .signal(SIGKILL), "\(result)")
      #expect(
        try directory.names() == [".target.xio-journal", ".target.xio-part", "source", "target"])
      #expect(try directory.read("target") == Array("old".utf8))
    }

    func goOn(_ options: [String] = []) throws -> ProgramResult {
      try runXio(["copy", "--resume", "--report=json"] + options + [source, target])
    }
  }

  @Test(arguments: [[], ["--engine=uring", "--cache=direct"], ["--engine=epoll"], ["-r"]])
  func goesOnWhereItEnded(_ options: [String]) throws {
    let killed = try Killed(options)
    let result = try killed.goOn(options)
    #expect(result.ending == .status(0), "\(result)")
    try expectIdentical(killed.source, killed.target)
    #expect(try killed.directory.names() == ["source", "target"])
    let report = try JSONReport(result.errorOutput)
    #expect(try report.number("bytes", "total") == Self.size - Self.stride)
  }

  /// Another name may have been the first when the copy ended that is gone on with.
  @Test func partsOfFilesThatAreLinkedNowGo() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.makeDirectory("source")
    let file = try directory.writeRandom("source/one", count: 5_000_000)
    _ = try directory.makeHardLink("source/two", to: file)
    let target = directory.path(of: "target")
    expectQuietSuccess(try runXio(["copy", "-aT", "--resume", source, target]))
    for name in ["one", "two"] {
      try remove(target.appending(name))
      for end in ["part", "journal"] {
        try directory.write("target/.\(name).xio-\(end)", "old".utf8)
      }
    }
    _ = try runXio(["copy", "-aT", "--resume", source, target])
    let names = try runTool("ls", "-A", target)
    #expect(names == "one\ntwo\n")
    #expect(try TreeChecker.compare(source, target).isEmpty)
  }

  @Test func refusesAChangedSource() throws {
    let killed = try Killed()
    let part = killed.directory.path(of: ".target.xio-part")
    let file = try FileDescriptor.open(killed.source, .writeOnly)
    try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: 5, [0]) }
    let result = try runXio(["copy", "--resume", killed.source, killed.target])
    expectMessage(
      result, "cannot resume the copy of '\(killed.source)' in '\(part)': the source has changed")
    #expect(result.errorText.contains("hint: remove '\(part)' to begin anew"))
    #expect(try readFile(killed.target) == Array("old".utf8))
    try remove(part)
    #expect(try killed.goOn().ending == .status(0))
    try expectIdentical(killed.source, killed.target)
    #expect(try killed.directory.names() == ["source", "target"])
  }

  @Test(arguments: ["part", "journal"])
  func doesNotTrustWhatIsDamaged(_ name: String) throws {
    let killed = try Killed()
    let file = try FileDescriptor.open(
      killed.directory.path(of: ".target.xio-\(name)"), .writeOnly)
    try file.closeAfter {
      _ = try file.writeAll(toAbsoluteOffset: name == "part" ? Int64(Self.stride) - 100 : 30, [1])
    }
    let result = try runXio(["copy", "--resume", killed.source, killed.target])
    #expect(result.ending == .status(0), "\(result)")
    #expect(result.errorText.contains("the part does not match; copying all of it"), "\(result)")
    try expectIdentical(killed.source, killed.target)
    #expect(try killed.directory.names() == ["source", "target"])
  }

  /// A signal leaves the part, and without --resume nothing.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP], [true, false])
  func keepsThePartOnASignal(_ signal: CInt, _ resumes: Bool) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeSparse("source", count: 3 << 30)
    let target = try directory.write("target", "old".utf8)
    let options = ["--sparse=never", "--engine=blocking", "--block-size=4K"]
    let running = try startXio(
      ["copy", resumes ? "--resume" : "--atomic"] + options + [source, target])
    try eventually("the copy has begun") { try bytesWritten(running.process) > 20 << 20 }
    try running.signal(signal)
    #expect(try running.wait().ending == .signal(signal))
    #expect(try readFile(target) == Array("old".utf8))
    let left: [FilePath] = resumes ? [".target.xio-journal", ".target.xio-part"] : []
    #expect(try directory.names() == left + ["source", "target"])
  }

  /// A kill may come when the part was made and nothing is known of it.
  @Test func anEmptyPartIsNotWorthAWord() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 3 << 20)
    let target = directory.path(of: "target")
    try directory.write(".target.xio-part", [])
    expectQuietSuccess(try runXio(["copy", "--resume", source, target]))
    try expectIdentical(source, target)
    #expect(try directory.names() == ["source", "target"])
  }

  @Test func oneProcessAtATime() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeSparse("source", count: 1 << 30)
    let target = directory.path(of: "target")
    let slow = try startXio(
      [
        "copy", "--resume", "--sparse=never", "--engine=blocking", "--block-size=512", source,
        target,
      ])
    try eventually("the copy has begun") { try directory.has(".target.xio-part") }
    try slow.signal(SIGSTOP)
    let result = try runXio(["copy", "--resume", source, target])
    expectMessage(result, "another process is copying to that name")
    try slow.signal(SIGKILL)
    try slow.wait()
    expectQuietSuccess(try runXio(["copy", "--resume", source, target]))
    #expect(try directory.names() == ["source", "target"])
  }

  /// Killed at any moment, every target is the old file or the new one.
  @Test func killsLeaveFilesWhole() throws {
    let directory = try TestDirectory(on: .ext4)
    let tree = try HomogeneousTree(in: directory)
    let clock = ContinuousClock()
    var latest = try clock.measure {
      expectQuietSuccess(try tree.copy("--atomic").run())
    }
    var random = RandomBytes(seed: 11)
    var (killed, round) = (0, 0)
    while killed < 200, round < 1000 {
      round += 1
      try tree.restore()
      let delay = latest * Int(random.next(1)[0]) / 256
      let running = try tree.copy("--atomic").start()
      wait(for: delay)
      // It may have ended already.
      try? running.signal(SIGKILL)
      let result = try running.wait()
      // Most kills come before the end, however fast the machine is by now.
      if result.ending == .signal(SIGKILL) {
        killed += 1
        latest = latest * 102 / 100
      } else {
        latest = latest * 9 / 10
      }
      #expect(try tree.tornFiles().isEmpty, "round \(round)")
    }
    #expect(killed == 200, "\(round) rounds")
    expectQuietSuccess(try tree.copy("--resume").run())
    #expect(try tree.isNew())
  }

  /// Killed at any moment, a copy is finished by the next one, whose files are the new ones.
  @Test func aTreeIsFinishedAfterAKill() throws {
    let directory = try TestDirectory(on: .ext4)
    let tree = try HomogeneousTree(in: directory)
    let whole = try ContinuousClock().measure {
      expectQuietSuccess(try tree.copy("--resume").run())
    }
    var random = RandomBytes(seed: 12)
    for round in 0..<(runsFullSize ? 200 : 20) {
      try tree.restore()
      let running = try tree.copy("--resume").start()
      wait(for: whole * Int(random.next(1)[0]) / 256)
      try? running.signal(SIGKILL)
      _ = try running.wait()
      expectQuietSuccess(try tree.copy("--resume").run())
      #expect(try tree.isNew(), "round \(round)")
      let left = try runTool("find", directory.path(of: "target"), "-name", ".*.xio-*")
      #expect(left.isEmpty, "round \(round)")
    }
  }

  private func wait(for time: Duration) {
    var left = timeval(tv_sec: 0, tv_usec: min(999_999, Int(time / .microseconds(1))))
    _ = select(0, nil, nil, nil, &left)
  }
}

/// Files of one byte each, over and over: what is mixed shows.
private struct HomogeneousTree {
  private static let count = 40
  private let directory: TestDirectory

  init(in directory: TestDirectory) throws {
    self.directory = directory
    for (root, byte) in [("new", UInt8(ascii: "n")), ("old", UInt8(ascii: "o"))] {
      for name in [root, root + "/a", root + "/a/b"] { try directory.makeDirectory(name) }
      for number in 0..<Self.count {
        try directory.write(
          "\(root)/\(Self.name(number))",
          repeatElement(byte, count: Self.size(number, isNew: root == "new")))
      }
    }
    try restore()
  }

  private static func name(_ number: Int) -> String {
    ["", "a/", "a/b/"][number % 3] + "\(number)"
  }

  private static func size(_ number: Int, isNew: Bool) -> Int {
    (number % 5 == 0 ? 300_000 : 3000 * number + 1) + (isNew ? 0 : 17)
  }

  /// Makes the target what it was: names of the old files, which are replaced and never written.
  func restore() throws {
    try runTool("rm", "-rf", directory.path(of: "target"))
    try runTool("cp", "-al", directory.path(of: "old"), directory.path(of: "target"))
  }

  func copy(_ option: String) throws -> TestProgram {
    try xioProgram([
      "copy", "-rT", option, directory.path(of: "new"), directory.path(of: "target"),
    ])
  }

  private func state(_ number: Int) throws -> UInt8? {
    let bytes = try directory.read("target/\(Self.name(number))")
    guard let first = bytes.first,
      isSame(bytes, [UInt8](repeating: first, count: bytes.count)),
      bytes.count == Self.size(number, isNew: first == UInt8(ascii: "n"))
    else { return nil }
    return first
  }

  /// Files that are neither old nor new.
  func tornFiles() throws -> [String] {
    try (0..<Self.count).filter { try state($0) == nil }.map(Self.name)
  }

  func isNew() throws -> Bool {
    try (0..<Self.count).allSatisfy { try state($0) == UInt8(ascii: "n") }
  }
}

/// How many bytes a process has handed to write(2).
private func bytesWritten(_ process: pid_t) throws -> Int {
  let text = String(decoding: try readFile(FilePath("/proc/\(process)/io")), as: UTF8.self)
  let line = text.split(separator: "\n").first { $0.hasPrefix("wchar: ") }
  return line.flatMap { Int($0.dropFirst(7)) } ?? 0
}
