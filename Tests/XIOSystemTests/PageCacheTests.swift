import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// What is known of a file's pages and of its direct I/O.
@Suite struct PageCacheTests {
  private static let onDisk: [FileSystemKind] = [.ext4, .xfs, .btrfs]

  @Test(arguments: FileSystemKind.allCases)
  func countsPagesAsTheKernelDoes(_ kind: FileSystemKind) throws {
    let directory = try TestDirectory(on: kind)
    let seen = try undisturbed {
      let path = try directory.writeRandom("file", count: 100_000)
      let file = try System.open(path, .readOnly)
      defer { try? file.close() }
      // Pages go from dirty to writeback and on to clean on their own, so both are asked until they
      // agree.
      var counts = try System.cachedPages(file)
      try eventually("both counts agree") {
        let residency = try Residency(of: path)
        counts = try System.cachedPages(file)
        return counts.resident == UInt64(residency.residentPages)
          && counts.dirty == UInt64(residency.dirtyPages)
          && counts.writeback == UInt64(residency.writebackPages)
      }
      return ((counts, try System.mappedPages(file, size: 100_000)), [path])
    }
    #expect(seen.0.resident == 25)
    #expect(seen.1.resident == 25)
    #expect(seen.1.dirty == nil)
  }

  @Test(arguments: onDisk) func writesBackAndDropsPages(_ kind: FileSystemKind) throws {
    let directory = try TestDirectory(on: kind)
    let path = directory.path(of: "file")
    let kept = try undisturbed {
      try directory.writeRandom("file", count: 100_000)
      let file = try System.open(path, .readWrite)
      defer { try? file.close() }
      try System.writeBack(file, at: 0, count: 0)
      #expect(try System.cachedPages(file).dirty == 0)
      #expect(try System.cachedPages(file).writeback == 0)
      // What lies beyond the end is no reason to let go of what is before it.
      try System.dropPages(file, at: 1 << 20, count: 0)
      return (try System.cachedPages(file).resident, [path])
    }
    #expect(kept == 25)
    let file = try System.open(path, .readWrite)
    defer { try? file.close() }
    try eventually("the pages go") {
      try System.dropPages(file, at: 0, count: 0)
      return try System.cachedPages(file).resident == 0
    }
    #expect(try fincorePages(of: path) == 0)
    #expect(try System.mappedPages(file, size: 100_000).resident == 0)
  }

  @Test func anEmptyFileHasNoPages() throws {
    let fixture = try CallFixture()
    #expect(try System.mappedPages(fixture.target, size: 0).resident == 0)
    #expect(try System.cachedPages(fixture.target).resident == 0)
  }

  @Test(arguments: onDisk) func alignmentIsEnough(_ kind: FileSystemKind) throws {
    let directory = try TestDirectory(on: kind)
    let path = try directory.writeRandom("file", count: 65_536)
    let file = try System.open(path, [.readOnly, .direct])
    defer { try? file.close() }
    let alignment = try #require(try System.directAlignment(file))
    #expect(alignment.isDeclared == (kind != .btrfs))
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: alignment.offset + alignment.memory, alignment: 4096)
    defer { memory.deallocate() }
    let part = UnsafeMutableRawBufferPointer(
      rebasing: memory[alignment.memory...].prefix(alignment.offset))
    let offset = Int64(alignment.offset)
    #expect(try System.read(file, into: part, at: offset) == alignment.offset)
    let expected = try directory.read("file")[alignment.offset...].prefix(alignment.offset)
    #expect(Array(part) == Array(expected))
  }

  @Test(arguments: [.ext4, .xfs] as [FileSystemKind])
  func lessThanTheAlignmentIsRefused(_ kind: FileSystemKind) throws {
    let directory = try TestDirectory(on: kind)
    let path = try directory.writeRandom("file", count: 65_536)
    let file = try System.open(path, [.readOnly, .direct])
    defer { try? file.close() }
    let alignment = try #require(try System.directAlignment(file))
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: alignment.offset, alignment: 4096)
    defer { memory.deallocate() }
    #expect(throws: Errno.invalidArgument) {
      try System.read(file, into: memory, at: Int64(alignment.offset / 2))
    }
  }

  @Test func aFileInMemoryHasNoDirectIO() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let file = try System.open(try directory.write("file", [1]), .readOnly)
    defer { try? file.close() }
    #expect(try System.directAlignment(file) == nil)
    #expect(try System.isInMemory(file))
    let fixture = try CallFixture()
    #expect(try !System.isInMemory(fixture.file))
  }
}
