import SystemPackage
import Testing
import XIOTestSupport

/// How much room copies take where their sources hold zeros or holes.
@Suite struct CopyHoleTests {
  /// More than what room is asked for in advance.
  private static let size = 3 << 20
  private static let fileSystems: [FileSystemKind] = [.ext4, .xfs, .btrfs]
  private static let ways = [
    "", "--engine=blocking", "--engine=uring", "--cache=direct", "--physical", "--atomic",
  ]

  @Test(arguments: fileSystems, ways)
  func zerosBecomeHoles(_ fileSystem: FileSystemKind, _ way: String) throws {
    let directory = try TestDirectory(on: fileSystem)
    var bytes = [UInt8](repeating: 0, count: Self.size)
    bytes[Self.size / 2] = 1
    let source = try directory.write("source", bytes)
    let target = try copy(source, "--sparse=always", way, in: directory)
    #expect(try allocated(source) >= Self.size)
    #expect(try allocated(target) <= 64 << 10)
    try expectIdentical(source, target)
  }

  /// Extents that are shared would bring the holes along.
  @Test(arguments: fileSystems, ways)
  func holesAreFilled(_ fileSystem: FileSystemKind, _ way: String) throws {
    let directory = try TestDirectory(on: fileSystem)
    let source = try directory.writeSparse("source", count: Self.size)
    let target = try copy(source, "--sparse=never", way, in: directory)
    #expect(try allocated(source) <= 64 << 10)
    #expect(try allocated(target) >= Self.size)
    try expectIdentical(source, target)
  }

  private func copy(
    _ source: FilePath, _ holes: String, _ way: String, in directory: TestDirectory
  ) throws -> FilePath {
    let target = directory.path(of: "target")
    let ways = way.isEmpty ? [] : [way]
    let result = try runXio(["copy", holes] + ways + [source, target] as [any ByteString])
    #expect(result.status == 0, "\(result)")
    return target
  }

  /// The bytes of a file that take room.
  private func allocated(_ file: FilePath) throws -> Int {
    let shown = try TestProgram(try findTool("du"), ["--block-size=1", file]).start().wait()
    return try #require(Int(shown.outputText.prefix { $0.isNumber }), "\(shown)")
  }
}
