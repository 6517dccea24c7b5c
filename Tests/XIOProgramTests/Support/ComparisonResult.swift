import Foundation
import SystemPackage
import Testing
import XIOTestSupport

/// What `compare --json` prints, as a user reads it.
struct ComparisonResult {
  let report: JSONReport

  /// Runs the command and expects success.
  init(
    _ arguments: [any ByteString], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try runXio(
      ["compare", "--json"] + arguments as [any ByteString], timeLimit: .seconds(240))
    #expect(
      result.status == 0 && result.errorText.isEmpty, "\(result)", sourceLocation: sourceLocation)
    try self.init(result)
  }

  /// Reads what was printed.
  init(_ result: ProgramResult) throws {
    report = try JSONReport(result.output)
  }

  /// Settings and runs, as they stand there.
  var settings: [[String: Any]] { report.fields["settings"] as? [[String: Any]] ?? [] }
  var runs: [[String: Any]] { report.fields["runs"] as? [[String: Any]] ?? [] }

  /// The index of the setting of each run.
  var order: [Int] { runs.compactMap { $0["setting"] as? Int } }

  /// The runs of the settings that have these values.
  func runs(_ values: [String: String]) -> [[String: Any]] {
    let indices = settings.indices.filter { index in
      values.allSatisfy { name, value in settings[index][name].map { "\($0)" } == value }
    }
    return runs.filter { indices.contains($0["setting"] as? Int ?? -1) }
  }

  /// The median of a number of these runs, by its path.
  func median(
    _ path: String, _ values: [String: String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Int {
    let numbers = runs(values).compactMap { Self.value($0, path) as? Int }.sorted()
    try #require(!numbers.isEmpty, "\(path) of \(values)", sourceLocation: sourceLocation)
    return numbers[numbers.count / 2]
  }

  /// What stands at a path such as `report.bytes.total`.
  static func value(_ object: [String: Any], _ path: String) -> Any? {
    path.split(separator: ".").reduce(object as Any?) { found, name in
      (found as? [String: Any])?[String(name)]
    }
  }
}
