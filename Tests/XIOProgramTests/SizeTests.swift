import SystemPackage
import Testing
import XIOTestSupport

/// Sizes around the edges of pages and blocks, block sizes and queue depths that do not fit them.
@Suite(.serialized) struct SizeTests {
  private static let sizes = [
    0, 1, 4095, 4096, 4097, 262_143, 262_144, 262_145, (1 << 20) + 123,
  ]
  private static let blockSizes = ["1", "511", "4096", "256K", "1M"]
  private static let depths = ["1", "3", "64"]

  /// Blocks of one byte are left to the small files: they take a call each.
  private static let blocksAndDepths: [(size: Int, block: String, depth: String)] =
    sizes.enumerated().flatMap { index, size in
      blockSizes.indices.filter { size <= 4097 || blockSizes[$0] != "1" }.map { block in
        // Every pair of a block size and a depth meets three sizes or more.
        (size, blockSizes[block], depths[(index + block) % depths.count])
      }
    }

  private static let variants = EngineVariant.all

  private static func number(_ variant: EngineVariant) -> Int {
    variants.firstIndex(of: variant) ?? variants.count
  }

  /// Every engine copies every size and uses every block size and every depth, in any combination where
  /// tests are of their full size.
  @Test(arguments: variants)
  func copiesEverySize(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    for (size, block, depth) in share(
      of: Self.blocksAndDepths, at: Self.number(variant), among: 3)
    {
      let source = try directory.writeRandom("source", count: size)
      let target = directory.path(of: "target")
      let options = variant.options + ["--block-size", block, "--queue-depth", depth]
      expectQuietSuccess(try runXio(["copy"] + options + [source, target]))
      try expectIdentical(source, target)
      let bytes = try directory.read("source")
      let piped = try runXio(["cat"] + options, input: .bytes(bytes))
      expectQuietSuccess(piped)
      let isRight = isSame(piped.output, bytes)
      #expect(isRight, "\(size) bytes, \(options)")
    }
  }

  /// Every size past the cache in one mode, in every mode where tests are of their full size.
  @Test(
    arguments: EngineVariant.throughMemory,
    Array([CacheModeName.direct, .uncached, .keep].enumerated()).map { ($0.element, $0.offset) })
  func copiesEverySizePastTheCache(_ variant: EngineVariant, _ mode: (CacheModeName, Int)) throws {
    let (mode, place) = mode
    guard mode.refusal(variant, on: .ext4) == nil else { return }
    let directory = try TestDirectory(on: .ext4)
    let sizes = Array(Self.sizes.enumerated())
    for (index, size) in share(of: sizes, at: place, among: 3, round: Self.number(variant)) {
      let source = try directory.writeRandom("source", count: size)
      let target = directory.path(of: "target")
      let options =
        variant.options + mode.options
        + ["--block-size", ["4096", "256K", "1M"][index % 3]]
        + ["--queue-depth", Self.depths[index / 3 % 3]]
      expectQuietSuccess(try runXio(["copy"] + options + [source, target]))
      try expectIdentical(source, target)
    }
  }

  /// Half of the cache modes with each engine on each file system, other ones on the next, or all of them.
  @Test(
    arguments: variants,
    Array(FileSystemKind.allCases.enumerated()).map { ($0.element, $0.offset) })
  func copiesOnEveryFileSystem(_ variant: EngineVariant, _ place: (FileSystemKind, Int)) throws {
    let (kind, number) = place
    let directory = try TestDirectory(on: kind)
    let source = try directory.writeRandom("source", count: (3 << 20) + 1)
    let target = directory.path(of: "target")
    for mode in share(
      of: CacheModeName.allCases, at: number, among: 2, round: Self.number(variant))
    {
      let options = variant.options + mode.options
      let result = try runXio(["copy"] + options + [source, target])
      if let refusal = mode.refusal(variant, on: kind) {
        expectMessage(result, refusal, source.string)
        #expect(try directory.has("target") == false)
        continue
      }
      expectQuietSuccess(result)
      try expectIdentical(source, target)
      try remove(target)
    }
  }
}
