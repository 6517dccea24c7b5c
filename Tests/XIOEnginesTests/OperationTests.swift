import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// What each engine does with single operations.
@Suite struct OperationTests {
  @Test(arguments: EngineVariant.operational, FileSystemKind.allCases)
  func readsAndWritesAtOffsets(_ variant: EngineVariant, _ fileSystem: FileSystemKind) throws {
    let directory = try TestDirectory(on: fileSystem)
    let file = try openFile(in: directory)
    defer { try? file.descriptor.close() }
    try variant.withEngine { engine throws in
      #expect(try engine.read(file, at: 0).isEmpty, "an empty file is at its end")
      let near = randomBytes(4096)
      let far = randomBytes(1000, seed: 2)
      #expect(try engine.write(file, far, at: 10_000) == 1000)
      #expect(try engine.write(file, near, at: 0) == 4096)
      for dataOnly in [true, false] {
        let synced = try engine.complete(
          Operation(
            id: OperationID(1), descriptor: file.descriptor, kind: .regular,
            verb: .fsync(dataOnly: dataOnly)))
        #expect(synced == .success(0))
      }
      expectSame(near, try engine.read(file, slot: 1, at: 0))
      expectSame(far, try engine.read(file, slot: 2, at: 10_000))
      expectSame(Array(far[990...]), try engine.read(file, slot: 3, at: 10_990))
      expectSame([UInt8](repeating: 0, count: 500), try engine.read(file, at: 5000, count: 500))
      #expect(try engine.read(file, at: 11_000).isEmpty)
      #expect(try engine.read(file, at: 50_000).isEmpty)
      #expect(try System.position(file.descriptor) == 0)
    }
  }

  @Test(arguments: EngineVariant.operational)
  func readsAndWritesAtThePosition(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try openFile(in: directory)
    defer { try? file.descriptor.close() }
    let bytes = randomBytes(6000)
    try variant.withEngine { engine throws in
      #expect(try engine.write(file, Array(bytes[..<4000])) == 4000)
      #expect(try engine.write(file, Array(bytes[4000...])) == 2000)
      expectSame(bytes, try readFile(directory.path(of: "file")))
      try System.setPosition(file.descriptor, to: 0)
      expectSame(Array(bytes[..<4096]), try engine.read(file))
      expectSame(Array(bytes[4096...]), try engine.read(file))
      #expect(try engine.read(file).isEmpty)
    }
  }

  @Test(arguments: EngineVariant.operational)
  func appends(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let path = try directory.write("file", [1, 2])
    let descriptor = try System.open(path, .writeOnly)
    defer { try? descriptor.close() }
    try System.setStatusFlags(descriptor, try System.statusFlags(descriptor).union(.append))
    let file = OpenEnd(descriptor: descriptor, kind: .regular)
    try variant.withEngine { engine throws in
      #expect(try engine.write(file, [3]) == 1)
      #expect(try engine.write(file, [4, 5]) == 2)
    }
    #expect(try readFile(path) == [1, 2, 3, 4, 5])
  }

  @Test(arguments: EngineVariant.operational, StreamKind.allCases)
  func readsAndWritesStreams(_ variant: EngineVariant, _ kind: StreamKind) throws {
    let directory = try TestDirectory()
    let pair = try StreamPair(kind, in: directory)
    try variant.withEngine { engine throws in
      for seed in 1...3 {
        let bytes = randomBytes(1000, seed: UInt64(seed))
        #expect(try engine.write(pair.writer, bytes, slot: 1) == 1000)
        var read: [UInt8] = []
        while read.count < 1000 {
          let part = try engine.read(pair.reader, slot: 2, count: 700)
          try #require(!part.isEmpty)
          read += part
        }
        expectSame(bytes, read)
      }
      engine.forget(pair.writer.descriptor)
      pair.closeWriter()
      let end = try engine.complete(readOperation(1, pair.reader))
      #expect(end == .success(0) || kind == .pty && end == .failure(.ioError))
    }
  }

  @Test(arguments: EngineVariant.operational)
  func readsNotifications(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let descriptor = inotify_init1(CInt(IN_CLOEXEC))
    try #require(descriptor >= 0)
    let inotify = OpenEnd(
      descriptor: FileDescriptor(rawValue: descriptor),
      kind: try System.status(FileDescriptor(rawValue: descriptor)).kind)
    defer { try? inotify.descriptor.close() }
    let watch = directory.path.withPlatformString {
      inotify_add_watch(descriptor, $0, UInt32(IN_CREATE))
    }
    try #require(watch >= 0)
    try variant.withEngine { engine throws in
      try directory.write("before", [])
      let first = try engine.read(inotify)
      #expect(first.count > 16 && String(decoding: first[16...], as: UTF8.self).hasPrefix("before"))
      guard variant.engine != .blocking else { return }
      try engine.queue(readOperation(1, inotify))
      try engine.commit()
      try directory.write("after", [])
      let completions = try engine.reapDue()
      let count = try #require(try completions.first?.result.get())
      let text = String(decoding: engine.bytes(slot: 0, count: count)[16...], as: UTF8.self)
      #expect(text.hasPrefix("after"))
    }
  }

  @Test(arguments: EngineVariant.operational, StreamKind.allCases)
  func waitsForReadiness(_ variant: EngineVariant, _ kind: StreamKind) throws {
    let directory = try TestDirectory()
    let pair = try StreamPair(kind, in: directory)
    let readable = waitOperation(5, pair.reader)
    let writable = waitOperation(6, pair.writer, .waitWritable)
    try variant.withEngine { engine throws in
      #expect(try engine.complete(writable).map { _ in 0 } == .success(0))
      if variant.engine != .blocking, variant.engine != .posixAIO {
        try engine.queue(readable)
        #expect(try engine.reap(atLeast: 1, deadline: Clock.monotonic + 5_000_000).isEmpty)
        _ = try pair.writer.descriptor.writeAll([1])
        let completions = try engine.reapDue()
        #expect(completions.map(\.id) == [OperationID(5)])
      } else {
        _ = try pair.writer.descriptor.writeAll([1])
        _ = try engine.complete(readable).get()
      }
      #expect(try engine.read(pair.reader) == [1])
    }
  }

  /// A pipe says when a file is to be read; nothing is read before, and nothing of the pipe.
  @Test(arguments: EngineVariant.linking)
  func readsWhenTheTriggerIsReady(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try openFile(in: directory)
    let pair = try StreamPair(.pipe, in: directory)
    defer { try? file.descriptor.close() }
    _ = try file.descriptor.writeAll([1, 2])
    try variant.withEngine { engine throws in
      var operation = readOperation(3, file, at: 1)
      operation.trigger = pair.reader.descriptor
      for bytes in [[UInt8](3...9), [UInt8](10...19)] {
        try engine.queue(operation)
        #expect(try engine.reap(atLeast: 1, deadline: Clock.monotonic + 5_000_000).isEmpty)
        _ = try file.descriptor.writeAll(bytes)
        _ = try pair.writer.descriptor.writeAll([0])
        let count = try #require(try engine.reapDue().first?.result.get())
        #expect(engine.bytes(slot: 0, count: count) == [UInt8](2...bytes[bytes.endIndex - 1]))
        #expect(try engine.read(pair.reader, slot: 1) == [0])
      }
      try engine.queue(operation)
      _ = try engine.submit(
        Operation(
          id: OperationID(4), descriptor: file.descriptor, kind: .regular,
          verb: .cancel(operation.id)))
      #expect(try engine.reapDue().map(\.result) == [.failure(.canceled)])
    }
  }

  @Test(arguments: EngineVariant.operational)
  func errorsKeepTheirOperation(_ variant: EngineVariant) throws {
    let directory = try TestDirectory()
    let file = try directory.write("file", [1])
    let folder = try System.open(directory.path, .readOnly)
    let readOnly = try System.open(file, .readOnly)
    let pair = try StreamPair(.pipe, in: directory)
    pair.closeReader()
    defer {
      try? folder.close()
      try? readOnly.close()
    }
    func read(_ id: UInt64, _ fd: FileDescriptor, _ kind: FileKind) -> Operation {
      readOperation(id, OpenEnd(descriptor: fd, kind: kind), at: kind == .regular ? 0 : nil)
    }
    func write(_ id: UInt64, _ fd: FileDescriptor, _ kind: FileKind) -> Operation {
      Operation(
        id: OperationID(id), descriptor: fd, kind: kind,
        verb: .write(at: kind == .regular ? 0 : nil), range: 0..<10)
    }
    try withClosedNumber { gone in
      try variant.withEngine { engine throws in
        #expect(try engine.complete(read(11, gone, .regular)) == .failure(.badFileDescriptor))
        #expect(try engine.complete(read(12, gone, .pipe)) == .failure(.badFileDescriptor))
        #expect(try engine.complete(read(13, folder, .directory)) == .failure(.isDirectory))
        #expect(try engine.complete(write(14, readOnly, .regular)) == .failure(.badFileDescriptor))
        let broken = write(15, pair.writer.descriptor, .pipe)
        #expect(try engine.complete(broken) == .failure(.brokenPipe))
        #expect(try engine.read(OpenEnd(descriptor: readOnly, kind: .regular), at: 0) == [1])
      }
    }
  }

  private func openFile(in directory: TestDirectory) throws -> OpenEnd {
    let path = directory.path(of: "file")
    return OpenEnd(
      descriptor: try FileDescriptor.open(
        path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite]),
      kind: .regular)
  }
}

/// Lends a number that select can name and that no open file has, nor gets meanwhile: the kernel gives
/// the lowest that is free.
func withClosedNumber(_ body: (FileDescriptor) throws -> Void) throws {
  let lowest = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
  defer { close(lowest) }
  try #require((0..<500).contains(lowest), "hundreds of descriptors are open")
  // select(2) does not look at numbers beyond what the kernel's table of the process has ever had room for.
  let number = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 1000)
  try #require(number == 1000)
  close(number)
  try body(FileDescriptor(rawValue: number))
  try #require(fcntl(number, F_GETFD) == -1)
}

/// A wait for readiness.
func waitOperation(
  _ id: UInt64, _ end: OpenEnd, _ verb: Verb = .waitReadable
) -> XIOEngines.Operation {
  Operation(id: OperationID(id), descriptor: end.descriptor, kind: end.kind, verb: verb)
}

/// A read of as much as a buffer holds.
func readOperation(
  _ id: UInt64, _ end: OpenEnd, slot: Int = 0, at offset: Int64? = nil, count: Int = 4096
) -> XIOEngines.Operation {
  Operation(
    id: OperationID(id), descriptor: end.descriptor, kind: end.kind, verb: .read(at: offset),
    slot: slot, range: 0..<count)
}
