import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// What cache modes come to on each file system, and what they leave in the page cache.
@Suite struct CacheTests {
  @Test(arguments: FileSystemKind.allCases, EngineName.allCases)
  func plansAreThoseOfTheFileSystem(_ fileSystem: FileSystemKind, _ engine: EngineName) throws {
    let directory = try TestDirectory(on: fileSystem)
    let path = try directory.write("file", [1])
    let file = try System.open(path, .readOnly)
    defer { try? file.close() }
    for mode in CacheMode.allCases {
      let plan = Result { () throws(IOFailure) in
        try CachePlan.resolve(mode, of: path, kind: .regular, engine: engine, probe: file)
      }
      guard let expected = Self.expected(mode, fileSystem, engine) else {
        guard case .failure(let failure) = plan else {
          Issue.record("\(mode) is not refused")
          continue
        }
        #expect(failure.path == path)
        #expect(failure.reason?.contains("--cache \(mode.rawValue)") == true)
        #expect(failure.hint?.contains("--cache") == true)
        continue
      }
      let treatment = try plan.get()
      #expect(treatment.mode == expected)
      #expect(treatment.flags == (expected == .uncached ? .dontCache : []))
      #expect((treatment.alignment > 1) == (expected == .direct))
      #expect((treatment.shownAlignment != nil) == (expected == .direct))
    }
  }

  /// What a mode comes to; nil is a refusal.
  private static func expected(
    _ mode: CacheMode, _ fileSystem: FileSystemKind, _ engine: EngineName
  ) -> CacheMode? {
    if mode == .page { return .page }
    if engine == .kernel || fileSystem == .tmpfs { return nil }
    let dontCaches = fileSystem != .btrfs && engine != .posixAIO
    switch mode {
    case .page: return .page
    case .direct: return .direct
    case .uncached: return dontCaches ? .uncached : nil
    case .keep: return dontCaches ? .uncached : .direct
    }
  }

  @Test(arguments: [FileKind.pipe, .socket, .characterDevice])
  func streamsHaveNoCache(_ kind: FileKind) throws {
    let pair = try StreamPair(.pipe, in: try TestDirectory())
    for mode in CacheMode.allCases {
      let plan = try CachePlan.resolve(
        mode, of: "pipe", kind: kind, engine: .kernel, probe: pair.reader.descriptor)
      #expect(plan == .page)
    }
  }

  @Test(
    arguments: EngineVariant.operational,
    [FileSystemKind.ext4, .xfs, .btrfs])
  func movesAroundTheCache(_ variant: EngineVariant, _ fileSystem: FileSystemKind) throws {
    for mode in [CacheMode.direct, .uncached, .keep] {
      guard Self.expected(mode, fileSystem, variant.engine) != nil else { continue }
      for count in [0, 1, 4096, 5 * 16_384, 5 * 16_384 + 4096 + 77] {
        try movesAroundTheCache(variant, fileSystem, mode, randomBytes(count))
      }
    }
  }

  private func movesAroundTheCache(
    _ variant: EngineVariant, _ fileSystem: FileSystemKind, _ mode: CacheMode, _ bytes: [UInt8]
  ) throws {
    let comment = "\(mode), \(bytes.count) bytes"
    let directory = try TestDirectory(on: fileSystem)
    let pages = try undisturbed {
      let pair = try DirectPair(bytes, engine: variant.engine, mode, in: directory)
      defer { pair.close() }
      let output = try variant.transfer(
        [(pair.source, pair.target)], depth: 3, blockSize: 16_384, usesDirectIO: true)
      let result = try #require(output.results.first)
      #expect(result.failure == nil, "\(comment)")
      let read = try Residency(of: pair.sourcePath).residentPages
      var written = 0
      if pair.source.cache.mode == .direct {
        #expect(result.directBytes.read == bytes.count, "\(comment)")
        #expect(result.directBytes.written + result.tailBytes == bytes.count, "\(comment)")
        written = try Residency(of: pair.targetPath).residentPages
      } else {
        try System.writeBack(pair.target.descriptor, at: 0, count: 0)
        try eventually("the target leaves the cache") {
          try Residency(of: pair.targetPath).residentPages == 0
        }
      }
      return ((read: read, written: written), [pair.sourcePath, pair.targetPath])
    }
    expectSame(bytes, try directory.read("target"), comment)
    // btrfs moves what has checksums through the cache, O_DIRECT or not.
    guard fileSystem != .btrfs else { return }
    #expect(pages.read == 0, "\(comment)")
    #expect(pages.written == 0, "\(comment)")
  }
}
