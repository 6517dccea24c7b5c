internal import FoundationEssentials

extension Report {
  /// The report as one JSON object, keys sorted, with a final newline.
  ///
  /// - Throws: Never in practice: every field is a number, a string or null.
  public func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return try Array(encoder.encode(self)) + [UInt8(ascii: "\n")]
  }
}
