import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// Ends that are slow, or not what they seemed to be.
@Suite struct PaceTests {
  private static let streams = StreamKind.allCases.map(EndKind.stream)

  @Test(arguments: EngineVariant.all, [StreamKind.pipe, .fifo, .socket, .pty])
  func waitsForASlowWriter(_ variant: EngineVariant, _ kind: StreamKind) throws {
    let bytes = randomBytes(12_000)
    for target in [EndKind.stream(.pipe), .file(.ext4)] {
      let directory = try TestDirectory(on: .ext4)
      let target = try Target(target, expecting: bytes.count, in: directory)
      let source = try Source(.stream(kind), bytes, in: directory, pace: .slow) {
        target.count >= bytes.count
      }
      let result = try variant.transfer(from: source.endpoint, to: target.endpoint)
      if kind != .pty { #expect(result.failure == nil) }
      #expect(result.bytesDelivered == Int64(bytes.count))
      expectSame(bytes, try target.finish())
      source.close()
    }
  }

  @Test(arguments: EngineVariant.all, [EndKind.file(.ext4), .stream(.pipe), .stream(.socket)])
  func waitsForASlowReader(_ variant: EngineVariant, _ kind: EndKind) throws {
    let bytes = randomBytes(30_000)
    for depth in [1, 4] {
      let directory = try TestDirectory(on: .ext4)
      let target = try Target(
        .stream(.pipe), expecting: bytes.count, in: directory, pace: .slow)
      let source = try Source(kind, bytes, in: directory)
      let output = try variant.transfer(
        [(source.endpoint, target.endpoint)], depth: depth, blockSize: 10_000)
      #expect(output.results.first?.failure == nil)
      #expect(output.results.first?.bytesDelivered == Int64(bytes.count))
      expectSame(bytes, try target.finish())
      source.close()
    }
  }

  @Test(arguments: EngineVariant.all, [0, 1, 3 * 4096 + 77])
  func endsWhereAShrunkFileEnds(_ variant: EngineVariant, _ count: Int) throws {
    let bytes = randomBytes(count)
    for target in [EndKind.file(.ext4), .stream(.pipe)] {
      for depth in [1, 8] {
        let directory = try TestDirectory(on: .ext4)
        let target = try Target(target, expecting: count, in: directory)
        let source = try Source(.file(.ext4), bytes, in: directory)
        var claimed = source.endpoint
        claimed.size = 100_000
        let result = try variant.transfer(from: claimed, to: target.endpoint, depth: depth)
        #expect(result.failure == nil)
        #expect(result.bytesDelivered == Int64(count))
        expectSame(bytes, try target.finish())
        source.close()
      }
    }
  }

  @Test(arguments: EngineVariant.all)
  func endsWhereAGrowingFileStopsToGrow(_ variant: EngineVariant) throws {
    for depth in [1, 8] {
      let directory = try TestDirectory(on: .ext4)
      let path = directory.path(of: "log")
      let writer = try System.open(path, [.writeOnly, .create])
      defer { try? writer.close() }
      _ = try writer.writeAll(randomBytes(5000))
      let source = Endpoint(
        descriptor: try System.open(path, .readOnly), kind: .regular, position: .offset(0),
        size: 5000)
      defer { try? source.descriptor.close() }
      let target = try Target(.file(.ext4), expecting: 0, in: directory)
      var rest = 20
      let output = try variant.transfer(
        [(source, target.endpoint)], depth: depth,
        onLatency: { direction, _ in
          guard direction == variant.input, rest > 0 else { return }
          rest -= 1
          _ = try? writer.writeAll(randomBytes(3000, seed: UInt64(rest)))
        })
      #expect(rest == 0, "read on while the file grew")
      #expect(output.results.first?.failure == nil)
      expectSame(try readFile(path), try target.finish())
    }
  }

  /// A file of /proc has no size and much to say.
  @Test(arguments: EngineVariant.operational)
  func readsFilesWithoutASize(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let path: FilePath = "/proc/cpuinfo"
    let source = Endpoint(
      descriptor: try System.open(path, .readOnly), kind: .regular, position: .offset(0))
    defer { try? source.descriptor.close() }
    let target = try Target(.stream(.pipe), expecting: 0, in: directory)
    let result = try variant.transfer(from: source, to: target.endpoint, blockSize: 512)
    #expect(result.failure == nil)
    let names = { (bytes: [UInt8]) in
      String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.prefix { $0 != ":" } }
    }
    #expect(names(try target.finish()) == names(try readFile(path)))
  }

  @Test(arguments: EngineVariant.all)
  func beginsAndEndsAtOffsetsBeyond4GiB(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let start: Int64 = 5 << 30
    let bytes = randomBytes(20_000)
    let path = directory.path(of: "far")
    let file = try FileDescriptor.open(
      path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
    defer { try? file.close() }
    let source = try Source(.file(.ext4), bytes, in: directory)
    let far = Endpoint(
      descriptor: file, kind: .regular, position: .offset(start), size: Int64(bytes.count))
    let there = try variant.transfer(from: source.endpoint, to: far)
    #expect(there.failure == nil)
    #expect(try System.status(file).size == start + 20_000)
    let target = try Target(.stream(.pipe), expecting: bytes.count, in: directory)
    let back = try variant.transfer(from: far, to: target.endpoint)
    #expect(back.failure == nil)
    expectSame(bytes, try target.finish())
    source.close()
  }
}
