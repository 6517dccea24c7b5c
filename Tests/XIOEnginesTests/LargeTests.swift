import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// Files and requests that 31 and 32 bits cannot count. One at a time, for the sake of memory.
@Suite(.serialized) struct LargeTests {
  /// A hole with bytes at the places where numbers overflow.
  private final class LargeFile: Sendable {
    let directory: TestDirectory
    let path: FilePath
    let size: Int64
    static let marks: [Int64] = [0, 0x7fff_f000 - 5, 0x8000_0000 - 5, 3_000_000_000]

    init(size: Int64) throws {
      directory = try TestDirectory(on: .ext4)
      path = try directory.writeSparse("large", count: Int(size))
      self.size = size
      let file = try FileDescriptor.open(path, .writeOnly, options: [.closeOnExec])
      try file.closeAfter {
        for mark in Self.marks where mark < size {
          try file.writeAll(toAbsoluteOffset: mark, Self.bytes(at: mark))
        }
        try file.writeAll(toAbsoluteOffset: size - 5, Self.bytes(at: size))
      }
    }

    static func bytes(at mark: Int64) -> [UInt8] {
      (1...5).map { UInt8(truncatingIfNeeded: mark / 7) | $0 }
    }

    func open() throws -> Endpoint {
      Endpoint(
        descriptor: try System.open(path, .readOnly), kind: .regular, position: .offset(0),
        size: size)
    }
  }

  private static let file = Result { try LargeFile(size: 3 << 30) }
  private static let request = Result { try LargeFile(size: 0x7fff_f000 + 100_001) }

  @Test(arguments: EngineVariant.all)
  func countsMoreThan31Bits(_ variant: EngineVariant) throws {
    let file = try Self.file.get()
    let source = try file.open()
    defer { try? source.descriptor.close() }
    let null = Endpoint(
      descriptor: try System.open("/dev/null", .writeOnly), kind: .characterDevice,
      position: .stream)
    defer { try? null.descriptor.close() }
    let result = try variant.transfer(from: source, to: null, depth: 4, blockSize: 256 << 10)
    #expect(result.failure == nil)
    #expect(result.bytesDelivered == file.size)
  }

  @Test(arguments: [EngineName.uring, .epoll])
  func movesMoreThan31Bits(_ engine: EngineName) throws {
    let file = try Self.file.get()
    try passesThroughAPipe(EngineVariant(engine: engine), file, blockSize: 256 << 10, depth: 4)
  }

  @Test(arguments: EngineVariant.operational)
  func movesMoreThanOneCallCan(_ variant: EngineVariant) throws {
    let file = try Self.request.get()
    try passesThroughAPipe(variant, file, blockSize: 3 << 30, depth: 1)
  }

  private func passesThroughAPipe(
    _ variant: EngineVariant, _ file: LargeFile, blockSize: Int, depth: Int
  ) throws {
    let source = try file.open()
    defer { try? source.descriptor.close() }
    let pair = try StreamPair(.pipe, in: file.directory)
    try System.setPipeSize(pair.writer.descriptor, to: 1 << 20)
    let comparison = try Background { try firstDifference(pair.reader.descriptor, file.path) }
    let target = Endpoint(
      descriptor: pair.writer.descriptor, kind: .pipe, position: .stream)
    let result = try variant.transfer(
      from: source, to: target, depth: depth, blockSize: blockSize)
    #expect(result.failure == nil)
    #expect(result.bytesDelivered == file.size)
    pair.closeWriter()
    #expect(try comparison.value() == nil)
  }
}

/// Where what comes through a stream differs from a file.
private func firstDifference(_ stream: FileDescriptor, _ path: FilePath) throws -> Int64? {
  let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
  let size = 1 << 20
  let blocks = (0..<2).map { _ in
    UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
  }
  defer { for block in blocks { block.deallocate() } }
  return try file.closeAfter {
    var offset: Int64 = 0
    while true {
      let count = try stream.read(into: blocks[0])
      let expected = UnsafeMutableRawBufferPointer(rebasing: blocks[1][..<count])
      if count == 0 {
        return try file.read(fromAbsoluteOffset: offset, into: blocks[1]) == 0 ? nil : offset
      }
      guard try file.read(fromAbsoluteOffset: offset, into: expected) == count,
        blocks[0].prefix(count).elementsEqual(expected)
      else { return offset }
      offset += Int64(count)
    }
  }
}
