#if DEBUG
  import SystemPackage
  import Testing
  import XIOCopy
  import XIOSystem
  import XIOTestSupport

  /// Copies whose calls fail leave no descriptor open.
  @Suite struct DescriptorLeakTests {
    private static let calls: [SystemCall] = [
      .open, .stat, .lstat, .fstat, .mkdirat, .getdents64, .copyFileRange, .read, .write, .fchmod,
      .fchown, .utimensat, .fsync, .linkat, .ftruncate, .lseek, .flistxattr, .statx,
    ]

    /// Every call, failing at each of the first places where it is made, and from there on.
    @Test(arguments: [[], [.atomic], [.verified]] as [Set<Care>])
    func nothingStaysOpen(_ care: Set<Care>) throws {
      let directory = try TestDirectory(on: .ext4)
      let source = try directory.makeDirectory("source")
      try directory.makeDirectory("source/below")
      try directory.writeRandom("source/big", count: 300_000)
      try directory.write("source/below/small", "text".utf8)
      let before = try ProcessSnapshot()
      var failures = 0
      for call in Self.calls {
        for (nth, isLasting) in (1...4).flatMap({ [($0, false), ($0, true)] }) {
          let plan = FaultPlan([.fail(call, nth: nth, with: .ioError, lasting: isLasting)])
          let target = directory.path(of: "target-\(call)-\(nth)-\(isLasting)")
          _ = try? plan.run { try copy(source, target, care) }
          failures += plan.failures
        }
      }
      #expect(failures > 40)
      try before.expectNoNewDescriptors(containing: directory.path.string)
    }

    enum Care { case atomic, verified }

    private func copy(_ source: FilePath, _ target: FilePath, _ care: Set<Care>) throws {
      var options = CopyOptions()
      options.isRecursive = true
      options.kept = .all
      options.jobs = 1
      options.isAtomic = care.contains(.atomic)
      if options.isAtomic { options.durability = .full }
      if care.contains(.verified) { options.verification = .flight }
      let operands = CopyOperands(
        sources: [PathName(Array(source.string.utf8))],
        target: PathName(Array(target.string.utf8)), targetIsDirectory: false,
        targetIsNoDirectory: true)
      _ = try Copy(operands, options).run(
        nil, onNotice: { _ in }, onQuestion: { _, _ in false })
    }
  }
#endif
