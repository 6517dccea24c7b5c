import SystemPackage
import Testing
import XIOTestSupport

/// Expects that a program did everything and had nothing to say.
func expectQuietSuccess(
  _ result: ProgramResult, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(
    result.ending == .status(0) && result.errorOutput.isEmpty, "\(result)",
    sourceLocation: sourceLocation)
}

/// Expects a failure that is explained in one line, which holds all `parts`, with at most one hint.
func expectMessage(
  _ result: ProgramResult, _ parts: String..., status: CInt = 1,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let lines = result.errorText.split(separator: "\n", omittingEmptySubsequences: false)
  let message = lines.first ?? ""
  let hints = lines.dropFirst().dropLast()
  #expect(result.ending == .status(status), "\(result)", sourceLocation: sourceLocation)
  #expect(message.hasPrefix("xio"), "\(result)", sourceLocation: sourceLocation)
  #expect(
    lines.last == "" && hints.count <= 1 && hints.allSatisfy { $0.hasPrefix("hint: ") },
    "\(result)", sourceLocation: sourceLocation)
  for part in parts {
    #expect(message.contains(part), "\(result)", sourceLocation: sourceLocation)
  }
}

/// Expects that no line is wider than a terminal.
func expectNarrow(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
  for line in text.split(separator: "\n") {
    #expect(line.count <= 80, "\(line.count) columns: \(line)", sourceLocation: sourceLocation)
  }
}
