import SystemPackage
import Testing
import XIOTestSupport

/// Runs a command and GNU's tool of that name, and expects that nobody could tell them apart.
struct GNUComparison {
  let command: String
  let directory: TestDirectory

  /// Takes a directory to run in; without one, makes it.
  init(_ command: String, in directory: TestDirectory? = nil) throws {
    self.command = command
    self.directory = try directory ?? TestDirectory()
  }

  private var tool: FilePath { FilePath("/usr/bin/\(command)") }

  /// Compares what both print, say and return.
  ///
  /// - Parameters:
  ///   - arguments: What GNU's tool is told.
  ///   - options: What ours is told besides.
  ///   - input: Standard input; each gets its own.
  ///   - sourceLocation: Where an issue is recorded.
  /// - Throws: `SupportFailure` when one cannot be started.
  func expectSame(
    _ arguments: [String], _ options: [String] = [], input: ProgramInput = .null,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var ours = try xioProgram([command] + options + arguments)
    var theirs = TestProgram(tool, arguments)
    (ours.input, theirs.input) = (input, input)
    ours.workingDirectory = directory.path
    theirs.workingDirectory = directory.path
    theirs.environment = ["LC_ALL": "C"]
    theirs.argumentZero = "xio \(command)"
    let (result, expected) = (try ours.run(), try theirs.run())
    #expect(result.ending == expected.ending, "\(result)", sourceLocation: sourceLocation)
    #expect(result.errorText == expected.errorText, "\(result)", sourceLocation: sourceLocation)
    // Not compared by #expect, which would show megabytes.
    let isEqual = isSame(result.output, expected.output)
    #expect(
      isEqual, "\(result.output.count), not \(expected.output.count) bytes: \(result.command)",
      sourceLocation: sourceLocation)
  }

  /// Runs a script in which `$TAIL`, say, is the command, with ours and with GNU's, and compares what it
  /// prints.
  func expectSame(
    script: String, _ options: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    func run(_ program: String) throws -> ProgramResult {
      var shell = TestProgram("/bin/bash", ["-c", script])
      shell.environment = [command.uppercased(): program, "LC_ALL": "C"]
      shell.workingDirectory = directory.path
      return try shell.run()
    }
    let ours = try run((["\(try locateXio())", command] + options).joined(separator: " "))
    let theirs = try run(tool.string)
    #expect(ours.ending == theirs.ending, "\(ours)", sourceLocation: sourceLocation)
    let isEqual = isSame(ours.output, theirs.output)
    #expect(
      isEqual, "\(ours.output.count), not \(theirs.output.count) bytes: \(ours)",
      sourceLocation: sourceLocation)
  }
}
