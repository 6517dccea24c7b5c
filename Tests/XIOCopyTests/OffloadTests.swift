#if DEBUG
  import SystemPackage
  import Testing
  import XIOEngines
  import XIOSystem
  import XIOTestSupport

  /// What becomes of a copy when the kernel will not, or will no longer, move the bytes by itself.
  @Suite struct OffloadTests {
    private static let refusals: [Errno] = [
      .improperLink, .invalidArgument, .notSupported, .noFunction, .notPermitted, .textFileBusy,
      .badFileDescriptor, .permissionDenied,
    ]
    private static let failures: [Errno] = [.ioError, .noSpace, .noMemory, .diskQuotaExceeded]

    /// A tree of one file that the kernel would copy.
    private func stage() throws -> (directory: TestDirectory, source: FilePath, target: FilePath) {
      let directory = try TestDirectory(on: .ext4)
      let source = try directory.makeDirectory("source")
      try directory.writeRandom("source/file", count: 900_001)
      return (directory, source, directory.path(of: "target"))
    }

    @Test(arguments: [SystemCall.copyFileRange, .ficlone], refusals)
    func aRefusalLeavesItToTheNextWay(_ call: SystemCall, _ errno: Errno) throws {
      let (directory, source, target) = try stage()
      let plan = FaultPlan([.fail(call, nth: 1, with: errno, lasting: true)])
      let result = try plan.run { try copyTree(source, target) }
      #expect(plan.failures > 0)
      #expect(result.succeeded && result.notices.isEmpty, "\(result)")
      try expectIdentical(directory.path(of: "source/file"), target.appending("file"))
    }

    @Test(arguments: [SystemCall.copyFileRange, .ficlone], failures)
    func aFailureIsOne(_ call: SystemCall, _ errno: Errno) throws {
      let (directory, source, target) = try stage()
      let plan = FaultPlan([.fail(call, nth: 1, with: errno)])
      let result = try plan.run { try copyTree(source, target) }
      #expect(!result.succeeded && result.notices.count == 1, "\(result)")
      #expect(try directory.names(in: "target").isEmpty)
    }

    /// Once something has moved, no error means that the call is not meant for these files.
    @Test(arguments: refusals)
    func aRefusalInTheMiddleIsAFailure(_ errno: Errno) throws {
      let (directory, source, target) = try stage()
      let plan = FaultPlan([
        .fail(.copyFileRange, nth: 2, with: errno), .shorten(.copyFileRange, to: 100_000),
      ])
      let result = try plan.run { try copyTree(source, target) }
      #expect(!result.succeeded && result.notices.count == 1, "\(result)")
      #expect(try directory.names(in: "target").isEmpty)
    }

    /// Calls that say that there is nothing, or nothing more, are not believed.
    @Test(arguments: [nil, EngineName.kernel], [1, 3])
    func theEndIsWhereTheFileEnds(_ engine: EngineName?, _ nth: Int) throws {
      let (directory, source, target) = try stage()
      let plan = FaultPlan([
        .shorten(.copyFileRange, from: nth, to: 0), .shorten(.copyFileRange, to: 100_000),
      ])
      let result = try plan.run { try copyTree(source, target, engine: engine) }
      #expect(plan.shortenings >= nth)
      #expect(result.succeeded && result.notices.isEmpty, "\(result)")
      try expectIdentical(directory.path(of: "source/file"), target.appending("file"))
    }
  }

  extension TestDirectory {
    /// The names in a directory below.
    fileprivate func names(in name: String) throws -> [String] {
      try System.entries(of: path(of: name)).map { String(decoding: $0, as: UTF8.self) }
    }
  }
#endif
