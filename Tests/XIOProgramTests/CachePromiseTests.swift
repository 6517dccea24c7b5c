import SystemPackage
import Testing
import XIOTestSupport

/// What each cache mode promises about the page cache.
@Suite(.serialized) struct CachePromiseTests {
  private static let size = (3 << 20) + 1234

  /// What a copy has made of the page cache.
  private struct Observation {
    let before: Residency, report: JSONReport, after: Residency, target: Residency
    let mapped: Int

    /// Whether the source has the pages that it had.
    func isUnchanged(_ pages: Int) -> Bool {
      before.residentPages == pages && after == before && mapped == pages
    }
  }

  @Test(
    arguments: EngineVariant.throughMemory,
    [
      (FileSystemKind.ext4, CacheModeName.keep), (.ext4, .uncached), (.xfs, .keep),
      (.xfs, .uncached),
    ])
  func leavesTheCacheAsItWas(
    _ variant: EngineVariant, _ place: (kind: FileSystemKind, mode: CacheModeName)
  ) throws {
    guard place.mode.refusal(variant, on: place.kind) == nil else { return }
    let directory = try TestDirectory(on: place.kind)
    let source = try directory.writeRandom("source", count: Self.size)
    for warmed in [0..<0, 409_600..<819_200, 0..<Self.size] {
      // O_DIRECT writes cached pages of a range out and drops them, which posix-aio cannot avoid.
      if !variant.carriesFlags, !warmed.isEmpty { continue }
      let target = directory.path(of: "target")
      let pages = (warmed.count + 4095) / 4096
      let seen = try undisturbed(expecting: { (seen: Observation) in seen.isUnchanged(pages) }) {
        () -> (Observation, [FilePath]) in
        if exists(target) { try remove(target) }
        try evict(source)
        try warm(source, warmed)
        let before = try Residency(of: source)
        let report = try runReporting(
          ["copy"] + variant.options + place.mode.options + [source, target])
        let seen = Observation(
          before: before, report: report, after: try Residency(of: source),
          target: try Residency(of: target), mapped: try fincorePages(of: source)
        )
        return (seen, [source, target])
      }
      #expect(seen.before.residentPages == pages)
      #expect(seen.after == seen.before)
      #expect(seen.target == Residency.none)
      try seen.report.expectPages("source", before: seen.before, after: seen.after)
      try seen.report.expectPages("target", before: .none, after: .none)
      #expect(seen.mapped == seen.before.residentPages)
      try expectIdentical(source, target)
      try remove(target)
    }
  }

  @Test(
    arguments: EngineVariant.throughMemory,
    [FileSystemKind.ext4, .xfs, .btrfs])
  func passesTheCacheBy(_ variant: EngineVariant, _ kind: FileSystemKind) throws {
    let directory = try TestDirectory(on: kind)
    // What is small lies in the metadata of btrfs, which direct I/O does not reach.
    for size in [Self.size, 3 << 20, kind == .btrfs ? 5000 : 100] {
      let source = try directory.writeRandom("source", count: size)
      try evict(source)
      let target = directory.path(of: "target")
      let report = try runReporting(
        ["copy", "--cache", "direct"] + variant.options + [source, target])
      #expect(try Residency(of: source) == Residency.none)
      #expect(try Residency(of: target) == Residency.none)
      try report.expectPages("source", before: .none, after: .none)
      try report.expectPages("target", before: .none, after: .none)
      let bytes = try report.object("bytes")
      let alignment = try #require(try report.cachedFile("target")["alignment"] as? Int)
      #expect(bytes["direct_read"] as? Int == size)
      #expect(bytes["direct_written"] as? Int == size / alignment * alignment, "\(bytes)")
      #expect(bytes["buffered_tail"] as? Int == size % alignment, "\(bytes)")
      for role in ["source", "target"] {
        let file = try report.cachedFile(role)
        // btrfs writes through the page cache when it sees fit; then the report says so.
        let isHonoured = file["direct_honoured"] as? Bool
        #expect(kind == .btrfs ? isHonoured != nil : isHonoured == true, "\(file)")
      }
      try expectIdentical(source, target)
      try remove(target)
    }
  }

  @Test func saysWhatDidNotPassTheCacheBy() throws {
    let directory = try TestDirectory(on: .btrfs)
    let source = try directory.writeRandom("source", count: 100)
    try evict(source)
    let report = try runReporting(
      ["copy", "--cache", "direct", source, directory.path(of: "target")])
    #expect(try report.cachedFile("source")["direct_honoured"] as? Bool == false)
    try report.expectPages("source", before: .none, after: try Residency(of: source))
  }

  @Test(arguments: EngineVariant.throughMemory)
  func countsWhatPageModeCaches(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: Self.size)
    let target = directory.path(of: "target")
    // Dirty pages would be written while the copy runs.
    let seen = try undisturbed {
      if exists(target) { try remove(target) }
      try evict(source)
      let before = try Residency(of: source)
      let report = try runReporting(["copy"] + variant.options + [source, target])
      let seen = (
        before: before, report: report, after: try Residency(of: source),
        mapped: try fincorePages(of: target)
      )
      return (seen, [source, target])
    }
    try seen.report.expectPages("source", before: seen.before, after: seen.after)
    let resident = try seen.report.pages("target", "after")["resident_pages"] as? Int
    #expect(resident == (Self.size + 4095) / 4096)
    #expect(seen.mapped == resident)
  }

  @Test(
    arguments: [
      (FileSystemKind.tmpfs, CacheModeName.direct), (.tmpfs, .uncached), (.tmpfs, .keep),
      (.btrfs, .uncached),
    ])
  func refusesBeforeItTouchesAnything(
    _ place: (kind: FileSystemKind, mode: CacheModeName)
  ) throws {
    let directory = try TestDirectory(on: place.kind)
    let source = try directory.writeRandom("source", count: Self.size)
    let existing = try directory.write("existing", "as before".utf8)
    // The target's file system is asked as well as the source's.
    let other = try TestDirectory(on: .ext4)
    let elsewhere = try other.writeRandom("source", count: Self.size)
    for variant in EngineVariant.throughMemory {
      let refusal = place.mode.refusal(variant, on: place.kind) ?? "none"
      for from in [source, elsewhere] {
        for target in [existing, directory.path(of: "new")] {
          let options = ["copy"] + variant.options + place.mode.options
          expectMessage(try runXio(options + [from, target]), refusal)
        }
      }
      let appended = try runXio(
        ["cat"] + variant.options + place.mode.options + [elsewhere],
        output: .file(directory.path(of: "output")))
      expectMessage(appended, refusal, "standard output")
      try remove(directory.path(of: "output"))
    }
    #expect(try directory.read("existing") == Array("as before".utf8))
    #expect(try directory.names() == ["existing", "source"])
  }

  @Test(arguments: EngineVariant.throughMemory)
  func copiesPastTheCacheOfBtrfs(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .btrfs)
    let source = try directory.writeRandom("source", count: Self.size)
    try evict(source)
    let target = directory.path(of: "target")
    let report = try runReporting(
      ["copy", "--cache", "keep"] + variant.options + [source, target])
    #expect(try report.cachedFile("target")["mode"] as? String == "direct")
    #expect(try Residency(of: source) == Residency.none)
    #expect(try Residency(of: target) == Residency.none)
    try expectIdentical(source, target)
  }
}
