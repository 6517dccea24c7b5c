import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// What engines say they can do with a descriptor.
@Suite struct InspectionTests {
  private typealias Readiness = DescriptorReport.Readiness

  /// An open descriptor, closed when the object goes.
  private final class Held: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

    convenience init(_ path: FilePath, _ flags: OpenFlags = .readOnly) throws {
      self.init(try System.open(path, flags))
    }

    deinit { try? descriptor.close() }
  }

  @Test(arguments: FileSystemKind.allCases)
  func factsOfFiles(_ fileSystem: FileSystemKind) throws {
    let directory = try TestDirectory(on: fileSystem)
    let file = try Held(try directory.write("file", [1]))
    let facts = try DescriptorFacts(file.descriptor)
    #expect(facts.kind == .regular && !facts.isTerminal)
    #expect(facts.canRead && !facts.canWrite)
    #expect(!facts.isPollable && !facts.signals)
    #expect(facts.number == file.descriptor.rawValue)
    #expect(facts.isInMemory == (fileSystem == .tmpfs))
    #expect((facts.directAlignment == nil) == (fileSystem == .tmpfs))
    #expect(
      facts.dontCache
        == ([.ext4, .xfs].contains(fileSystem)
          ? .honoured : .refused(.notSupported)))
    #expect(facts.noWait == (fileSystem == .tmpfs ? .refused(.notSupported) : .honoured))
    #expect(try System.position(file.descriptor) == 0)
    let written = try Held(directory.path(of: "file"), .writeOnly)
    let blind = try DescriptorFacts(written.descriptor)
    #expect(!blind.canRead && blind.canWrite)
    #expect(blind.dontCache == .notApplicable && blind.noWait == .notApplicable)
  }

  @Test(arguments: StreamKind.allCases)
  func factsOfStreams(_ kind: StreamKind) throws {
    let pair = try StreamPair(kind, in: try TestDirectory())
    for end in [pair.reader, pair.writer] {
      let before = try System.statusFlags(end.descriptor)
      let facts = try DescriptorFacts(end.descriptor)
      #expect(facts.kind == kind.fileKind && facts.isTerminal == (kind == .pty))
      #expect(facts.isPollable && facts.signals)
      #expect(facts.noWait == .notApplicable && facts.dontCache == .notApplicable)
      #expect(facts.directAlignment == nil && !facts.isInMemory)
      #expect(try System.statusFlags(end.descriptor) == before)
    }
    #expect(try DescriptorFacts(pair.reader.descriptor).canRead)
    #expect(try DescriptorFacts(pair.writer.descriptor).canWrite)
  }

  @Test func factsOfOthers() throws {
    let inotify = Held(FileDescriptor(rawValue: inotify_init1(CInt(IN_CLOEXEC))))
    let watching = try DescriptorFacts(inotify.descriptor)
    #expect(watching.kind == .anonymous && watching.isPollable && watching.signals)
    let sink = try Held("/dev/null")
    let null = try DescriptorFacts(sink.descriptor)
    #expect(null.kind == .characterDevice && !null.isTerminal)
    #expect(!null.isPollable && !null.signals)
    let root = try Held("/")
    let folder = try DescriptorFacts(root.descriptor)
    #expect(folder.kind == .directory && !folder.isPollable)
    #expect(throws: Errno.badFileDescriptor) {
      try DescriptorFacts(FileDescriptor(rawValue: -1))
    }
  }

  @Test(arguments: EngineName.allCases)
  func reportsOfStreams(_ engine: EngineName) throws {
    let expected: Readiness =
      switch engine {
      case .blocking, .kernel: .blocks
      case .nonblocking: .retries
      case .select, .poll, .epoll, .sigio, .libaio, .uring: .waits
      case .posixAIO: .onHelper
      }
    for kind in StreamKind.allCases {
      let pair = try StreamPair(kind, in: try TestDirectory())
      #expect(try report(engine, pair.reader.descriptor).readiness == expected)
    }
    let inotify = Held(FileDescriptor(rawValue: inotify_init1(CInt(IN_CLOEXEC))))
    #expect(try report(engine, inotify.descriptor).readiness == expected)
  }

  @Test(arguments: EngineName.allCases, FileSystemKind.allCases)
  func reportsOfFiles(_ engine: EngineName, _ fileSystem: FileSystemKind) throws {
    let expected: Readiness =
      switch engine {
      case .blocking, .kernel: .blocks
      case .nonblocking: fileSystem == .tmpfs ? .alwaysReady : .retries
      case .select, .poll, .epoll, .sigio: .alwaysReady
      case .posixAIO: .onHelper
      case .libaio: .inSubmission
      case .uring: .inKernel
      }
    let directory = try TestDirectory(on: fileSystem)
    let file = try Held(try directory.write("file", [1]))
    let report = try report(engine, file.descriptor)
    #expect(report.readiness == expected)
    if expected == .alwaysReady { #expect(!report.remark.isEmpty) }
    if engine == .libaio {
      #expect(report.remark.contains(fileSystem == .tmpfs ? "no O_DIRECT" : "--cache direct"))
    }
  }

  @Test(arguments: EngineName.allCases)
  func reportsOfNull(_ engine: EngineName) throws {
    let null = try Held("/dev/null")
    let readiness = try report(engine, null.descriptor).readiness
    switch engine {
    case .nonblocking, .select, .poll, .epoll, .sigio, .libaio: #expect(readiness == .alwaysReady)
    case .blocking, .kernel: #expect(readiness == .blocks)
    case .posixAIO: #expect(readiness == .onHelper)
    case .uring: #expect(readiness == .inKernel)
    }
  }

  @Test func theRegistryKnowsEveryEngine() {
    for engine in EngineName.allCases {
      #expect(Registry.description(of: engine).name == engine)
      let traits = Registry.description(of: engine).traits
      #expect(!traits.onFiles.isEmpty && !traits.onStreams.isEmpty && traits.defaultDepth > 0)
      guard case .available = Registry.description(of: engine).availability() else {
        Issue.record("\(engine) is not available")
        continue
      }
    }
    #expect(Registry.all.count == EngineName.allCases.count)
  }

  private func report(
    _ engine: EngineName, _ descriptor: FileDescriptor
  ) throws -> DescriptorReport {
    Registry.description(of: engine).inspect(try DescriptorFacts(descriptor))
  }
}
