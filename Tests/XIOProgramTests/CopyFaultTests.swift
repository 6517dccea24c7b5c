import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Every call that a copy makes fails once, at every place where it is made.
///
/// The copy is right then, or says what failed and leaves no file that looks complete and is not.
@Suite struct CopyFaultTests {
  /// What is copied, and over what.
  private struct Stage {
    let directory = Result { try TestDirectory(on: .ext4) }
    let source: FilePath, target: FilePath
    /// What is in the target before, by name.
    static let old = ["small": Array("old".utf8), "d/big": Array("old and big".utf8)]

    init() throws {
      let directory = try directory.get()
      source = try directory.makeDirectory("source")
      target = directory.path(of: "target")
      try directory.makeDirectory("source/d")
      try directory.write("source/small", repeatElement(65, count: 500))
      try directory.writeRandom("source/d/big", count: 700_000)
      let hole = try directory.writeSparse("source/hole", count: 1_200_000)
      let file = try FileDescriptor.open(hole, .writeOnly)
      try file.closeAfter { _ = try file.writeAll(Array("data".utf8)) }
    }

    /// Makes the target what it is before.
    func restore(_ isThere: Bool) throws {
      let directory = try directory.get()
      for name in try files().keys { try? remove(directory.path(of: "target/" + name)) }
      _ = directory.path(of: "target/d").withPlatformString { rmdir($0) }
      _ = target.withPlatformString { rmdir($0) }
      guard isThere else { return }
      try directory.makeDirectory("target")
      try directory.makeDirectory("target/d")
      for (name, bytes) in Self.old { try directory.write("target/" + name, bytes) }
    }

    /// What is in the target, by name.
    func files() throws -> [String: [UInt8]] { try Self.files(in: target) }

    static func files(in root: FilePath) throws -> [String: [UInt8]] {
      var found: [String: [UInt8]] = [:]
      for (place, prefix) in [(root, ""), (root.appending("d"), "d/")] {
        guard let stream = place.withPlatformString({ opendir($0) }) else { continue }
        defer { closedir(stream) }
        while let entry = Glibc.readdir(stream) {
          guard entry.pointee.d_type == UInt8(DT_REG) else { continue }
          let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
          }
          found[prefix + name] = try readFile(place.appending(name))
        }
      }
      return found
    }
  }

  /// Calls that are no business of the copy: of the runtime, of memory, or about itself.
  private static let others: Set = [
    "execve", "mmap", "munmap", "mprotect", "brk", "rt_sigaction", "rt_sigprocmask", "exit_group",
    "exit", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom",
    "futex", "madvise", "rt_sigreturn", "sched_getaffinity", "umask", "sysinfo", "readlink",
    "wait4",
    "geteuid", "getegid", "getpid", "gettid",
  ]

  private func program(_ stage: Stage, _ options: [String]) throws -> TestProgram {
    var program = try xioProgram(
      ["copy", "--jobs=1"] + options + ["-T", stage.source, stage.target])
    program.timeLimit = .seconds(20)
    return program
  }

  @Test(
    arguments: [
      ["-r"], ["-a"], ["-r", "--atomic", "--durability=full"], ["-r", "--resume"],
      ["-r", "--verify=media", "--durability=batch"],
    ], [true, false])
  func isRightOrSaysWhy(_ options: [String], _ isThere: Bool) throws {
    let stage = try Stage()
    let right = try Stage.files(in: stage.source)
    try stage.restore(isThere)
    let (_, calls) = try program(stage, options).runCountingSystemCalls()
    // Transient errors are about the same paths: one option set has them all.
    let errors = options == ["-r"] ? ["EIO", "ENOSPC", "EINTR", "EAGAIN", "ENOMEM"] : ["EIO"]
    var failures = 0
    for (call, count) in calls.byName
    where !Self.others.contains(call) && !call.hasPrefix("syscall_") {
      for nth in 1...count {
        for errno in errors where errno == "EIO" || nth > count - 6 {
          try stage.restore(isThere)
          var traced = try program(stage, options)
          traced.strace = straceInjecting(["\(call):error=\(errno):when=\(nth)"])
          let result = try traced.run()
          try check(stage, result, right, isThere, options)
          if result.status != 0 { failures += 1 }
        }
      }
    }
    #expect(failures > 20)
  }

  /// Every error, once and for good, of every call on either file.
  @Test(arguments: [["-p"], ["--atomic", "--durability=data"]])
  func everyErrorIsSaid(_ options: [String]) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 300_001)
    let target = directory.path(of: "target")
    let right = try readFile(source)
    var program = try xioProgram(["copy"] + options + [source, target])
    program.timeLimit = .seconds(20)
    let files = ["-P", source.string, "-P", target.string, "-P", directory.path.string]
    program.strace = files
    let (_, calls) = try program.runCountingSystemCalls()
    try remove(target)
    var failures = 0
    for (call, nth) in calls.byName.flatMap({ call, count in (1...count).map { (call, $0) } }) {
      for (errno, text) in Self.errors {
        for when in ["\(nth)", "\(nth)+"] {
          program.strace = straceInjecting(["\(call):error=\(errno):when=\(when)"]) + files
          let result = try program.run()
          if result.ending == .status(0) {
            #expect(try readFile(target) == right, "\(call) \(when) \(errno): \(result)")
            try remove(target)
          } else {
            failures += 1
            #expect(result.ending == .status(1), "\(call) \(when) \(errno): \(result)")
            expectMessage(result, "xio copy: ", directory.path.string, text)
          }
          #expect(try directory.names() == ["source"], "\(call) \(when) \(errno): \(result)")
        }
      }
    }
    #expect(failures > 60)
  }

  private static let errors = [
    "EIO": "Input/output error", "ENOSPC": "No space left on device",
    "EINTR": "Interrupted system call", "EAGAIN": "Resource temporarily unavailable",
    "ENOMEM": "Cannot allocate memory",
  ]

  /// Nobody can be told then, but the program ends.
  @Test(arguments: ["EINTR", "EAGAIN"])
  func standardErrorThatNeverTakesAnythingIsNotWaitedFor(_ errno: String) throws {
    let directory = try TestDirectory()
    var program = try xioProgram(
      ["copy", directory.path(of: "missing"), directory.path(of: "target")])
    program.timeLimit = .seconds(20)
    program.strace = straceInjecting(["write:error=\(errno)"])
    #expect(try program.run().ending == .status(1))
  }

  private func check(
    _ stage: Stage, _ result: ProgramResult, _ right: [String: [UInt8]], _ isThere: Bool,
    _ options: [String]
  ) throws {
    let found = try stage.files().filter { !$0.key.contains(".xio-") }
    if result.ending == .status(0) {
      #expect(found == right, "\(result)")
      return
    }
    #expect(result.ending == .status(1), "\(result)")
    // Also the directory that the target is in has to be written.
    #expect(result.errorText.contains(try stage.directory.get().path.string), "\(result)")
    for (name, bytes) in found where bytes != right[name] {
      let old = isThere ? Stage.old[name] : nil
      if bytes == old { continue }
      // Written in place, a file is as long as what has arrived.
      let isInPlace = options == ["-r"] || options == ["-a"] || options.contains("--verify=media")
      #expect(
        old != nil && isInPlace && bytes.count < right[name]?.count ?? 0,
        "\(name) of \(bytes.count) bytes: \(result)")
    }
    if !options.contains("--resume") {
      #expect(try stage.files().count == found.count, "\(result)")
    }
  }
}
