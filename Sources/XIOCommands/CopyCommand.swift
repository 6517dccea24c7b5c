internal import ArgumentParser
internal import SystemPackage
internal import XIOCopy
internal import XIOSystem

/// `xio copy`.
struct CopyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy", abstract: "Copy a file.",
    usage: "xio copy [<options>] <source> <dest>",
    discussion: """
      Copies SOURCE to DEST, or into DEST when that is a directory. A destination that the copy \
      created is removed again when the copy fails or is interrupted.
      """)

  @Argument(help: "The file to copy.", completion: .file())
  var source: Operand

  @Argument(help: "The copy, or the directory it goes into.", completion: .file())
  var dest: Operand

  @OptionGroup(title: "Engine options")
  var shared: SharedOptions

  func run() throws {
    let values = shared.values
    let diagnostics = Diagnostics(program: Arguments.shownName)
    let output = try ReportOutput(
      values, diagnostics,
      apartFrom: [source.path, dest.path]
        + [source.path.lastComponent].compactMap { name in
          name.map { dest.path.appending($0) }
        })
    let result: CopyFile.Output
    do throws(CopyError) {
      result = try CopyFile(
        from: source.path, to: dest.path, targetIsDirectory: dest.namesDirectory, values.transfer
      ).run(output.makeMeasurement())
    } catch {
      report(error, diagnostics)
      throw ExitStatus.failure
    }
    if let failure = result.failure { diagnostics.report(failure, namesAreQuoted: true) }
    let isReported = output.finish(result.selection, result.report)
    if result.failure != nil || !isReported { throw ExitStatus.failure }
  }

  private func report(_ error: CopyError, _ diagnostics: Diagnostics) {
    switch error {
    case .io(let failure): diagnostics.report(failure, namesAreQuoted: true)
    case .engine(let problem): diagnostics.report(problem)
    case .isDirectory(let path):
      diagnostics.report("-r not specified; omitting directory \(Quoting.always(path))")
    case .sameFile(let source, let target):
      diagnostics.report(
        "\(Quoting.always(source)) and \(Quoting.always(target)) are the same file")
    case .danglingLink(let path):
      diagnostics.report("not writing through dangling symlink \(Quoting.always(path))")
    }
  }
}
