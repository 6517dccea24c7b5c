import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOFollow

/// What becomes of a file while it is being read: between a read and the second look at what was compared.
@Suite struct ReadingTests {
  private enum Change: CaseIterable {
    case cut, cutAndWrittenAnew, cutAndGrownAgain

    func make(_ log: FilePath, _ size: Int) throws {
      let file = try FileDescriptor.open(log, .writeOnly, options: .truncate)
      switch self {
      case .cut: break
      case .cutAndWrittenAnew: try file.writeAll([UInt8](repeating: 98, count: 100))
      case .cutAndGrownAgain: try file.writeAll([UInt8](repeating: 98, count: 2 * size))
      }
      try file.close()
    }
  }

  /// Reads a file of `size` bytes from `start` on, changes it, and looks at what was read.
  private func read(
    _ size: Int, from start: Int64, _ change: Change, on fileSystem: FileSystemKind = .tmpfs
  ) throws -> (finding: ReadFinding, generation: Generation, watcher: Watcher) {
    let directory = try TestDirectory(on: fileSystem)
    let log = try directory.write("log", [UInt8](repeating: 97, count: size))
    let watcher = Watcher(
      WatchOptions(
        byName: true, retries: true, interval: 1_000_000_000, blocks: true, eventsBlock: true,
        reopensFIFOs: false))
    let generation = try #require(watcher.add(log).source.current)
    let descriptor = try #require(generation.descriptor)
    generation.begin(at: start)
    let finding = try withUnsafeTemporaryAllocation(byteCount: 2 * size, alignment: 1) { memory in
      let count = try System.read(descriptor, into: memory, at: generation.readOffset)
      #expect(count == size - Int(start) + Generation.markerSize)
      try change.make(log, size)
      return generation.examine(UnsafeRawBufferPointer(memory), 0..<count)
    }
    return (finding, generation, watcher)
  }

  @Test(arguments: Change.allCases) private func countsWhatIsLostWhileItIsRead(
    _ change: Change
  ) throws {
    let (finding, generation, watcher) = try read(9_000, from: 4_000, change)
    guard case .again = finding else {
      Issue.record("what was read of the former file is delivered: \(finding)")
      return
    }
    let counts = try #require(watcher.sources.first).counts
    #expect(generation.offset == 0)
    #expect(counts.truncations == 1)
    let isCut = change != .cutAndGrownAgain
    #expect(counts.bytesLostByTruncation == (isCut ? 5_000 : 0))
    #expect(counts.bytesLostByRewriting == (isCut ? 0 : 5_000))
  }

  @Test(arguments: Change.allCases, [FileSystemKind.ext4, .xfs, .btrfs])
  private func deliversWhatWasReadFromOnePage(
    _ change: Change, _ fileSystem: FileSystemKind
  ) throws {
    let (finding, generation, watcher) = try read(
      8_192, from: 4_096 + 64, change, on: fileSystem)
    guard case .data(let range) = finding else {
      Issue.record("what was there together is not delivered: \(finding)")
      return
    }
    #expect(range == 64..<4_096)
    #expect(generation.offset == 4_160)
    #expect(watcher.sources.first?.counts.truncations == 0)
  }

  /// There one read of one page can meet the old file and the new one.
  @Test(arguments: Change.allCases, [FileSystemKind.tmpfs, .overlayfs])
  private func looksAgainWhereAReadSeesTwoSizes(
    _ change: Change, _ fileSystem: FileSystemKind
  ) throws {
    let (finding, generation, _) = try read(8_192, from: 4_096 + 64, change, on: fileSystem)
    guard case .again = finding else {
      Issue.record("what may be half of each file is delivered: \(finding)")
      return
    }
    #expect(generation.offset == 0)
  }
}
