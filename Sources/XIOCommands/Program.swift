internal import ArgumentParser
internal import Glibc
internal import SystemPackage
internal import XIOCat
internal import XIOSystem

/// The program as a whole: from its arguments to its exit status.
public enum Program {
  /// Runs the command that the arguments name, and ends the process with its status.
  public static func main() -> Never {
    ProcessEnvironment.restore()
    _ = StandardStreams.closed
    let brokenPipesWereIgnored = Termination.ignoreBrokenPipes()
    let status = QuickStart.run() ?? run(Arguments.raw())
    if let signal = Termination.signal { Termination.raise(signal) }
    if status == .readerLeft {
      if !brokenPipesWereIgnored { Termination.raise(SIGPIPE) }
      Diagnostics(program: Arguments.shownName).reportOutput(.brokenPipe)
      _exit(ExitStatus.failure.rawValue)
    }
    // Nothing is buffered and helper threads may still block: there is nothing to wait for.
    _exit(status.rawValue)
  }

  private static func run(_ arguments: Arguments) -> ExitStatus {
    // Parsing costs about as much as starting the process, and plain operands need none.
    if arguments.command == "cat", arguments.hasOperandsOnly {
      return CatCommand.execute(arguments.operands)
    }
    do {
      try arguments.checkCommand()
      let words = try arguments.forParser()
      if arguments.command == "cat", let plain = CatCommand.formatAlone(words.dropFirst()) {
        return CatCommand.execute(plain.files, plain.format)
      }
      if arguments.command == "copy", let plain = try CopyRequest.plain(words.dropFirst()) {
        return plain.execute()
      }
      if arguments.command == "tail", let plain = try TailRequest.plain(words.dropFirst()) {
        return try plain.execute()
      }
      var command = try Xio.parseAsRoot(words)
      try command.run()
      return .success
    } catch let status as ExitStatus {
      return status
    } catch {
      return explain(error, arguments)
    }
  }

  /// Prints help where it was asked for, or what is wrong with the command line.
  private static func explain(_ error: any Error, _ arguments: Arguments) -> ExitStatus {
    if Xio.exitCode(for: error) == .success {
      if arguments.asksBriefly, let text = BriefHelp.text(of: arguments.command) {
        return StandardStreams.print(text)
      }
      let help = Xio.fullMessage(for: error, columns: Terminal.columns) + "\n"
      let subject = arguments.command == "help" ? arguments.firstWord : arguments.command
      return StandardStreams.print(HelpText.polish(help, OptionTable.of(subject)))
    }
    let problem = error as? UsageError ?? UsageError(parser: Xio.message(for: error))
    Diagnostics(program: arguments.programName).report(problem)
    return .failure
  }
}

/// How the process ends.
enum ExitStatus: Int32, Error {
  /// Everything was done.
  case success = 0
  /// Something failed, or the command line was wrong.
  case failure = 1
  /// Everything was delivered that was there, but something had been lost before; with `--strict`.
  case losses = 3
  /// The reader of standard output has left; the status is that of SIGPIPE.
  case readerLeft = 141
}
