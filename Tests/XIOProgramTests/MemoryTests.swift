import SystemPackage
import Testing
import XIOTestSupport

/// The memory that a copy takes.
@Suite(.serialized) struct MemoryTests {
  private static let size = 96 << 20
  private static let source = Result {
    let directory = try TestDirectory(on: .ext4)
    return (directory, file: try directory.writeRandom("source", count: size))
  }

  @Test(
    arguments: EngineVariant.all,
    [(depth: 1, block: 1 << 20), (depth: 8, block: 1 << 18), (depth: 64, block: 1 << 18)])
  func staysInItsBounds(
    _ variant: EngineVariant, _ buffers: (depth: Int, block: Int)
  ) throws {
    let source = try Self.source.get().file
    let directory = try TestDirectory(on: .ext4)
    let target = directory.path(of: "target")
    let peak = directory.path(of: "peak")
    let sizes = ["--queue-depth", "\(buffers.depth)", "--block-size", "\(buffers.block)"]
    expectQuietSuccess(
      try runXio(
        ["copy"] + variant.options + sizes + [source, target],
        launcher: ["--peak-memory", peak.string]))
    let text = String(decoding: try directory.read("peak"), as: UTF8.self)
    let kibibytes = try #require(Int(text.filter(\.isNumber)), "\(text)")
    let limit = (16 << 20) + buffers.depth * buffers.block
    #expect(kibibytes > 0 && kibibytes << 10 <= limit, "\(kibibytes) KiB")
    #expect(try fileSize(target) == Int64(Self.size))
  }
}
