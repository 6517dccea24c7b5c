import ArgumentParser
import Testing

@testable import XIOCommands

/// The declarations of the commands, which the parser checks when they are used.
@Suite struct CommandTests {
  @Test(
    arguments: [
      ["copy", "a", "b"], ["copy", "--", "-a", "b"], ["copy", "--engine", "uring", "a", "b"],
      ["cat"], ["cat", "a", "-"], ["cat", "--report=json"], ["engines"], ["engines", "a"],
      ["--version"], ["--version", "-v"], [],
    ])
  func isAccepted(_ arguments: [String]) throws {
    let command = try Xio.parseAsRoot(arguments)
    let name = arguments.first.flatMap { CommandName(rawValue: $0)?.rawValue } ?? "xio"
    #expect(type(of: command).configuration.commandName == name)
  }

  @Test(
    arguments: [
      ["copy", "-y", "b", "c"], ["copy", "--jobs", "0", "a", "b"],
      ["engines", "a", "b"], ["nothing"], ["cat", "--nothing"],
    ])
  func isRefused(_ arguments: [String]) {
    #expect(throws: (any Error).self) { try Xio.parseAsRoot(arguments) }
  }

  @Test(arguments: [["--help"], ["copy", "--help"], ["cat", "-h"], ["engines", "--help"]])
  func helpFitsIntoEightyColumns(_ arguments: [String]) throws {
    var command = try Xio.parseAsRoot(arguments)
    let error = try #require(throws: (any Error).self) { try command.run() }
    #expect(Xio.exitCode(for: error) == .success)
    let help = Xio.fullMessage(for: error, columns: 80)
    #expect(help.contains("USAGE: xio"))
    for line in help.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test func everyCommandHasAName() {
    #expect(
      Xio.configuration.subcommands.map { $0.configuration.commandName }
        == CommandName.allCases.map(\.rawValue))
  }

  @Test func everyOptionHasHelp() throws {
    for command in Xio.configuration.subcommands {
      let help = command.helpMessage(columns: 80)
      let isOther = [EnginesCommand.self, CompareCommand.self, CacheCommand.self].contains {
        $0 == command
      }
      for name in isOther ? [] : ["engine", "notify", "cache", "explain"] {
        #expect(help.contains("--\(name)"))
      }
    }
  }

  @Test func theVersionSaysMoreWhenAsked() {
    #expect(Version.text(isVerbose: false) == "xio \(Version.number)\n")
    let text = Version.text(isVerbose: true)
    for word in ["kernel ", "liburing ", "engines"] { #expect(text.contains("\n\(word)")) }
    #expect(text.contains(" blocking"))
  }

  @Test func tablesAreAligned() {
    var table = Table(["A", "LONGER", "LAST"])
    table.add(["first", "b", ""])
    table.add(["\u{E9}", "", "end"])
    #expect(table.text == "A      LONGER  LAST\nfirst  b\n\u{E9}              end\n")
  }
}
