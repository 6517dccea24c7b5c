internal import ArgumentParser
internal import XIOCompare
internal import XIOEngines
internal import XIOSystem

/// Options that say what is compared.
struct CompareSettingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Engines, with commas between them, also auto; none reads nothing, with --overlap. (default: "
        + "all that can run here)", valueName: "list"),
    completion: .list(EngineOption.allValueStrings))
  var engines: String?

  @Option(
    help: ArgumentHelp(
      "How posix-aio learns of completions: suspend, poll, signal, thread. (default: suspend; all with "
        + "--overlap)", valueName: "list"),
    completion: .list(AIONotification.allCases.map(\.rawValue)))
  var notify: String?

  @Option(
    help: ArgumentHelp(
      "Cache modes: page, direct, uncached, keep. (default: page)", valueName: "list"),
    completion: .list(CacheMode.allCases.map(\.rawValue)))
  var cache: String?

  @Option(
    help: ArgumentHelp(
      "Begin with files in the page cache (warm), or without them (cold): what the operands name is "
        + "evicted for everyone. (default: warm)", valueName: "list"),
    completion: .list(["warm", "cold"]))
  var state: String?

  @Option(
    help: ArgumentHelp("Sizes of buffers, such as 4K,64K,1M.", valueName: "list"))
  var blockSize: String?

  @Option(
    help: ArgumentHelp("Operations in flight, such as 1,4,16,64.", valueName: "list"))
  var queueDepth: String?

  @Option(
    help: ArgumentHelp(
      "With fanin: how many sources are made, such as 1,8,64,512. (default: 8)", valueName: "list"))
  var sources: String?

  @Option(
    help: ArgumentHelp("With fanin: how many of them have lines. (default: 4)", valueName: "n"))
  var active: Int?

  @Option(
    help: ArgumentHelp(
      "With tail -f: seconds between looks, such as 0.001,0.01,0.1.", valueName: "list"))
  var sleepInterval: String?

  func apply(_ options: inout CompareOptions) throws(UsageError) {
    if let engines { try apply(engines: engines, &options) }
    if let notify {
      options.notifications = try Self.words(notify, "--notify", AIONotification.self)
    } else if options.overlaps {
      options.notifications = AIONotification.allCases
    }
    if let cache { options.caches = try Self.words(cache, "--cache", CacheMode.self) }
    if let state { options.states = try Self.words(state, "--state", CompareOptions.State.self) }
    if let blockSize {
      options.blockSizes = try Self.list(blockSize, "--block-size") { word in
        ByteCount(argument: word).map(\.value).flatMap {
          (1...TransferOptions.blockSizeLimit).contains($0) ? $0 : nil
        }
      }
    }
    if let queueDepth {
      options.queueDepths = try Self.list(queueDepth, "--queue-depth") { word in
        Int(word).flatMap { (1...TransferOptions.depthLimit).contains($0) ? $0 : nil }
      }
    }
    if let sources {
      options.sources = try Self.list(sources, "--sources") { word in
        Int(word).flatMap { (1...100_000).contains($0) ? $0 : nil }
      }
    }
    if let active {
      guard active >= 1 else { throw UsageError("invalid argument '\(active)' for '--active'") }
      options.active = active
    }
    if let sleepInterval {
      var intervals: [String] = []
      for word in sleepInterval.split(separator: ",", omittingEmptySubsequences: false) {
        _ = try TailNumbers.seconds(String(word))
        intervals.append(String(word))
      }
      options.sleepIntervals = intervals
    }
  }

  private func apply(engines: String, _ options: inout CompareOptions) throws(UsageError) {
    var named: [EngineName] = []
    for word in engines.split(separator: ",", omittingEmptySubsequences: false) {
      if options.overlaps, word == "none" {
        options.withoutEngine = true
        continue
      }
      switch EngineOption(argument: String(word)) {
      case .named(let name): named.append(name)
      case .auto where options.overlaps:
        throw UsageError(
          "--overlap compares engines by their names: there is nothing for auto to choose by")
      case .auto: options.withAutomatic = true
      case nil:
        throw UsageError(String(word), for: "--engines", isNoneOf: EngineOption.allValueStrings)
      }
    }
    options.engines = named
  }

  private static func words<Value: RawRepresentable & CaseIterable>(
    _ text: String, _ option: String, _ type: Value.Type
  ) throws(UsageError) -> [Value] where Value.RawValue == String {
    var values: [Value] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = Value(rawValue: String(word)) else {
        throw UsageError(
          String(word), for: option, isNoneOf: Value.allCases.map(\.rawValue))
      }
      values.append(value)
    }
    return values
  }

  private static func list(
    _ text: String, _ option: String, _ value: (String) -> Int?
  ) throws(UsageError) -> [Int] {
    var values: [Int] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let number = value(String(word)) else {
        throw UsageError("invalid argument '\(word)' for '\(option)'")
      }
      values.append(number)
    }
    return values
  }
}

/// Options that say how often, in which order, and what is shown.
struct CompareRunOptions: ParsableArguments {
  @Option(
    name: .customLong("repeat"),
    help: ArgumentHelp(
      "Run every setting so often; from 4 on differences can be told from noise.", valueName: "n"))
  var repeats = 5

  @Option(help: ArgumentHelp("Shuffle the order of each round with this number.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "With tail -f, fanin and --overlap: so many lines or blocks are written for a run. (default: "
        + "500)", valueName: "n"))
  var events: Int?

  @Option(
    help: ArgumentHelp(
      "With tail -f and --overlap: so many of them in a second. (default: 1000)", valueName: "n"))
  var rate: Int?

  @Flag(
    help: "Multiply matrices while input is read, and show how many products each engine leaves.")
  var overlap = false

  @Flag(help: "Print one object of JSON with every run.")
  var json = false

  @Option(
    help: ArgumentHelp("Draw the result into a file, in SVG.", valueName: "file"),
    completion: .file())
  var svg: Operand?

  @Option(
    help: ArgumentHelp(
      "Make one more run of each setting, and write a trace of all operations to a file, for Perfetto "
        + "and chrome://tracing.", valueName: "file"),
    completion: .file())
  var timeline: Operand?

  @Option(
    name: [.long, .customLong("colour")],
    help: ArgumentHelp("Colour what is best: auto, always, never.", valueName: "when"))
  var color = ColourChoice.auto

  func apply(_ options: inout CompareOptions) throws(UsageError) {
    guard (1...10_000).contains(repeats) else {
      throw UsageError("--repeat must be between 1 and 10000, not \(repeats)")
    }
    options.repeats = repeats
    options.seed = seed
    options.overlaps = overlap
    options.traces = timeline != nil
    if let events {
      guard (1...10_000_000).contains(events) else {
        throw UsageError("--events must be between 1 and 10000000, not \(events)")
      }
      options.events = events
    }
    if let rate {
      guard (1...1_000_000).contains(rate) else {
        throw UsageError("--rate must be between 1 and 1000000, not \(rate)")
      }
      options.rate = rate
    }
  }
}
