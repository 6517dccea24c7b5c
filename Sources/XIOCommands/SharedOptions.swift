public import ArgumentParser
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// The engine named on the command line.
enum EngineOption: ExpressibleByArgument, Equatable {
  case auto
  case named(EngineName)

  init?(argument: String) {
    switch argument {
    case "auto": self = .auto
    case "io_uring": self = .named(.uring)
    default:
      guard let name = EngineName(rawValue: argument) else { return nil }
      self = .named(name)
    }
  }

  static var allValueStrings: [String] { ["auto"] + EngineName.allCases.map(\.rawValue) }

  var defaultValueDescription: String {
    if case .named(let name) = self { name.rawValue } else { "auto" }
  }

  /// The engine; nil for `auto`.
  var name: EngineName? {
    if case .named(let name) = self { name } else { nil }
  }
}

extension AIONotification: ExpressibleByArgument {}
extension CacheMode: ExpressibleByArgument {}

/// The form of a report.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

/// Which engine moves bytes, and in what portions.
struct EngineOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The I/O model that moves the data.", valueName: "name"))
  var engine = EngineOption.auto

  @Option(help: ArgumentHelp("How posix-aio learns of completions.", valueName: "how"))
  var notify: AIONotification?

  @Option(
    help: ArgumentHelp(
      "Bytes per operation; suffixes K, M, G (1024) and KB, MB, GB (1000). (default: 256K)",
      valueName: "size"))
  var blockSize: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Operations in flight at most, 1 to 1024. (default: what suits the engine)", valueName: "n"))
  var queueDepth: Int?

  mutating func validate() throws {
    if notify != nil, engine != .named(.posixAIO) {
      throw ValidationError("--notify goes with --engine posix-aio alone")
    }
    if let blockSize, !(1...TransferOptions.blockSizeLimit).contains(blockSize.value) {
      throw ValidationError("the block size must be between 1 byte and 4 GiB")
    }
    if let queueDepth, !(1...TransferOptions.depthLimit).contains(queueDepth) {
      throw ValidationError(
        "the queue depth must be between 1 and \(TransferOptions.depthLimit), not \(queueDepth)")
    }
  }

  /// Whether anything was asked for.
  var areGiven: Bool { engine != .auto || notify != nil || blockSize != nil || queueDepth != nil }

  /// What was parsed.
  var transfer: TransferOptions {
    var transfer = TransferOptions()
    transfer.engine = engine.name
    transfer.notification = notify ?? .suspend
    transfer.blockSize = blockSize?.value
    transfer.queueDepth = queueDepth
    return transfer
  }
}

/// Options of every command that moves bytes.
struct SharedOptions: ParsableArguments {
  @OptionGroup(title: "Engine options")
  var engineOptions: EngineOptions

  @Option(help: ArgumentHelp("How file data meets the page cache.", valueName: "mode"))
  var cache = CacheMode.page

  @Option(
    help: ArgumentHelp(
      "Say what the job did and cost, on standard error; text when no form is named.",
      valueName: "form"))
  var report: ReportFormat?

  @Option(
    help: ArgumentHelp("Write the report to a file instead.", valueName: "file"),
    completion: .file())
  var reportTo: Operand?

  @Option(
    help: ArgumentHelp(
      "Write a trace of all operations to a file, for Perfetto and chrome://tracing.",
      valueName: "file"), completion: .file())
  var timeline: Operand?

  @Flag(help: "Say which engine ran, what fell back, and why.")
  var explain = false

  /// The values, for commands that have them without parsing.
  struct Values {
    var transfer = TransferOptions()
    var report: ReportFormat?
    var reportTo: FilePath?
    var timeline: FilePath?
    var explains = false
  }

  /// What was parsed.
  var values: Values {
    var values = Values()
    values.transfer = engineOptions.transfer
    values.transfer.cache = cache
    values.report = report ?? (reportTo == nil ? nil : .text)
    values.reportTo = reportTo?.path
    values.timeline = timeline?.path
    values.explains = explain
    return values
  }
}
