import Foundation
import SystemPackage
import Testing
import XIOTestSupport

/// A report in JSON, as a user reads it.
struct JSONReport {
  let fields: [String: Any]

  /// Parses a report that is one object and nothing else.
  init(_ bytes: [UInt8]) throws {
    let value = try JSONSerialization.jsonObject(with: Data(bytes))
    fields = try #require(value as? [String: Any])
  }

  /// Returns the object under a name.
  func object(_ name: String) throws -> [String: Any] {
    try #require(fields[name] as? [String: Any], "\(name) of \(fields)")
  }

  /// Returns the number in an object.
  func number(_ object: String, _ name: String) throws -> Int {
    try #require(try self.object(object)[name] as? Int, "\(object).\(name)")
  }

  /// Returns what is said of the file with a role.
  func cachedFile(_ role: String) throws -> [String: Any] {
    let files = try #require(fields["page_cache"] as? [[String: Any]])
    return try #require(files.first { $0["role"] as? String == role }, "\(files)")
  }

  /// Returns the page counts of a file, `before` or `after`.
  func pages(_ role: String, _ moment: String) throws -> [String: Any] {
    try #require(try cachedFile(role)[moment] as? [String: Any])
  }

  /// Expects the page counts that the test found itself.
  func expectPages(
    _ role: String, before: Residency, after: Residency,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for (moment, expected) in [("before", before), ("after", after)] {
      let pages = try pages(role, moment)
      let counted = [
        pages["resident_pages"] as? Int, pages["dirty_pages"] as? Int,
        pages["writeback_pages"] as? Int,
      ]
      #expect(
        counted == [expected.residentPages, expected.dirtyPages, expected.writebackPages],
        "\(role) \(moment)", sourceLocation: sourceLocation)
    }
  }

  /// The paths of all values that are null.
  var nullPaths: Set<String> { Set(Self.nulls(in: fields, at: "")) }

  private static func nulls(in value: Any, at path: String) -> [String] {
    switch value {
    case is NSNull: [path]
    case let object as [String: Any]:
      object.flatMap { nulls(in: $0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)") }
    case let array as [Any]:
      array.enumerated().flatMap { nulls(in: $0.element, at: "\(path)[\($0.offset)]") }
    default: []
    }
  }
}

/// Runs the program with a report to a file, expects success and returns the report.
func runReporting(
  _ arguments: [any ByteString], input: ProgramInput = .null, output: ProgramOutput = .null,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> JSONReport {
  let directory = try TestDirectory()
  let file = directory.path(of: "report")
  let result = try runXio(
    arguments + ["--report=json", "--report-to", file] as [any ByteString], input: input,
    output: output)
  expectQuietSuccess(result, sourceLocation: sourceLocation)
  return try JSONReport(try directory.read("report"))
}
