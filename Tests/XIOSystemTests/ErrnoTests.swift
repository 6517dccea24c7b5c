import CXIO
import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// Failures of the kernel surface as its error numbers.
@Suite struct ErrnoTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var errno: Errno
    var body: @Sendable (CallFixture) throws -> Void

    init(_ name: String, _ errno: Errno, _ body: @escaping @Sendable (CallFixture) throws -> Void) {
      testDescription = name
      self.errno = errno
      self.body = body
    }
  }

  private static let closed = FileDescriptor(rawValue: -1)

  private static let names = [
    Row("open a missing file", .noSuchFileOrDirectory) {
      _ = try System.open($0.directory.path(of: "missing"), .readOnly)
    },
    Row("open a file that must be new", .fileExists) {
      _ = try System.open($0.path, [.writeOnly, .create, .exclusive])
    },
    Row("open a directory for writing", .isDirectory) {
      _ = try System.open($0.directory.path, .writeOnly)
    },
    Row("open below a file", .notDirectory) {
      _ = try System.open($0.path.appending("below"), .readOnly)
    },
    Row("open a name that is too long", .fileNameTooLong) {
      _ = try System.open($0.directory.path(of: String(repeating: "n", count: 256)), .readOnly)
    },
    Row("open a nameless file in a missing directory", .noSuchFileOrDirectory) {
      _ = try System.openNameless(beside: $0.directory.path(of: "missing/file"))
    },
    Row("open a nameless file beside a path that is too long", .fileNameTooLong) { _ in
      _ = try System.openNameless(
        beside: FilePath("/" + String(repeating: "n/", count: 3000) + "n"))
    },
    Row("status of a missing name", .noSuchFileOrDirectory) {
      _ = try System.status($0.directory.path(of: "missing"))
    },
    Row("remove a missing name", .noSuchFileOrDirectory) {
      try System.remove($0.directory.path(of: "missing"))
    },
    Row("remove a directory", .isDirectory) { try System.remove($0.directory.path) },
  ]

  private static let descriptors = [
    Row("close", .badFileDescriptor) { _ in try System.close(closed) },
    Row("status", .badFileDescriptor) { _ in _ = try System.status(closed) },
    Row("duplicate", .badFileDescriptor) { _ in _ = try System.duplicate(closed) },
    Row("statusFlags", .badFileDescriptor) { _ in _ = try System.statusFlags(closed) },
    Row("read", .badFileDescriptor) { _ = try System.read(closed, into: $0.memory, at: nil) },
    Row("directAlignment", .badFileDescriptor) { _ in _ = try System.directAlignment(closed) },
    Row("cachedPages", .badFileDescriptor) { _ in _ = try System.cachedPages(closed) },
    Row("armSignal", .badFileDescriptor) { _ in _ = try System.armSignal(closed) },
    Row("setPipeSize of a file", .badFileDescriptor) { try System.setPipeSize($0.file, to: 4096) },
    Row("setPipeSize of too much", .invalidArgument) {
      try System.setPipeSize($0.full.writeEnd, to: -1)
    },
    Row("position of a pipe", .illegalSeek) { _ = try System.position($0.full.readEnd) },
    Row("setPosition before the start", .invalidArgument) {
      try System.setPosition($0.file, to: -1)
    },
    Row("truncate to less than nothing", .invalidArgument) { try System.truncate($0.file, to: -1) },
    Row("truncate a pipe", .invalidArgument) { try System.truncate($0.full.writeEnd, to: 1) },
    Row("allocate nothing", .invalidArgument) { try System.allocate($0.file, size: 0) },
    Row("allocate more than there is", .noSpace) { try System.allocate($0.file, size: 1 << 42) },
    Row("synchronize a pipe", .invalidArgument) {
      try System.synchronize($0.full.readEnd, dataOnly: false)
    },
    Row("writeBack of a pipe", .illegalSeek) {
      try System.writeBack($0.full.readEnd, at: 0, count: 0)
    },
    Row("dropPages of a pipe", .illegalSeek) {
      try System.dropPages($0.full.readEnd, at: 0, count: 0)
    },
  ]

  private static let transfers = [
    Row("read at an offset of a pipe", .illegalSeek) {
      _ = try System.read($0.full.readEnd, into: $0.memory, at: 0)
    },
    Row("read what is open for writing", .badFileDescriptor) {
      _ = try System.read($0.full.writeEnd, into: $0.memory, at: nil)
    },
    Row("write what is open for reading", .badFileDescriptor) {
      _ = try System.write($0.full.readEnd, from: $0.bytes, at: nil)
    },
    Row("read an empty pipe without waiting", .wouldBlock) {
      _ = try System.read($0.empty.readEnd, into: $0.memory, at: nil, flags: .noWait)
    },
    Row("clone into another file system", .improperLink) {
      let other = try TestDirectory(on: .tmpfs)
      let target = try System.open(try other.write("other", [0]), .readWrite)
      defer { try? target.close() }
      try System.clone($0.file, to: target)
    },
    Row("clone where blocks are not shared", .notSupported) { _ in
      let directory = try TestDirectory(on: .ext4)
      let source = try System.open(try directory.write("source", [1]), .readOnly)
      defer { try? source.close() }
      let target = try System.open(try directory.write("target", [0]), .readWrite)
      defer { try? target.close() }
      try System.clone(source, to: target)
    },
    Row("copyRange of a pipe", .invalidArgument) {
      _ = try System.copyRange($0.full.readEnd, at: 0, to: $0.target, at: 0, count: 1)
    },
    Row("splice between files", .invalidArgument) {
      _ = try System.splice($0.file, at: 0, to: $0.target, at: 0, count: 1)
    },
    Row("mapMemory of nothing", .invalidArgument) { _ in _ = try System.mapMemory(0) },
    Row("mapMemory of too much", .noMemory) { _ in _ = try System.mapMemory(1 << 60) },
  ]

  private static let waiting = [
    Row("select beyond its limit", .badFileDescriptor) { _ in
      let descriptor = FileDescriptor(rawValue: System.selectLimit)
      var interests = [Interest(descriptor, read: true, write: false)]
      _ = try System.select(&interests, timeout: 0)
    },
    Row("setEpoll of a file", .notPermitted) {
      let interest = Interest($0.file, read: true, write: false)
      try System.setEpoll($0.epoll, interest, token: 0, change: false)
    },
    Row("setEpoll twice", .fileExists) {
      let interest = Interest($0.full.readEnd, read: true, write: false)
      try System.setEpoll($0.epoll, interest, token: 0, change: false)
      try System.setEpoll($0.epoll, interest, token: 0, change: false)
    },
    Row("removeEpoll of a stranger", .noSuchFileOrDirectory) {
      try System.removeEpoll($0.epoll, $0.full.readEnd)
    },
    Row("NativeAIO for nothing", .invalidArgument) { _ in _ = try NativeAIO(capacity: 0) },
    Row("Ring of nothing", .invalidArgument) { _ in _ = try Ring(entries: 0) },
    Row("Ring.wait of nothing", .timeout) { _ in try Ring(entries: 1).wait(for: 1, timeout: 1) },
  ]

  @Test(arguments: names + descriptors + transfers + waiting) func isTheKernels(_ row: Row) throws {
    let fixture = try CallFixture()
    #expect(throws: row.errno) { try row.body(fixture) }
  }

  @Test func aReaderWhoLeftIsAnError() throws {
    let fixture = try CallFixture()
    var mask = sigset_t()
    sigemptyset(&mask)
    sigaddset(&mask, SIGPIPE)
    // The signal is for this thread; it is taken before the fixture restores the mask.
    pthread_sigmask(SIG_BLOCK, &mask, nil)
    let ends = try System.pipe()
    defer { try? ends.writeEnd.close() }
    try ends.readEnd.close()
    #expect(throws: Errno.brokenPipe) {
      try System.write(ends.writeEnd, from: fixture.bytes, at: nil)
    }
    var none = timespec()
    sigtimedwait(&mask, nil, &none)
  }

  @Test func refusedRequestsNameTheirPlace() throws {
    let context = try NativeAIO(capacity: 2)
    let fixture = try CallFixture()
    context.prepare(.read(fixture.memory, at: 0), Self.closed, flags: [], index: 1)
    let refused = try context.submit()
    #expect(refused?.index == 1)
    #expect(refused?.errno == .badFileDescriptor)
    #expect(context.prepared == 0)
  }
}
