internal import SystemPackage
internal import XIOCopy
internal import XIOEngines
internal import XIOSystem

/// A copy as it was asked for.
struct CopyRequest {
  var options = CopyOptions()
  var operands: CopyOperands
  var shared = SharedOptions.Values()
  var showsProgress = false

  /// What normalised arguments come to that hold none but the most common options: the parser would take longer
  /// than copying a small tree.
  ///
  /// - Parameter words: Options, `--`, operands.
  /// - Returns: nil when the parser has to look at them.
  /// - Throws: ``UsageError``.
  static func plain(_ words: some Collection<String>) throws(UsageError) -> CopyRequest? {
    var options = CopyOptions()
    CopyChoices.takeEnvironment(&options)
    var dereference: CopyOptions.Dereference?
    var isNoDirectory = false
    for (index, word) in words.enumerated() {
      switch word {
      case "--recursive", "--archive": options.isRecursive = true
      case "--dereference": dereference = .always
      case "--dereference-command-line": dereference = .operands
      case "--no-dereference": dereference = .never
      case "--force": options.forces = true
      case "--verbose": options.verbose = true
      case "--one-file-system": options.staysOnFileSystem = true
      case "--no-target-directory": isNoDirectory = true
      case "--":
        options.dereference = dereference ?? CopyChoices.dereference(options)
        let names = words.dropFirst(index + 1).map { PathName(Operand(argument: $0).bytes) }
        return CopyRequest(
          options: options,
          operands: try CopyOperands(names, in: nil, isNoDirectory: isNoDirectory, parents: false))
      default:
        guard word.hasPrefix("--preserve=") else { return nil }
        try CopyChoices.preserve(String(word.dropFirst("--preserve=".count)), &options)
      }
    }
    return nil
  }

  /// Does the work.
  ///
  /// - Returns: The status that it leads to.
  func execute() -> ExitStatus {
    let diagnostics = Diagnostics(program: Arguments.shownName)
    let output: ReportOutput
    do throws(ExitStatus) {
      output = try ReportOutput(shared, diagnostics, apartFrom: everything)
    } catch {
      return error
    }
    var drawn = options
    drawn.transfer.timeline = output.timeline
    let progress = showsProgress ? ProgressLine(counting: diagnostics.program) : nil
    let messages = CopyMessages(diagnostics, isDebug: options.debug, progress)
    let result: Copy.Output
    do throws(CopyProblem) {
      result = try Copy(operands, drawn).run(
        output.makeMeasurement(), onNotice: messages.show,
        onQuestion: {
          messages.ask($0, $1, replaces: options.forces || options.removesDestination)
        }, onProgress: progress.map { line in { line.show($0) } })
    } catch {
      progress?.clear()
      messages.flush()
      messages.report(error)
      return .failure
    }
    progress?.clear()
    messages.flush()
    let isReported = output.finish(result.selection, result.report)
    if messages.readerLeft { return .readerLeft }
    return result.succeeded && isReported && !messages.hasFailed ? .success : .failure
  }

  /// All names that a report must not be written to.
  private var everything: [FilePath] {
    operands.sources.map(\.path) + [operands.target.path]
      + operands.sources.compactMap { source in
        source.path.lastComponent.map { operands.target.path.appending($0) }
      }
  }
}

extension CopyOperands {
  /// Gives names the roles that they have.
  ///
  /// - Parameters:
  ///   - names: The operands.
  ///   - directory: That of `--target-directory`.
  ///   - isNoDirectory: Whether the target is no directory to copy into.
  ///   - parents: Whether source directories are made in the target, which must be one then.
  /// - Throws: ``UsageError`` when there are too few or too many of them.
  init(
    _ names: [PathName], in directory: PathName?, isNoDirectory: Bool, parents: Bool
  ) throws(UsageError) {
    if directory != nil, isNoDirectory {
      throw UsageError(
        "cannot combine --target-directory (-t) and --no-target-directory (-T)", isAboutUsage: false
      )
    }
    guard let first = names.first else { throw UsageError("missing file operand") }
    if directory == nil, names.count == 1 {
      throw UsageError("missing destination file operand after \(Quoting.always(first.path))")
    }
    if isNoDirectory, names.count > 2 {
      throw UsageError("extra operand \(Quoting.always(names[2].path))")
    }
    let target = directory ?? names[names.count - 1]
    // Of several sources the target must be a directory in any case, which is said in other words.
    if parents, directory == nil,
      isNoDirectory || names.count == 2 && (try? System.status(target.path))?.kind != .directory
    {
      throw UsageError("with --parents, the destination must be a directory")
    }
    self.init(
      sources: directory == nil ? names.dropLast() : names, target: target,
      targetIsDirectory: directory != nil, targetIsNoDirectory: isNoDirectory)
  }
}
