internal import ArgumentParser
internal import SystemPackage
internal import XIOCat
internal import XIOSystem

/// `xio cat`.
struct CatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cat", abstract: "Write files and pipes to standard output, one after the other.",
    usage: "xio cat [<options>] [<files> ...]",
    discussion: """
      With no FILE, or when FILE is -, standard input is read.
      """)

  @Argument(help: "Files to concatenate.", completion: .file())
  var files: [Operand] = []

  @OptionGroup(title: "Engine options")
  var shared: SharedOptions

  func run() throws {
    let status = Self.execute(files.map(\.path), shared.values)
    if status != .success { throw status }
  }

  /// Does the work, for the parser and without it.
  static func execute(_ files: [FilePath], _ values: SharedOptions.Values) -> ExitStatus {
    let diagnostics = Diagnostics(program: Arguments.shownName)
    var readerLeft = false
    do {
      let output = try ReportOutput(values, diagnostics, apartFrom: files)
      let result = try Concatenation(files, values.transfer).run(output.makeMeasurement()) {
        failure in
        if case .write = failure.action, failure.errno == .brokenPipe {
          readerLeft = true
        } else {
          diagnostics.report(failure, namesAreQuoted: false)
        }
      }
      let isReported = output.finish(result.selection, result.report)
      if readerLeft { return .readerLeft }
      return result.succeeded && isReported ? .success : .failure
    } catch let error as CatError {
      switch error {
      case .io(let failure): diagnostics.report(failure, namesAreQuoted: false)
      case .engine(let problem): diagnostics.report(problem)
      }
      return .failure
    } catch {
      return .failure
    }
  }
}
