import Foundation
import Testing

/// The rules that a machine can check, over every file they apply to.
@Suite struct RepositoryTests {
  @Test(
    arguments: [
      ("file length", checkFileLength), ("function length", checkFunctionLength),
      ("markers", checkMarkers), ("white space", checkWhitespace), ("calls", checkCalls),
      ("imports", checkImports),
    ] as [(String, @Sendable (SourceFile) -> [Violation])])
  func everyFileKeeps(_ name: String, _ rule: @Sendable (SourceFile) -> [Violation]) throws {
    for violation in try repositoryFiles().flatMap(rule) {
      Issue.record("\(violation)")
    }
  }

  @Test func findsTheRepository() throws {
    let paths = try repositoryFiles().map(\.path)
    #expect(paths.contains("Package.swift"))
    #expect(paths.contains("Tests/TidyTests/RepositoryTests.swift"))
    #expect(!paths.contains { $0.contains(".build") })
  }
}

/// Reads every source, test and script of the repository this file is in.
private func repositoryFiles() throws -> [SourceFile] {
  var root = URL(fileURLWithPath: #filePath)
  for _ in 0..<3 { root.deleteLastPathComponent() }
  let suffixes = [".swift", ".c", ".h", ".sh"]
  var paths = ["Package.swift", "Makefile", ".ci/run"]
  for directory in ["Sources", "Tests", "scripts"] {
    let names = try FileManager.default.subpathsOfDirectory(
      atPath: root.appendingPathComponent(directory).path)
    paths += names.filter { name in suffixes.contains { name.hasSuffix($0) } }
      .map { "\(directory)/\($0)" }
  }
  return try paths.sorted().map { path in
    let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    return SourceFile(path, text)
  }
}
