import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// One case of the matrix: what happens to the log, where it is, who follows it and how that waits.
struct RotationCase: Sendable, CustomTestStringConvertible {
  var scenario: RotationScenario
  var fileSystem: FileSystemKind
  var engine: String
  var command = FollowingCommand.tail

  var testDescription: String { "\(scenario) on \(fileSystem) with \(engine)" }

  /// File systems and engines that everything is tried on.
  static let places: [(FileSystemKind, String)] =
    [FileSystemKind.ext4, .xfs, .tmpfs, .overlayfs].flatMap { fileSystem in
      ["epoll", "uring", "sigio", "nonblocking"].map { (fileSystem, $0) }
    }
  private static let otherEngines = ["posix-aio", "libaio", "poll", "select", "blocking"]

  /// Everything everywhere, or what makes a pair of each two of scenario, file system and engine.
  static let all: [RotationCase] =
    (runsFullSize
      ? RotationScenario.allCases.flatMap { scenario in
        places.map { RotationCase(scenario: scenario, fileSystem: $0, engine: $1) }
      }
      : RotationScenario.allCases.filter { !$0.lastsLong }.enumerated().flatMap {
        number, scenario in
        (0..<4).map { row in
          let (fileSystem, engine) = (places[4 * row].0, places[(number + row) % 4].1)
          return RotationCase(scenario: scenario, fileSystem: fileSystem, engine: engine)
        }
      })
    + otherEngines.flatMap { engine in
      [RotationScenario.renamedThenMade20, .copiedThenCut].map {
        RotationCase(scenario: $0, fileSystem: .tmpfs, engine: engine)
      }
    }

  /// Every scenario below `fanin`, each in another place.
  static let gathered: [RotationCase] = {
    let some = stride(from: 0, to: places.count, by: 5).map { places[$0] }
    let chosen =
      some + zip([FileSystemKind.ext4, .xfs, .tmpfs, .overlayfs, .tmpfs], otherEngines)
    // There the reader is slow in any case, and would take its time for millions of bytes.
    let scenarios = RotationScenario.allCases.filter { !$0.lastsLong }
    return scenarios.enumerated().map { index, scenario in
      let (fileSystem, engine) = chosen[index % chosen.count]
      return RotationCase(
        scenario: scenario, fileSystem: fileSystem, engine: engine, command: .fanin)
    }
  }()
}

/// Who follows the log.
enum FollowingCommand: Sendable {
  case tail
  /// It has a FIFO and a socket to serve beside the log, and a reader that is slow.
  case fanin
}

/// A log, who writes it and who follows it.
final class RotationStage {
  let directory: TestDirectory
  /// The directory of the log, which a case may replace.
  let logs: FilePath
  let log: FilePath
  let writer: LogWriter
  let follower: Follower
  private let rotation: RotationCase
  /// Who writes to a FIFO and to a socket whenever the log is written to.
  private var companions: [LogWriter] = []
  private let streams: TestDirectory?
  /// How much is printed of what was there before the follow began.
  private let before: Int
  private var moves = 0

  /// Writes a log of a few lines, and begins to follow it.
  init(
    _ rotation: RotationCase, reads: Bool = true, appends: Bool = true, options: [String] = [],
    operands: (RotationStage.Place) throws -> [FilePath] = { [$0.log] }
  ) throws {
    self.rotation = rotation
    directory = try TestDirectory(on: rotation.fileSystem)
    logs = try directory.makeDirectory("logs")
    log = logs.appending("a.log")
    let names = try operands(Place(directory: directory, logs: logs, log: log))
    writer = try LogWriter(log, appends: appends)
    try writer.write(5)
    let engine = ["--engine", rotation.engine]
    switch rotation.command {
    case .tail:
      streams = nil
      before = writer.byteCount * (names.count - 1)
      follower = try Follower(
        ["-q", "-n", "+1", "-F"] + engine + options + names as [any ByteString], reads: reads)
    case .fanin:
      let streams = try TestDirectory(on: .tmpfs)
      let (fifo, socket) = (try streams.makeFIFO("fifo"), streams.path(of: "socket"))
      self.streams = streams
      before = 0
      follower = try Follower(
        "fanin", engine + names + [fifo, "unix-listen:\(socket)"] as [any ByteString],
        reading: .slowly(64 << 10))
      let companions = [
        LogWriter(to: try openWriter(fifo), letter: UInt8(ascii: "p")),
        LogWriter(to: try TestSocket.connect(socket), letter: UInt8(ascii: "s")),
      ]
      self.companions = companions
      writer.onWrite = { for companion in companions { companion.offer() } }
    }
    try expectAll()
  }

  /// Where the log is going to be.
  struct Place {
    let directory: TestDirectory
    let logs: FilePath, log: FilePath
  }

  /// Waits until everything is printed that was written.
  func expectAll() throws {
    let others = companions.reduce(0) { $0 + $1.byteCount }
    try follower.expect(before + writer.byteCount + others, within: .seconds(60))
  }

  /// Gives the log another name, as the first of a few old ones.
  func moveAway() throws {
    for number in stride(from: 4, through: 1, by: -1) where exists(old(number)) {
      try move(old(number), to: old(number + 1))
    }
    try move(log, to: old(1))
  }

  func old(_ number: Int) -> FilePath { logs.appending("a.log.\(number)") }

  /// Ends the follow, and expects every line once, whole and in its place.
  func expectPerfection(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try writer.write(1)
    let waiting = Result { try expectAll() }
    let result = try follower.finish(sourceLocation: sourceLocation)
    let counts = (companions + [writer]).map { ($0.letter, $0.count) }
    let check = LineCheck(
      result.output.dropFirst(before), counts: Dictionary(uniqueKeysWithValues: counts))
    // What has two names comes from two sources, which have an order each.
    let hasOneOrder = rotation.command == .tail || !rotation.scenario.isNamedTwice
    #expect(
      hasOneOrder ? check.isPerfect : check.isComplete,
      "\(check); of \(writer.count)\n\(result.errorText)",
      sourceLocation: sourceLocation)
    #expect(
      !result.errorText.contains("lost") && !result.errorText.contains("gone before"),
      "\(result)", sourceLocation: sourceLocation)
    #expect(result.ending == .signal(SIGTERM), "\(result)", sourceLocation: sourceLocation)
    try waiting.get()
  }
}

/// Renames a file.
func move(_ file: FilePath, to name: FilePath) throws {
  let code = file.withPlatformString { old in name.withPlatformString { rename(old, $0) } }
  try #require(code == 0, "rename \(file) to \(name): \(Errno(rawValue: errno))")
}

/// Makes an empty file, which must not be there.
func makeEmpty(_ file: FilePath) throws {
  try FileDescriptor.open(
    file, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
    permissions: [.ownerReadWrite, .groupRead, .otherRead]
  ).close()
}

/// Whether there is something of a name.
func exists(_ file: FilePath) -> Bool {
  file.withPlatformString { access($0, F_OK) } == 0
}
