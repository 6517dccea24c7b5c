import Foundation
import SystemPackage
import XIOTestSupport

/// As much of JSON Schema as the schemas of this project use.
struct JSONSchema {
  private let root: [String: Any]

  /// Takes a schema.
  init(_ bytes: [UInt8]) throws {
    let value = try JSONSerialization.jsonObject(with: Data(bytes))
    guard let object = value as? [String: Any] else { throw CocoaError(.coderReadCorrupt) }
    root = object
  }

  /// One of the schemas in the documentation.
  static func documented(_ name: String) throws -> JSONSchema {
    var project = FilePath(#filePath)
    for _ in 0..<4 { project.removeLastComponent() }
    return try JSONSchema(try readFile(project.appending("docs/\(name).schema.json")))
  }

  /// What is wrong with a value, each with the path of where.
  func problems(of value: Any) -> [String] { problems(of: value, root, "") }

  private func problems(of value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    if let reference = schema["$ref"] as? String {
      let name = reference.replacing("#/$defs/", with: "")
      guard let found = (root["$defs"] as? [String: Any])?[name] as? [String: Any] else {
        return ["\(path): no definition of \(reference)"]
      }
      return problems(of: value, found, path)
    }
    if let others = schema["oneOf"] as? [[String: Any]] {
      let fitting = others.count { problems(of: value, $0, path).isEmpty }
      return fitting == 1 ? [] : ["\(path): \(fitting) of \(others.count) fit"]
    }
    if let constant = schema["const"] as? Int {
      return value as? Int == constant ? [] : ["\(path): not \(constant)"]
    }
    if let words = schema["enum"] as? [String] {
      return (value as? String).map(words.contains) == true ? [] : ["\(path): none of \(words)"]
    }
    switch schema["type"] as? String {
    case "string": return value is String ? [] : ["\(path): no string"]
    case "null": return value is NSNull ? [] : ["\(path): not null"]
    case "boolean":
      // Numbers of all kinds are objects of one class, which tell what they were made from.
      let isFlag = (value as? NSNumber).map { String(cString: $0.objCType) == "c" }
      return isFlag == true ? [] : ["\(path): no boolean"]
    case "integer":
      guard let number = value as? NSNumber, let least = schema["minimum"] as? Int else {
        return ["\(path): no integer, or no minimum in the schema"]
      }
      let isWhole = number.doubleValue == number.doubleValue.rounded()
      return isWhole && number.doubleValue >= Double(least) ? [] : ["\(path): \(number)"]
    case "array":
      guard let array = value as? [Any], let items = schema["items"] as? [String: Any] else {
        return ["\(path): no array"]
      }
      return array.enumerated().flatMap { problems(of: $1, items, "\(path)[\($0)]") }
    case "object": return problems(ofObject: value, schema, path)
    default: return ["\(path): the schema says nothing"]
    }
  }

  private func problems(
    ofObject value: Any, _ schema: [String: Any], _ path: String
  ) -> [String] {
    guard let object = value as? [String: Any] else { return ["\(path): no object"] }
    let known = schema["properties"] as? [String: Any] ?? [:]
    let missing = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }
    return missing.map { "\(path).\($0): missing" }
      + object.flatMap { name, value -> [String] in
        let others = schema["additionalProperties"] as? [String: Any]
        guard let rule = known[name] as? [String: Any] ?? others else {
          return ["\(path).\(name): not in the schema"]
        }
        return problems(of: value, rule, "\(path).\(name)")
      }
  }
}
