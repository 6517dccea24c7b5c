import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// A kind of source and a kind of target.
struct Route: Sendable, CustomTestStringConvertible {
  var source: EndKind
  var target: EndKind

  init(_ source: EndKind, _ target: EndKind) {
    self.source = source
    self.target = target
  }

  var testDescription: String { "\(source) to \(target)" }

  var hasTerminal: Bool { source == .stream(.pty) || target == .stream(.pty) }

  static let files = FileSystemKind.allCases.map { Route(.file($0), .file($0)) }

  static let streams = [
    Route(.stream(.pipe), .stream(.pipe)), Route(.stream(.fifo), .stream(.fifo)),
    Route(.stream(.socket), .stream(.socket)), Route(.stream(.pty), .stream(.pipe)),
    Route(.stream(.pipe), .stream(.pty)),
  ]

  static let mixed =
    FileSystemKind.allCases.flatMap {
      [Route(.file($0), .stream(.pipe)), Route(.stream(.pipe), .file($0))]
    } + [
      Route(.file(.ext4), .stream(.socket)), Route(.stream(.socket), .file(.ext4)),
      Route(.stream(.fifo), .file(.ext4)), Route(.file(.ext4), .stream(.fifo)),
      Route(.stream(.pty), .file(.ext4)), Route(.file(.ext4), .stream(.pty)),
    ]

  /// The directory in which the ends have their names.
  func makeDirectory() throws -> TestDirectory {
    if case .file(let fileSystem) = source { return try TestDirectory(on: fileSystem) }
    if case .file(let fileSystem) = target { return try TestDirectory(on: fileSystem) }
    return try TestDirectory()
  }
}

/// Every engine moves all bytes in order, whatever they come from and go to.
@Suite struct TransferTests {
  private static let blockSize = 8192
  private static let sizes = [
    0, 1, 4095, 4096, 4097, blockSize - 1, blockSize, blockSize + 1, 5 * blockSize + 123,
  ]

  @Test(arguments: EngineVariant.all, Route.files)
  func movesFiles(_ variant: EngineVariant, _ route: Route) throws {
    try moves(variant, route)
  }

  @Test(arguments: EngineVariant.all, Route.streams)
  func movesStreams(_ variant: EngineVariant, _ route: Route) throws {
    try moves(variant, route)
  }

  @Test(arguments: EngineVariant.all, Route.mixed)
  func movesBetweenFilesAndStreams(_ variant: EngineVariant, _ route: Route) throws {
    try moves(variant, route)
  }

  private func moves(_ variant: EngineVariant, _ route: Route) throws {
    let directory = try route.makeDirectory()
    // Before there are readers, who would wait in vain for as long as others are alone.
    try variant.alone {
      for depth in [1, 2, 8] {
        try moves(variant, route, depth, in: directory)
      }
    }
  }

  private func moves(
    _ variant: EngineVariant, _ route: Route, _ depth: Int, in directory: TestDirectory
  ) throws {
    let contents = Self.sizes.map { randomBytes($0, seed: UInt64($0 + depth)) }
    let targets = try contents.map {
      try Target(route.target, expecting: $0.count, in: directory)
    }
    let sources = try zip(contents, targets).map { bytes, target in
      try Source(route.source, bytes, in: directory) { target.count >= bytes.count }
    }
    defer { for source in sources { source.close() } }
    let ends = zip(sources, targets).map { ($0.endpoint, $1.endpoint) }
    let before = try ends.map { try flags($0, $1) }
    let output = try variant.transfer(ends, depth: depth, blockSize: Self.blockSize)
    let after = try ends.map { try flags($0, $1) }
    #expect(zip(before, after).allSatisfy(==), "status flags, depth \(depth)")
    for (index, (bytes, result)) in zip(contents, output.results).enumerated() {
      let comment = "\(bytes.count) bytes, depth \(depth)"
      // A terminal that is hung up may say so by an error rather than by its end.
      let errors: [Errno] = [.ioError, .invalidArgument]
      let isHangUp =
        route.source == .stream(.pty) && result.failure.map { errors.contains($0.errno) } == true
      #expect(
        result.failure == nil || isHangUp, "\(comment): \(String(describing: result.failure))")
      #expect(result.bytesDelivered == Int64(bytes.count), "\(comment)")
      let arrived = try targets[index].finish()
      expectSame(bytes, arrived, comment)
    }
  }

  private func flags(_ source: Endpoint, _ target: Endpoint) throws -> [StatusFlags] {
    [try System.statusFlags(source.descriptor), try System.statusFlags(target.descriptor)]
  }
}
