public import SystemPackage
public import XIOEngines
public import XIOSystem

/// What is to be compared.
public struct CompareOptions: Sendable {
  /// The command that is run.
  public enum Command: String, Sendable, CaseIterable {
    case copy, cat, tail, fanin
  }

  /// Whether what is read lies in the page cache when a run begins.
  public enum State: String, Sendable, CaseIterable {
    case warm, cold
  }

  /// The command.
  public var command = Command.copy
  /// Options of the command, each a word or two, as bytes.
  public var words: [[UInt8]] = []
  /// Operands of the command, as bytes.
  public var operands: [[UInt8]] = []
  /// Engines; nil for all that can run here.
  public var engines: [EngineName]?
  /// Whether the engine that the command chooses by itself takes part, beside ``engines``.
  public var withAutomatic = false
  /// Whether a run in which nothing is read takes part, for ``overlaps``; alone when no engine is named.
  public var withoutEngine = false
  /// Ways of notification of POSIX AIO.
  public var notifications: [AIONotification] = [.suspend]
  /// Cache modes and states.
  public var caches: [CacheMode] = [.page], states: [State] = [.warm]
  /// Sizes; nil stands for what suits the engine.
  public var blockSizes: [Int?] = [nil], queueDepths: [Int?] = [nil]
  /// How many sources, and how many of them are active.
  public var sources: [Int] = [8], active = 4
  /// Seconds between looks of `tail`, as they were given.
  public var sleepIntervals: [String?] = [nil]
  /// How often every setting is run.
  public var repeats = 5
  /// What the order is shuffled with.
  public var seed: UInt64 = 1
  /// How many lines are written for a run, and how many a second.
  public var events = 500, rate = 1000
  /// Whether one more run of each setting is made, and traced.
  public var traces = false
  /// Whether matrices are multiplied while the I/O goes on.
  public var overlaps = false
  /// Whether the target is a directory although it is not there, or none although it is.
  public var targetIsDirectory = false, targetIsNoDirectory = false
  /// Whether files are followed.
  public var follows = false
  /// The files that `fanin` gathers lines of, each once; nil when sources are made for it.
  public var gathered: [FilePath]?
  /// What ends a line where lines may come in any order; nil where outputs are the same to the byte.
  public var delimiter: UInt8?
  /// The version of the program.
  public var program = ""

  /// The defaults.
  public init() {}

  /// Whether the job reads files that its operands name.
  var readsFiles: Bool {
    command == .fanin ? gathered != nil : !overlaps && !follows
  }

  /// What settings are ranked by.
  var measure: Comparison.Measure {
    if overlaps { return .products }
    if command == .fanin, gathered == nil { return .exchange }
    return follows ? .latency : .time
  }
}

/// The settings, and the order in which they are run.
struct Plan {
  /// All settings.
  var settings: [Comparison.Setting] = []
  /// Engines that cannot run here.
  var unavailable: [Comparison.LeftOut] = []

  /// Combines everything with everything.
  ///
  /// - Throws: ``CompareError`` when an engine that was named cannot run.
  init(_ options: CompareOptions) throws(CompareError) {
    if options.withoutEngine { settings += Self.expand("none", options) }
    if options.withAutomatic { settings += Self.expand("auto", options) }
    for engine in try Self.engines(options, &unavailable) {
      settings += Self.expand(engine.rawValue, options)
    }
    var seen: Set<Comparison.Setting> = []
    settings = settings.filter { seen.insert($0).inserted }
  }

  private static func engines(
    _ options: CompareOptions, _ unavailable: inout [Comparison.LeftOut]
  ) throws(CompareError) -> [EngineName] {
    var engines: [EngineName] = []
    for name in options.engines ?? EngineName.allCases {
      if options.engines == nil, name == .kernel,
        !options.readsFiles || options.command == .tail || options.command == .fanin
      {
        continue
      }
      switch Registry.description(of: name).availability() {
      case .available: engines.append(name)
      case .unavailable(let problem):
        guard options.engines == nil else { throw .unavailable(problem) }
        unavailable.append(
          Comparison.LeftOut(
            setting: Comparison.Setting(engine: name.rawValue), reason: problem.cause,
            wasTried: false))
      }
    }
    return engines
  }

  private static func expand(
    _ engine: String, _ options: CompareOptions
  ) -> [Comparison.Setting] {
    var settings = [Comparison.Setting(engine: engine)]
    func vary<Value>(
      _ values: [Value], _ set: (inout Comparison.Setting, Value) -> Void
    ) {
      settings = settings.flatMap { setting in
        values.map { value in
          var setting = setting
          set(&setting, value)
          return setting
        }
      }
    }
    if engine == EngineName.posixAIO.rawValue {
      vary(options.notifications) { $0.notify = $1.rawValue }
    }
    if options.readsFiles {
      if options.command != .fanin { vary(options.caches) { $0.cache = $1.rawValue } }
      vary(options.states) { $0.state = $1.rawValue }
    }
    if engine != "none" { vary(options.blockSizes) { $0.blockSize = $1 } }
    if engine != "none" { vary(options.queueDepths) { $0.queueDepth = $1 } }
    if options.follows { vary(options.sleepIntervals) { $0.sleepInterval = $1 } }
    if options.command == .fanin, !options.readsFiles {
      vary(options.sources) {
        $0.sources = $1
        $0.active = min($1, options.active)
      }
    }
    return settings
  }

  /// The order of a round: every setting once, shuffled.
  ///
  /// - Parameters:
  ///   - round: The number of the round.
  ///   - seed: What makes the same order again.
  /// - Returns: Indices of settings.
  func order(ofRound round: Int, seed: UInt64) -> [Int] {
    var generator = SplitMix(state: seed &+ UInt64(round) &* 0x9E37_79B9_7F4A_7C15)
    return settings.indices.shuffled(using: &generator)
  }
}

/// Numbers that look random and come again with the same seed.
struct SplitMix: RandomNumberGenerator {
  /// Where it stands.
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Why a comparison was not made.
public enum CompareError: Error {
  /// A file or a directory.
  case io(IOFailure)
  /// An engine that was named cannot run.
  case unavailable(EngineUnavailable)
  /// Something else, and what to do about it.
  case message(String, hint: String?)
  /// The program was asked to end.
  case interrupted
}
