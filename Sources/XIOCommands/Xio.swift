internal import ArgumentParser

/// The program's commands.
struct Xio: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xio",
    abstract: "Move bytes by the I/O model of your choice, and learn what the kernel did.",
    subcommands: [
      CopyCommand.self, CatCommand.self, TailCommand.self, FaninCommand.self,
      CompareCommand.self, EnginesCommand.self, CacheCommand.self,
    ])

  @Flag(help: "Print the version.")
  var version = false

  @Flag(name: .shortAndLong, help: "With --version: name the kernel and the engines, too.")
  var verbose = false

  func run() throws {
    guard version else {
      if verbose { throw ValidationError("--verbose goes with --version") }
      throw CleanExit.helpRequest(self)
    }
    let status = StandardStreams.print(Version.text(isVerbose: verbose))
    if status != .success { throw status }
  }
}

/// The names of commands, which are known without anything being made of the commands.
enum CommandName: String, CaseIterable {
  case copy, cat, tail, fanin, compare, engines, cache
}
