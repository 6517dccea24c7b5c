import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// Files and requests that 31 and 32 bits cannot count. One at a time, for the sake of memory.
///
/// Unless tests are of their full size, only the bytes around the places where offsets overflow are moved.
@Suite(.serialized) struct LargeTests {
  /// A hole with bytes at the places where numbers overflow, and the place from which it is read.
  private final class LargeFile: Sendable {
    let directory: TestDirectory
    let path: FilePath
    let start: Int64, size: Int64
    let contents: [(offset: Int64, bytes: [UInt8])]

    init(size: Int64, from start: Int64 = 0) throws {
      directory = try TestDirectory(on: .ext4)
      path = try directory.writeSparse("large", count: Int(size))
      (self.start, self.size) = (start, size)
      let marks = [0, 0x7fff_effb, 0x7fff_fffb, 3_000_000_000, 0xffff_fffb, start, size - 5]
        .filter { $0 <= size - 5 }
      let contents = marks.enumerated().map { index, mark in
        (offset: mark, bytes: randomBytes(5, seed: UInt64(index + 1)))
      }
      self.contents = contents
      let file = try FileDescriptor.open(path, .writeOnly, options: [.closeOnExec])
      try file.closeAfter {
        for part in contents {
          try file.writeAll(toAbsoluteOffset: part.offset, part.bytes)
        }
      }
    }

    func open() throws -> Endpoint {
      Endpoint(
        descriptor: try System.open(path, .readOnly), kind: .regular, position: .offset(start),
        size: size - start)
    }

    /// A file read across a place.
    static func around(_ place: Int64) throws -> LargeFile {
      try LargeFile(size: place + (4 << 20) + 77, from: place - (4 << 20) - 77)
    }
  }

  private static let files = Result {
    runsFullSize
      ? [try LargeFile(size: 3 << 30), try LargeFile(size: 5 << 30, from: 3 << 30)]
      : [try LargeFile.around(2 << 30), try LargeFile.around(4 << 30)]
  }
  private static let request = Result {
    runsFullSize ? try LargeFile(size: 0x7fff_f000 + 100_001) : try LargeFile.around(4 << 30)
  }

  @Test(arguments: EngineName.allCases)
  func countsMoreThan31Bits(_ engine: EngineName) throws {
    for file in try Self.files.get() {
      try passesIntoNothing(
        EngineVariant(engine: engine), file, blockSize: 256 << 10, depth: 4)
    }
  }

  @Test(arguments: [EngineName.uring, .epoll])
  func movesMoreThan31Bits(_ engine: EngineName) throws {
    for file in try Self.files.get() {
      try passesThroughAPipe(
        EngineVariant(engine: engine), file, blockSize: 256 << 10, depth: 4)
    }
  }

  /// Every way to hand a transfer over; the other engines make the same calls as the first.
  @Test(arguments: [EngineName.blocking, .posixAIO, .libaio, .uring])
  func movesMoreThanOneCallCan(_ engine: EngineName) throws {
    try passesThroughAPipe(
      EngineVariant(engine: engine), try Self.request.get(), blockSize: 3 << 30, depth: 1)
  }

  @Test(arguments: [EngineName.nonblocking, .select, .poll, .epoll, .sigio])
  func countsMoreThanOneCallCan(_ engine: EngineName) throws {
    try passesIntoNothing(
      EngineVariant(engine: engine), try Self.request.get(), blockSize: 3 << 30, depth: 1)
  }

  private static let limit: Duration = runsFullSize ? .seconds(120) : .seconds(20)

  private func passesIntoNothing(
    _ variant: EngineVariant, _ file: LargeFile, blockSize: Int, depth: Int
  ) throws {
    let source = try file.open()
    defer { try? source.descriptor.close() }
    let null = Endpoint(
      descriptor: try System.open("/dev/null", .writeOnly), kind: .characterDevice,
      position: .stream)
    defer { try? null.descriptor.close() }
    let result = try variant.transfer(
      from: source, to: null, depth: depth, blockSize: blockSize, limit: Self.limit)
    #expect(result.failure == nil)
    #expect(result.bytesDelivered == file.size - file.start)
  }

  private func passesThroughAPipe(
    _ variant: EngineVariant, _ file: LargeFile, blockSize: Int, depth: Int
  ) throws {
    let source = try file.open()
    defer { try? source.descriptor.close() }
    let pair = try StreamPair(.pipe, in: file.directory)
    try System.setPipeSize(pair.writer.descriptor, to: 1 << 20)
    let comparison = try Background {
      // Whoever still writes must not wait for a reader that has seen enough.
      defer { pair.closeReader() }
      return try firstDifference(
        pair.reader.descriptor, file.contents, from: file.start, size: file.size)
    }
    // Nor can the reader be waited for while it can still be written to.
    defer { pair.closeWriter() }
    let target = Endpoint(
      descriptor: pair.writer.descriptor, kind: .pipe, position: .stream)
    let result = try variant.transfer(
      from: source, to: target, depth: depth, blockSize: blockSize, limit: Self.limit)
    pair.closeWriter()
    #expect(try comparison.value() == nil)
    #expect(result.failure == nil)
    #expect(result.bytesDelivered == file.size - file.start)
  }
}

/// Where what comes through a stream differs from what a large file holds.
private func firstDifference(
  _ stream: FileDescriptor, _ expected: [(offset: Int64, bytes: [UInt8])], from start: Int64,
  size: Int64
) throws -> Int64? {
  let blockSize = 1 << 20
  let blocks = (0..<2).map { _ in
    UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 4096)
  }
  defer { for block in blocks { block.deallocate() } }
  guard let read = blocks[0].baseAddress, let other = blocks[1].baseAddress else { return 0 }
  var offset = start
  while true {
    let count = try stream.read(into: blocks[0])
    if count == 0 { return offset == size ? nil : offset }
    memset(other, 0, count)
    for mark in expected {
      for (index, byte) in mark.bytes.enumerated() {
        let place = mark.offset + Int64(index) - offset
        if place >= 0, place < count { blocks[1][Int(place)] = byte }
      }
    }
    guard memcmp(read, other, count) == 0 else { return offset }
    offset += Int64(count)
  }
}
