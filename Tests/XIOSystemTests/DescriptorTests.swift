import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// What the module's descriptors have in common, and how files are opened and closed.
@Suite struct DescriptorTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var make: @Sendable (CallFixture) throws -> [FileDescriptor]
  }

  private static let rows = [
    Row(testDescription: "open") { [try System.open($0.path, .readOnly)] },
    Row(testDescription: "openNameless") { [try System.openNameless(beside: $0.path)] },
    Row(testDescription: "duplicate") { [try System.duplicate($0.file)] },
    Row(testDescription: "makeEpoll") { _ in [try System.makeEpoll()] },
    Row(testDescription: "pipe") { _ in
      let ends = try System.pipe()
      return [ends.readEnd, ends.writeEnd]
    },
  ]

  @Test(arguments: rows) func isClosedOnExec(_ row: Row) throws {
    for descriptor in try row.make(try CallFixture()) {
      #expect(fcntl(descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
      #expect(descriptor.rawValue > 2)
      try descriptor.close()
    }
  }

  @Test func contextsAreClosedOnExec() throws {
    let ring = try Ring(entries: 1)
    let table = try PosixAIO(capacity: 1, notification: .thread)
    for kind in ["[io_uring]", "[eventfd]"] {
      let found = openDescriptors(named: kind)
      #expect(!found.isEmpty)
      for descriptor in found { #expect(fcntl(descriptor, F_GETFD) != 0) }
    }
    #expect(ring.room > 0)
    #expect(table.take(0) == nil)
  }

  private func openDescriptors(named kind: String) -> [CInt] {
    (0..<4096).filter { number in
      linkTarget(FilePath("/proc/self/fd/\(number)")).contains(kind)
    }
  }

  @Test(arguments: [1, 2, 5]) func openIsMadeAgainAfterASignal(_ times: Int) throws {
    let fixture = try CallFixture()
    let before = SystemCallTally.current
    let faults = (1...times).map { FaultPlan.Fault.fail(.open, nth: $0, with: .interrupted) }
    let opened = try FaultPlan(faults).run { try System.open(fixture.path, .readOnly) }
    try opened.close()
    #expect(SystemCallTally.current.since(before)[.open] == UInt64(times) + 1)
  }

  @Test func aCloseThatIsInterruptedIsDone() throws {
    let fixture = try CallFixture()
    let descriptor = try System.duplicate(fixture.file)
    let before = SystemCallTally.current
    try FaultPlan([.fail(.close, nth: 1, with: .interrupted)]).run {
      try System.close(descriptor)
    }
    #expect(SystemCallTally.current.since(before)[.close] == 1)
  }

  @Test func permissionsAreThoseAsked() throws {
    let directory = try TestDirectory()
    let path = directory.path(of: "new")
    try System.close(try System.open(path, [.writeOnly, .create], permissions: 0o600))
    #expect(try System.status(path).permissions == 0o600)
  }

  @Test func sameFileIsTold() throws {
    let fixture = try CallFixture()
    let file = try System.status(fixture.file)
    #expect(file.isSameFile(as: try System.status(fixture.path)))
    #expect(!file.isSameFile(as: try System.status(fixture.target)))
  }

  @Test(
    arguments: [
      ("/etc/passwd", .regular), ("/", .directory), ("/dev/null", .characterDevice),
    ] as [(FilePath, FileKind)])
  func kindsAreTold(_ path: FilePath, _ kind: FileKind) throws {
    #expect(try System.status(path).kind == kind)
  }

  @Test func kindsOfDescriptorsAreTold() throws {
    let fixture = try CallFixture()
    #expect(try System.status(fixture.full.readEnd).kind == .pipe)
    #expect(try System.status(fixture.epoll).kind == .anonymous)
    #expect(FileKind.allCases.filter(\.isPositional) == [.regular, .blockDevice])
    #expect(!System.isTerminal(fixture.file))
    #expect(System.isEpollable(fixture.full.readEnd))
    #expect(!System.isEpollable(fixture.file))
  }

  @Test func linksAreNotFollowedWhenAsked() throws {
    let directory = try TestDirectory()
    let link = directory.path(of: "link")
    #expect(symlink("nowhere", link.string) == 0)
    #expect(System.isSymbolicLink(link))
    #expect(!System.isSymbolicLink(directory.path))
    #expect(throws: Errno.noSuchFileOrDirectory) { try System.status(link) }
  }

  @Test(arguments: [OpenFlags.readOnly, .writeOnly]) func accessIsTold(_ flags: OpenFlags) throws {
    let opened = try System.open("/dev/null", flags)
    defer { try? opened.close() }
    let status = try System.statusFlags(opened)
    #expect(status.canRead == (flags == .readOnly))
    #expect(status.canWrite == (flags == .writeOnly))
  }

  @Test func aThreadCanHaveDescriptorsOfItsOwn() throws {
    let fixture = try CallFixture()
    let path = fixture.path
    nonisolated(unsafe) var opened: FileDescriptor?
    nonisolated(unsafe) var tally = SystemCallTally.current
    let before = SystemCallTally.current
    try Thread.start {
      try? Thread.unshareDescriptors()
      // Far from any number that other tests get meanwhile.
      opened = (try? System.open(path, .readOnly)).flatMap { first in
        let copy = fcntl(first.rawValue, F_DUPFD_CLOEXEC, 900)
        return copy < 0 ? nil : FileDescriptor(rawValue: copy)
      }
      tally = .current
    }.join()
    let descriptor = try withExtendedLifetime(fixture) { try #require(opened) }
    #expect(fcntl(descriptor.rawValue, F_GETFD) == -1)
    #expect(SystemCallTally.current.since(before)[.unshare] == 1)
    #expect(tally[.unshare] == 1)
  }

  @Test func nobodyHasAskedForTheEnd() {
    #expect(Termination.requested == nil)
  }
}
