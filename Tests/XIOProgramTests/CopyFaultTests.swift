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
    try xioProgram(["copy", "--jobs=1"] + options + ["-T", stage.source, stage.target])
  }

  private static let optionSets = [
    ["-r"], ["-a"], ["-r", "--atomic", "--durability=full"], ["-r", "--resume"],
    ["-r", "--verify=media", "--durability=batch"],
  ]
  private static let transientErrors = ["ENOSPC", "EINTR", "EAGAIN", "ENOMEM"]

  /// Each call fails at each place with each set of options, over the sets both where something is in the
  /// way and where nothing is; where tests are of their full size, both with each set.
  @Test(arguments: optionSets, [true, false])
  func isRightOrSaysWhy(_ options: [String], _ isThere: Bool) throws {
    let stage = try Stage()
    let right = try Stage.files(in: stage.source)
    let number = Self.optionSets.firstIndex(of: options) ?? 0
    try stage.restore(isThere)
    let (_, calls) = try program(stage, options).runCountingSystemCalls()
    var (runs, failures) = (0, 0)
    for (call, count) in calls.byName
    where !Self.others.contains(call) && !call.hasPrefix("syscall_") {
      for nth in share(of: Array(1...count), at: isThere ? 1 : 0, among: 2, round: number) {
        // Transient errors are about the same paths: one option set has them all.
        let others =
          options == ["-r"] && nth > count - 6
          ? share(of: Self.transientErrors, at: nth, among: count) : []
        for errno in ["EIO"] + others {
          try stage.restore(isThere)
          var traced = try program(stage, options)
          traced.strace = straceInjecting(["\(call):error=\(errno):when=\(nth)"])
          let result = try traced.run()
          try check(stage, result, right, isThere, options)
          runs += 1
          if result.status != 0 { failures += 1 }
        }
      }
    }
    #expect(failures > max(20, runs / 3), "\(failures) of \(runs)")
  }

  /// Every error, once and for good, of every call on either file; each at every place of the call where
  /// tests are of their full size.
  @Test(arguments: [["-p"], ["--atomic", "--durability=data"]])
  func everyErrorIsSaid(_ options: [String]) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 300_001)
    let target = directory.path(of: "target")
    var program = try xioProgram(["copy"] + options + [source, target])
    let files = ["-P", source.string, "-P", target.string, "-P", directory.path.string]
    program.strace = files
    let (_, calls) = try program.runCountingSystemCalls()
    try remove(target)
    let faults = Self.errors.flatMap { [($0.key, $0.value, ""), ($0.key, $0.value, "+")] }
    var (runs, failures) = (0, 0)
    for (call, count) in calls.byName {
      for nth in 1...count {
        for (errno, text, rest) in share(of: faults, at: nth, among: count) {
          let injection = "\(call):error=\(errno):when=\(nth)\(rest)"
          program.strace = straceInjecting([injection]) + files
          let result = try program.run()
          runs += 1
          if result.ending == .status(0) {
            try expectIdentical(source, target)
            try remove(target)
          } else {
            failures += 1
            #expect(result.ending == .status(1), "\(injection): \(result)")
            expectMessage(result, "xio copy: ", directory.path.string, text)
          }
          #expect(try directory.names() == ["source"], "\(injection): \(result)")
        }
      }
    }
    #expect(runs >= 60 && failures > runs / 2, "\(failures) of \(runs)")
  }

  private static let errors: KeyValuePairs = [
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
    program.strace = straceInjecting(["write:error=\(errno)"])
    #expect(try program.run().ending == .status(1))
  }

  private func check(
    _ stage: Stage, _ result: ProgramResult, _ right: [String: [UInt8]], _ isThere: Bool,
    _ options: [String]
  ) throws {
    let found = try stage.files().filter { !$0.key.contains(".xio-") }
    if result.ending == .status(0) {
      for (name, bytes) in right {
        #expect(found[name].map { isSame($0, bytes) } ?? false, "\(name): \(result)")
      }
      #expect(found.count == right.count, "\(result)")
      return
    }
    #expect(result.ending == .status(1), "\(result)")
    // Also the directory that the target is in has to be written.
    #expect(result.errorText.contains(try stage.directory.get().path.string), "\(result)")
    for (name, bytes) in found where !(right[name].map { isSame($0, bytes) } ?? false) {
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
