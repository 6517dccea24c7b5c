#if DEBUG
  import SystemPackage
  import Testing
  import XIOCopy
  import XIOEngines
  import XIOSystem
  import XIOTestSupport

  /// Copies in which every read and every write moves another number of bytes than was asked for.
  @Suite struct ShortCountTests {
    private static let calls: [SystemCall] = [
      .read, .write, .pread64, .pwrite64, .preadv2, .pwritev2, .copyFileRange, .sendfile, .splice,
      .uringRead, .uringWrite, .aioRead, .aioWrite, .libaioRead, .libaioWrite,
    ]

    @Test(arguments: [nil] + EngineName.allCases.map { $0 })
    func areMadeUpFor(_ engine: EngineName?) throws {
      let directory = try TestDirectory(on: .ext4)
      let source = try directory.makeDirectory("source")
      for size in [1, 5000, 300_001, 3_000_001] {
        try directory.writeRandom("source/\(size)", count: size, seed: UInt64(size))
      }
      let hole = try directory.writeSparse("source/hole", count: 4_000_000)
      let file = try FileDescriptor.open(hole, .writeOnly)
      try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: 2_000_001, [1, 2, 3]) }
      for verification in [nil, CopyOptions.Verification.flight] {
        let target = directory.path(of: "target-\(verification?.rawValue ?? "none")")
        let plan = FaultPlan(Self.calls.map { .shortenAtRandom($0, to: 70_000) })
        let output = try plan.run {
          try copyTree(source, target, engine: engine, verification: verification)
        }
        #expect(output.notices.isEmpty, "\(output)")
        #expect(output.succeeded)
        #expect(plan.shortenings > 40)
        for entry in try FilePath.names(source) {
          try expectIdentical(source.appending(entry), target.appending(entry))
        }
      }
    }

    /// A gibibyte in pieces, none of which has the length of the one before.
    @Test func aGibibyteArrives() throws {
      let directory = try TestDirectory(on: .tmpfs)
      try directory.makeDirectory("source")
      let source = try directory.writeRandom("source/file", count: 1 << 30)
      let plan = FaultPlan(Self.calls.map { .shortenAtRandom($0, to: 1 << 20) })
      let output = try plan.run {
        try copyTree(source.removingLastComponent(), directory.path(of: "target"))
      }
      #expect(output.succeeded && output.notices.isEmpty, "\(output)")
      #expect(plan.shortenings > 1000)
      try expectIdentical(source, directory.path(of: "target/file"))
    }
  }

  extension FilePath {
    /// The names in a directory.
    fileprivate static func names(_ directory: FilePath) throws -> [String] {
      try System.entries(of: directory).map { String(decoding: $0, as: UTF8.self) }
    }
  }
#endif
