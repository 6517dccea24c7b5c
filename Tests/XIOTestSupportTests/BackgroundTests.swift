import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What runs within a limit, and what is seen of the page cache while others use it.
@Suite struct BackgroundTests {
  private struct Odd: Error {}

  @Test func whatEndsInTimeHasItsValue() throws {
    #expect(try within(.seconds(20), "a sum") { 1 + 1 } == 2)
    #expect(throws: Odd.self) { try within(.seconds(20), "a failure") { throw Odd() } }
  }

  @Test func whatDoesNotEndIsMadeTo() throws {
    let pipe = try closeOnExecPipe()
    defer { try? pipe.reader.close() }
    let failure = #expect(throws: SupportFailure.self) {
      try within(.milliseconds(20), "a read", release: { try? pipe.writer.close() }) {
        var byte: UInt8 = 0
        return try withUnsafeMutableBytes(of: &byte) { try pipe.reader.read(into: $0) }
      }
    }
    #expect(failure?.description.contains("only when it was made to") == true)
  }

  @Test func whatCannotBeMadeToEndIsLeft() throws {
    let pipe = try closeOnExecPipe()
    let failure = #expect(throws: SupportFailure.self) {
      try within(.milliseconds(20), "a read") {
        var byte: UInt8 = 0
        return try withUnsafeMutableBytes(of: &byte) { try pipe.reader.read(into: $0) }
      }
    }
    #expect(failure?.description.contains("cannot be made to") == true)
    // The thread ends now, and the end that it reads may not be closed before.
    try pipe.writer.close()
  }

  /// Pages that were reclaimed, as for want of memory, are no observation, also when they are there again.
  @Test(arguments: [0, 2, 10, mostObservations], [false, true])
  func observationsThatAreDisturbedAreMadeAgain(_ times: Int, _ readsAgain: Bool) throws {
    if times > 0, readsAgain { try requireRoot(to: "have the counts of all processors added up") }
    let directory = try TestDirectory(on: .ext4)
    let path = directory.path(of: "file")
    var made = 0
    let observe = {
      try undisturbed(expecting: { _ in made > times }) {
        made += 1
        // A new file, of which nothing is remembered.
        unlink(path.string)
        try directory.writeRandom("file", count: 100_000)
        if made <= times {
          try reclaim(path, 100_000)
          if readsAgain { _ = try readFile(path) }
        }
        return (try Residency(of: path).residentPages, [path])
      }
    }
    if times < mostObservations {
      #expect(try observe() == 25)
      #expect(made == times + 1)
    } else {
      #expect(throws: SupportFailure.self) { try observe() }
      #expect(made == mostObservations)
    }
  }

  private func reclaim(_ path: FilePath, _ count: Int) throws {
    let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
    defer { try? file.close() }
    try #require(fdatasync(file.rawValue) == 0)
    let memory = mmap(nil, count, PROT_READ, MAP_SHARED, file.rawValue, 0)
    defer { munmap(memory, count) }
    let pages = UnsafeRawBufferPointer(start: memory, count: count)
    try eventually("the kernel reclaims the pages") {
      _ = stride(from: 0, to: count, by: 4096).reduce(0) { $0 + Int(pages[$1]) }
      // MADV_PAGEOUT
      try #require(madvise(memory, count, 21) == 0)
      return try Residency(of: path).residentPages == 0
    }
  }
}
