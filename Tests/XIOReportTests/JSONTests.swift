import Foundation
import Testing
import XIOEngines

@testable import XIOReport

/// The report as JSON: its keys, its nulls and their reasons.
@Suite struct JSONTests {
  private func decoded(_ sample: SampleReport) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(try sample.make().json()))
    return try #require(object as? [String: Any])
  }

  /// Visits every value below one, with its path as `unknown` writes it.
  private func walk(_ value: Any, _ path: String, _ visit: (String, Any) -> Void) {
    visit(path, value)
    if let object = value as? [String: Any] {
      for (key, value) in object { walk(value, path.isEmpty ? key : "\(path).\(key)", visit) }
    } else if let list = value as? [Any] {
      for (index, value) in list.enumerated() { walk(value, "\(path)[\(index)]", visit) }
    }
  }

  @Test(arguments: SampleReport.all) func everyNullHasItsReason(_ sample: SampleReport) throws {
    let report = try decoded(sample)
    var nulls: Set<String> = []
    walk(report, "") { path, value in if value is NSNull { nulls.insert(path) } }
    let reasons = try #require(report["unknown"] as? [String: String])
    #expect(nulls == Set(reasons.keys))
    #expect(reasons.values.allSatisfy { !$0.isEmpty })
  }

  @Test(arguments: SampleReport.all) func keysAreInSnakeCase(_ sample: SampleReport) throws {
    var report = try decoded(sample)
    report["unknown"] = nil
    walk(report, "") { path, value in
      for key in (value as? [String: Any] ?? [:]).keys {
        #expect(key.wholeMatch(of: /[a-z][a-z0-9]*(_[a-z0-9]+)*/) != nil, "\(path).\(key)")
      }
    }
  }

  @Test(arguments: SampleReport.all) func keysAreSorted(_ sample: SampleReport) throws {
    let text = String(decoding: try sample.make().json(), as: UTF8.self)
    #expect(text.hasSuffix("}\n"))
    // One key a line: those that follow each other at one depth, with nothing shallower between,
    // belong to one object.
    var last: [Int: String] = [:]
    var keys = 0
    for line in text.split(separator: "\n") {
      let depth = line.prefix { $0 == " " }.count
      last = last.filter { $0.key <= depth }
      guard let match = line.firstMatch(of: /^ *"([^"]*)" ?:/) else { continue }
      let key = String(match.1)
      if let before = last[depth] { #expect(before < key, "\(line)") }
      last[depth] = key
      keys += 1
    }
    #expect(keys > 60)
  }

  @Test func valuesAreThoseOfTheReport() throws {
    let report = try decoded(SampleReport(testDescription: "", engine: .posixAIO))
    #expect(report["version"] as? Int == 1)
    #expect(report["command"] as? String == "copy")
    #expect(report["status"] as? String == "failed")
    let engine = try #require(report["engine"] as? [String: Any])
    #expect(engine["asked"] as? String == "posix-aio")
    #expect(engine["notify"] as? String == "suspend")
    #expect(engine["queue_depth"] as? Int == 8)
    #expect(engine["queue_depth_in_use"] as? Int == 1)
  }

  @Test func aNumberIsKnownOrHasAReason() throws {
    struct Pair: Encodable {
      var known = Known<Int>.value(7)
      var unknown = Known<Int>(nil, else: "nobody counted")
    }
    let text = String(decoding: try JSONEncoder().encode(Pair()), as: UTF8.self)
    #expect(text.contains(#""known":7"#))
    #expect(text.contains(#""unknown":null"#))
    #expect(Pair().known.value == 7)
    #expect(Pair().known.reason == nil)
    #expect(Pair().unknown.value == nil)
    #expect(Pair().unknown.reason == "nobody counted")
    #expect(Known(0, else: "never").value == 0)
  }
}
