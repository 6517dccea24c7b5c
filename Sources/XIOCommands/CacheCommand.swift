public import ArgumentParser
internal import SystemPackage
public import XIOCache
internal import XIOSystem

extension CacheOptions.Action: ExpressibleByArgument {}

/// `xio cache`.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: CommandName.cache.rawValue,
    abstract: "Show, fill or empty the page cache of files.",
    usage: "xio cache [<options>] show|warm|evict <files> ...",
    discussion: """
      show: which parts of each file are in memory, how much of it is not on the device yet, and what was \
      there and has been given up. warm: read the files, so that they are. evict: write the files to the \
      device, and then give their pages up, for every process of the machine; what stays is told of, with \
      the reason.
      """)

  @Argument(help: "What to do: show, warm or evict.")
  var action: CacheOptions.Action

  @Argument(help: "Files.", completion: .file())
  var files: [Operand] = []

  @Flag(
    name: [.short, .customShort("R"), .long],
    help: "Take all files below directories; symbolic links in them are not followed.")
  var recursive = false

  @Flag(help: "Print a line of JSON for each file, and one for all of them.")
  var json = false

  @Option(
    name: [.long, .customLong("colour")],
    help: ArgumentHelp("Colour the bars: auto, always or never.", valueName: "when"))
  var color = ColourChoice.auto

  @OptionGroup(title: "Options of warm")
  var engineOptions: EngineOptions

  @ParentCommand var program: Xio

  func run() throws {
    if program.version { return try program.run() }
    guard !files.isEmpty else { throw UsageError("missing file operand") }
    guard action == .warm || !engineOptions.areGiven else {
      throw UsageError("\(action.rawValue) reads nothing: options of engines go with warm")
    }
    var options = CacheOptions(action)
    options.isRecursive = recursive
    options.transfer = engineOptions.transfer
    let diagnostics = Diagnostics(program: Arguments.shownName)
    let output = CacheOutput(
      json
        ? .json
        : .text(CacheListing(action, isUnicode: Terminal.hasUnicode, hasColour: color.isOn)),
      action, diagnostics)
    let totals: CacheTotals
    do throws(CacheError) {
      output.begin()
      totals = try CacheJob(files.map(\.root), options).run(
        onEntry: { output.show($0) },
        onFailure: { diagnostics.report($0, namesAreQuoted: true) })
    } catch {
      switch error {
      case .io(let failure): diagnostics.report(failure, namesAreQuoted: true)
      case .engine(let problem): diagnostics.report(problem)
      }
      throw ExitStatus.failure
    }
    output.end(totals)
    if output.status != .success { throw output.status }
    if !totals.succeeded { throw ExitStatus.failure }
  }
}

/// Where lines about files go.
final class CacheOutput {
  /// Their form.
  enum Form {
    case text(CacheListing), json
  }

  private let form: Form
  private let action: CacheOptions.Action
  private let diagnostics: Diagnostics
  /// Whether everything could be printed.
  private(set) var status = ExitStatus.success

  init(_ form: Form, _ action: CacheOptions.Action, _ diagnostics: Diagnostics) {
    self.form = form
    self.action = action
    self.diagnostics = diagnostics
  }

  /// Prints what stands above all.
  func begin() {
    if case .text(let listing) = form { show(listing.heading) }
  }

  /// Prints a line about a file, and says why it is not as it should be.
  func show(_ entry: CacheEntry) {
    switch form {
    case .text(let listing): show(listing.line(entry))
    case .json: show(CacheRecord(entry, action).line)
    }
    for shortfall in entry.shortfalls { diagnostics.report(shortfall, entry.path) }
  }

  /// Prints the sums.
  func end(_ totals: CacheTotals) {
    switch form {
    case .text(let listing): show(listing.summary(totals))
    case .json: show(CacheRecord(totals, action).line)
    }
  }

  private func show(_ text: String) {
    // After an error nobody reads any further.
    if status == .success { status = StandardStreams.print(text) }
  }
}
