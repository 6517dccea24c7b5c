internal import ArgumentParser
internal import XIOTail

/// `xio tail`.
struct TailCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: CommandName.tail.rawValue,
    abstract: "Print the last part of files, and follow them without losing a line.",
    usage: "xio tail [<options>] [<files> ...]",
    discussion: """
      Prints the last 10 lines of each FILE; with more than one, each gets a header with its name. \
      With no FILE, or when FILE is -, standard input is read. NUM may have a suffix: b 512, \
      kB 1000, K 1024, MB 1000*1000, M 1024*1024, and so on.

      -F follows names: every file that a name has led to is read to its end, oldest first, whoever \
      still writes to it.
      """)

  @OptionGroup(title: "What is printed")
  var part: TailPartOptions

  @OptionGroup(title: "Following")
  var following: TailFollowOptions

  @Argument(help: "Files to print.", completion: .file())
  var files: [Operand] = []

  @OptionGroup(title: "Engine options")
  var shared: SharedOptions

  /// It takes `-v` and `--version` wherever they stand.
  @ParentCommand var program: Xio

  func run() throws {
    if program.version { return try program.run() }
    let status = try request().execute()
    if status != .success { throw status }
  }

  /// What was asked for.
  ///
  /// - Throws: ``UsageError``.
  func request() throws(UsageError) -> TailRequest {
    var options = TailOptions()
    try part.apply(&options, isVerbose: program.verbose)
    try following.apply(&options)
    options.transfer = shared.values.transfer
    return TailRequest(options: options, files: files.map(\.path), shared: shared.values)
  }
}
