#if DEBUG
  import SystemPackage
  import Testing
  import XIOCopy
  import XIOEngines
  import XIOSystem
  import XIOTestSupport

  /// Every call that the copy of a small tree makes fails, at every place where it is made: once, and from
  /// there on, with every error. The copy is right then, or says what failed and leaves nothing that looks
  /// complete and is not.
  @Suite struct EveryCallTests {
    private static let errors: [Errno] = [
      .ioError, .noSpace, .interrupted, .wouldBlock, .noMemory,
    ]

    /// How the tree is copied.
    struct Way: Sendable, CustomTestStringConvertible {
      var name: String
      var engine: EngineName?
      /// Whether it is one file alone.
      var isFile = false
      /// Whether there is something in the way.
      var isThere = false
      /// Whether a target is never anything but old or new.
      var isAtomic = false
      var change: @Sendable (inout CopyOptions) -> Void = { _ in }

      var testDescription: String { name }
    }

    /// A way and its number, which decides what is tried where.
    struct Row: Sendable, CustomTestStringConvertible {
      var way: Way
      var number: Int

      var testDescription: String { way.name }
    }

    private static let ways =
      [
        Way(name: "auto"), Way(name: "auto, over files", isThere: true),
        Way(name: "atomic", isThere: true, isAtomic: true) {
          ($0.isAtomic, $0.durability) = (true, .full)
        },
        Way(name: "verified") { ($0.verification, $0.durability) = (.media, .batch) },
        Way(name: "resumable", isAtomic: true) { $0.resumes = true },
        Way(name: "uring, direct", engine: .uring, isFile: true) { $0.transfer.cache = .direct },
        Way(name: "blocking, direct", engine: .blocking, isFile: true) {
          $0.transfer.cache = .direct
        },
      ] + EngineName.allCases.map { Way(name: $0.rawValue, engine: $0, isFile: true) }

    /// Every call of every way has every error, and over the ways each place of a call; each place has
    /// them all in every way where tests are of their full size.
    @Test(arguments: Array(ways.enumerated()).map { Row(way: $0.element, number: $0.offset) })
    func mayFail(_ row: Row) throws {
      let way = row.way
      let stage = try CopyStage()
      let right = try stage.items(way.isFile)
      let before = try ProcessSnapshot()
      let nothing = FaultPlan([])
      let whole = try attempt(stage, way, nothing, right)
      #expect(whole, "\(way.name)")
      let faults = Self.errors.flatMap { [($0, false), ($0, true)] }
      var (attempts, failures) = (0, 0)
      for (call, count) in nothing.calls {
        for nth in 1...count {
          for (errno, isLasting) in share(of: faults, at: nth, among: count, round: row.number) {
            // Each of the thousands of times that a call is made again then costs the test a backtrace.
            let isLong = isLasting && (errno == .interrupted || errno == .wouldBlock)
            if isLong, runsFullSize, nth > 1, nth < count { continue }
            // Threads of POSIX AIO that cannot be waited for keep their descriptors, which others have to do without.
            if isLasting, call == .aioSuspend { continue }
            let plan = FaultPlan([.fail(call, nth: nth, with: errno, lasting: isLasting)])
            attempts += 1
            if try !attempt(stage, way, plan, right) { failures += 1 }
          }
        }
      }
      #expect(failures > max(60, attempts / 2), "\(way.name): \(failures) of \(attempts)")
      // When waiting for its threads fails, nobody knows when those of POSIX AIO are done with descriptors.
      if way.engine == .posixAIO { return }
      try before.expectNoNewDescriptors(containing: stage.directory.path.string)
    }

    /// Calls that move fewer bytes than they are asked to, from each place on.
    @Test(arguments: ways)
    func mayMoveLess(_ way: Way) throws {
      let stage = try CopyStage()
      let right = try stage.items(way.isFile)
      let nothing = FaultPlan([])
      _ = try attempt(stage, way, nothing, right)
      var shortened: [SystemCall] = []
      for (call, count) in nothing.calls {
        for nth in 1...count {
          let plan = FaultPlan([.shorten(call, from: nth, to: 8192)])
          let succeeded = try attempt(stage, way, plan, right)
          #expect(succeeded, "\(way.name), \(call) \(nth)")
          // From later places on, a call that never moves so much is not shortened either.
          if plan.shortenings == 0 { break }
          if nth == 1 { shortened.append(call) }
        }
      }
      #expect(!shortened.isEmpty, "\(way.name)")
    }

    /// Copies with a fault, and looks at what came of it.
    ///
    /// - Returns: Whether the copy says that all went well.
    private func attempt(
      _ stage: CopyStage, _ way: Way, _ plan: FaultPlan, _ right: [String: CopyStage.Item]
    ) throws -> Bool {
      let target = stage.directory.path(of: "target")
      if way.isThere { try stage.makeOld(target) }
      let result = Result { try plan.run { try copy(stage.source(way.isFile), target, way) } }
      let found = try CopyStage.items(below: target)
      let context = Comment(rawValue: "\(way.name), \(plan): \(Self.summary(result))")
      #expect(plan.failures < FaultPlan.mostFailures / 2, context)
      #expect(plan.wrongCloses == 0, context)
      let isWhole = (try? result.get().succeeded) ?? false
      if isWhole {
        for (name, item) in right { #expect(found[name] == item, "\(name), \(context)") }
        #expect(found.count == right.count, context)
      } else {
        expectReasons(result, stage, plan, context)
      }
      for (name, item) in found where item.mode & 0o170000 == 0o100000 {
        expectHonest(name, item, right[name], way, context)
      }
      if !found.isEmpty { try CopyStage.remove(target) }
      #expect(try System.entries(of: stage.directory.path).count == 1, context)
      return isWhole
    }

    private static func summary(
      _ result: Result<(succeeded: Bool, notices: [CopyNotice]), any Error>
    ) -> String {
      switch result {
      case .success(let output):
        let list = output.notices.map { notice in
          guard case .problem(.io(let failure)) = notice else { return "\(notice)" }
          return "\(failure.action) \(failure.path?.string ?? "-") \(failure.errno ?? .badAddress) "
            + (failure.reason ?? "")
        }
        return "\(output.succeeded) \(list)"
      case .failure(let error): return "thrown \(error)"
      }
    }

    private func copy(
      _ source: FilePath, _ target: FilePath, _ way: Way
    ) throws -> (succeeded: Bool, notices: [CopyNotice]) {
      try copyTree(source, target, engine: way.engine) { options in
        options.dereference = .never
        options.kept = .all
        // The engine without announcements tries a file for a second before it lets a call wait.
        options.transfer.blockSize = way.engine == .nonblocking ? 1 << 20 : 1 << 16
        way.change(&options)
      }
    }

    /// What failed is told of, by the file and the error.
    private func expectReasons(
      _ result: Result<(succeeded: Bool, notices: [CopyNotice]), any Error>, _ stage: CopyStage,
      _ plan: FaultPlan, _ context: Comment
    ) {
      var problems: [CopyProblem] = []
      switch result {
      case .success(let output):
        for notice in output.notices {
          if case .problem(let problem) = notice { problems.append(problem) }
        }
      case .failure(let error): problems = [error as? CopyProblem].compactMap { $0 }
      }
      #expect(!problems.isEmpty, context)
      for problem in problems {
        switch problem {
        case .io(let failure):
          let isSaid = failure.errno.map { plan.errnos.contains($0) } ?? (failure.reason != nil)
          #expect(isSaid, context)
          // Only memory is not about any file.
          let isNamed = failure.path?.string.hasPrefix(stage.directory.path.string)
          #expect(isNamed ?? (plan.calls[.mmap] != nil && failure.reason != nil), context)
        case .engine(let unavailable):
          #expect(plan.errnos.contains(unavailable.errno ?? .badAddress), context)
        default: Issue.record(context)
        }
      }
    }

    /// A file is the new one, the old one, or shorter than the new one where it is written in place.
    private func expectHonest(
      _ name: String, _ item: CopyStage.Item, _ right: CopyStage.Item?, _ way: Way,
      _ context: Comment
    ) {
      guard let right else {
        Issue.record("\(name) is left over: \(context)")
        return
      }
      if isSame(item.bytes, right.bytes) { return }
      let old = way.isThere ? CopyStage.old[name] : nil
      if item.bytes == old { return }
      let isPart = item.bytes.count < right.bytes.count && right.bytes.starts(with: item.bytes)
      #expect(
        old != nil && !way.isAtomic && isPart, "\(name) of \(item.bytes.count) bytes: \(context)")
    }
  }
#endif
