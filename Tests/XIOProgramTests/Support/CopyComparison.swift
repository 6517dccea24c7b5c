import SystemPackage
import Testing
import XIOTestSupport

/// Runs scripts in which `$CP` is a cp, with ours and with GNU's.
enum CopyComparison {
  /// Expects that nobody could tell which of the two ran.
  static func expectSame(
    _ script: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let places = [try TestDirectory(), try TestDirectory()]
    let theirs = try run(script, "/usr/bin/cp", places[0])
    let ours = try run(script, try Self.ours(places[1]), places[1])
    #expect(ours.status == theirs.status, "\(ours)", sourceLocation: sourceLocation)
    #expect(ours.outputText == theirs.outputText, "\(ours)", sourceLocation: sourceLocation)
    #expect(
      words(ours) == words(theirs), "\(ours) and not \(theirs)", sourceLocation: sourceLocation)
    let trees = try places.map { try listing($0) }
    #expect(trees[1] == trees[0], "\(ours)", sourceLocation: sourceLocation)
  }

  /// Runs a script in a directory of the one that is given, in which a link to our program may be.
  static func run(
    _ script: String, _ program: String, _ directory: TestDirectory
  ) throws -> ProgramResult {
    if try !directory.has("work") { try directory.makeDirectory("work") }
    var shell = TestProgram("/bin/bash", ["-c", script])
    shell.environment = ["CP": program, "LC_ALL": "C"]
    shell.workingDirectory = directory.path(of: "work")
    return try shell.run()
  }

  /// Our program, called by the name of cp.
  static func ours(_ directory: TestDirectory) throws -> String {
    try directory.makeLink("cp", to: try locateXio()).string
  }

  /// What was said, without what names the program and tells about its help.
  private static func words(_ result: ProgramResult) -> [String] {
    result.errorText.split(separator: "\n").map { String($0) }
      .filter { !$0.hasPrefix("Try '") && !$0.hasPrefix("hint: try") }
      .map { line in
        // A question comes before it on the same line.
        let parts = line.split(separator: "/usr/bin/cp: ", omittingEmptySubsequences: false)
        let line = parts.joined(separator: "cp: ")
        // Since 9.10 the source is named, too.
        return line.replacing(/(cannot overwrite directory .* with non-directory) .*/) {
          $0.output.1
        }
      }
  }

  /// Everything that is there, with what can be compared between two moments.
  private static func listing(_ directory: TestDirectory) throws -> String {
    let script = """
      find . -printf '%P %y %m %n %U:%G %l\\n' | sort
      find . -type f -exec md5sum {} + | sort
      """
    var shell = TestProgram("/bin/bash", ["-c", script])
    shell.workingDirectory = directory.path(of: "work")
    return try shell.run().outputText
  }
}
