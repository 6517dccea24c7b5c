internal import FoundationEssentials

/// The parser's own description of a command, of which it offers no type.
struct ParserDump: Decodable {
  struct Name: Decodable {
    var kind: String
    var name: String
  }

  struct Values: Decodable {
    var values: [String]
  }

  struct Completion: Decodable {
    var list: Values?
    var file: [String: [String]]?
    var directory: [String: String]?
  }

  struct Argument: Decodable {
    var kind: String
    var shouldDisplay: Bool
    var sectionTitle: String?
    var isRepeating: Bool
    var names: [Name]?
    var valueName: String?
    var defaultValue: String?
    var allValues: [String]?
    var completionKind: Completion?
    var abstract: String?
  }

  struct Command: Decodable {
    var commandName: String
    var shouldDisplay: Bool?
    var abstract: String?
    var subcommands: [Command]?
    var arguments: [Argument]?
  }

  var serializationVersion: Int
  var command: Command

  /// Reads a description.
  ///
  /// - Throws: `DocsError` when its form is not known; `DecodingError`.
  init(json: String) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(json.utf8))
    guard serializationVersion == 0 else {
      throw DocsError("the parser's description has form \(serializationVersion), not 0")
    }
  }
}

/// Why a document cannot be made.
public struct DocsError: Error, CustomStringConvertible {
  /// What is wrong.
  public var description: String

  init(_ description: String) {
    self.description = description
  }
}
