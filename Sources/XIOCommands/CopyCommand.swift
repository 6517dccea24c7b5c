internal import ArgumentParser
internal import Glibc
internal import SystemPackage
internal import XIOCopy
internal import XIOSystem

/// `xio copy`.
struct CopyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: CommandName.copy.rawValue,
    abstract: "Copy files and trees, in parallel, and truthfully.",
    usage: """
      xio copy [<options>] [-T] <source> <dest>
      xio copy [<options>] <source> ... <directory>
      xio copy [<options>] -t <directory> <source> ...
      """,
    discussion: """
      Copies SOURCE to DEST, or each SOURCE into DIRECTORY. A target that the copy made is removed \
      again when it cannot be completed.

      The backup suffix is ~, or what SIMPLE_BACKUP_SUFFIX says. CONTROL, and VERSION_CONTROL when \
      it is not said, are none or off, simple or never, existing or nil, numbered or t.
      """)

  @OptionGroup(title: "What is copied")
  var selection: CopySelectionOptions

  @OptionGroup(title: "What is in the way")
  var overwriting: CopyOverwritingOptions

  @OptionGroup(title: "How it is copied")
  var manner: CopyMannerOptions

  @OptionGroup(title: "How safely it is copied")
  var safety: CopySafetyOptions

  @Argument(help: "Files to copy, and where to.", completion: .file())
  var operands: [Operand] = []

  @OptionGroup(title: "Engine options")
  var shared: SharedOptions

  /// It takes `-v` and `--version` wherever they stand.
  @ParentCommand var program: Xio

  func run() throws {
    if program.version { return try program.run() }
    let options = try options()
    let operands = try CopyOperands(
      operands.map { PathName($0.bytes) }, in: selection.targetDirectory.map { PathName($0.bytes) },
      isNoDirectory: selection.noTargetDirectory, parents: selection.parents)
    if let context = manner.context, !Labels.areKnown, context != CopyChoices.unsaid {
      Diagnostics(program: Arguments.shownName).report(
        "warning: ignoring --context; it requires an SELinux-enabled kernel")
    }
    let request = CopyRequest(
      options: options, operands: operands, shared: shared.values, showsProgress: safety.progress)
    let status = request.execute()
    if status != .success { throw status }
  }

  /// What was asked for, with a word on what makes no sense.
  func options() throws(UsageError) -> CopyOptions {
    var options = CopyOptions()
    try selection.apply(&options)
    try overwriting.apply(&options)
    try manner.apply(&options)
    try safety.apply(&options)
    if !selection.saysDereference { options.dereference = CopyChoices.dereference(options) }
    options.verbose = manner.verbose || program.verbose || manner.debug
    options.transfer = shared.values.transfer
    if let context = manner.context, Labels.areKnown {
      guard context != CopyChoices.unsaid else {
        throw UsageError("-Z cannot look up the policy; name the label with --context=LABEL")
      }
      options.context = context
    }
    try check(options)
    return options
  }

  private func check(_ options: CopyOptions) throws(UsageError) {
    if overwriting.link, overwriting.symbolicLink {
      throw UsageError("cannot make both hard and symbolic links")
    }
    if options.reflink == .always, options.sparse != .auto {
      throw UsageError("--reflink can be used only with --sparse=auto")
    }
    if options.reflink == .always, options.isPhysical {
      throw UsageError("--physical rules out --reflink=always")
    }
    // Also of those that say that there are to be none.
    if overwriting.asksForBackups,
      options.overwriting == .skip || options.overwriting == .refuse
    {
      throw UsageError("--backup is mutually exclusive with -n or --update=none-fail")
    }
  }
}
