public import XIOReport

/// What a comparison has found: the machine, the job, the settings and every single run.
///
/// Times are nanoseconds, sizes bytes. The layout is described in docs/compare.schema.json.
public struct Comparison: Codable, Sendable {
  /// The version of this layout.
  public var version = 1
  /// The version of the program.
  public var program: String
  /// Where it ran.
  public var machine: Machine
  /// What was done.
  public var job: Job
  /// The ways in which it was done; runs refer to them by their index.
  public var settings: [Setting]
  /// All runs, in the order in which they were made.
  public var runs: [Run]
  /// Engines and settings that could not be measured, and why.
  public var leftOut: [LeftOut]

  /// Takes what is known before the first run.
  public init(program: String, machine: Machine, job: Job, settings: [Setting]) {
    self.program = program
    self.machine = machine
    self.job = job
    self.settings = settings
    runs = []
    leftOut = []
  }

  /// The machine.
  public struct Machine: Codable, Sendable {
    /// The release of the kernel.
    public var kernel: String
    /// Processors that may be used, and memory.
    public var processors: Int, memoryBytes: Int
    /// The kind of file system that is read, and the one that is written; nil where there is none.
    public var sourceFileSystem: String?, targetFileSystem: String?
  }

  /// What the number is by which settings are ranked.
  public enum Measure: String, Codable, Sendable {
    /// From the start of the process to its end.
    case time
    /// From the first line that was written to the last that arrived.
    case exchange
    /// From the writing of a line to its arrival, the median of a run.
    case latency
    /// Matrix products finished in a second: the more the better.
    case products
  }

  /// What was done.
  public struct Job: Codable, Sendable {
    /// The command, such as `copy`.
    public var command: String
    /// Its options and operands, as they were given.
    public var words: [FileName]
    /// What settings are ranked by.
    public var measure: Measure
    /// How often every setting was run, and what the order was shuffled with.
    public var repeats: Int, seed: UInt64
    /// What is read: bytes, and regular files.
    public var inputBytes: Int64, inputFiles: Int
    /// How many lines or blocks were written for the job to read; nil where it read files.
    public var events: Int?
    /// How many of them a second; nil where each waited for the one before.
    public var rate: Int?
  }

  /// One way of doing it.
  public struct Setting: Codable, Sendable, Hashable {
    /// The engine; `none` where nothing was read while matrices were multiplied, `auto` where the command has
    /// chosen.
    public var engine: String
    /// How POSIX AIO announces completions.
    public var notify: String?
    /// The cache mode; nil where files play no part.
    public var cache: String?
    /// Whether files were `warm` or `cold`; nil where they play no part.
    public var state: String?
    /// Sizes that were asked for; nil for what suits the engine.
    public var blockSize: Int?, queueDepth: Int?
    /// How many sources there were, and how many of them had anything to say.
    public var sources: Int?, active: Int?
    /// Seconds between looks.
    public var sleepInterval: String?
  }

  /// One run.
  public struct Run: Codable, Sendable {
    /// The index of the setting, and in which round it was its turn.
    public var setting: Int, round: Int
    /// Whether it succeeded, and what it said when it did not.
    public var succeeded = true, message: String?
    /// The words that the program was run with; empty where it was not run for this.
    public var command: [FileName] = []
    /// Pages of the inputs that were resident just before, and how many there are; nil where it is unknown.
    public var residentPagesBefore: Int64?, inputPages: Int64?
    /// From the start of the process to its end, and its processor time.
    public var wallNs: Int64 = 0, userNs: Int64 = 0, systemNs: Int64 = 0
    /// How often it gave up the processor, and how often it was taken away.
    public var voluntarySwitches: Int64 = 0, involuntarySwitches: Int64 = 0
    /// Page faults without and with a read from the device.
    public var minorFaults: Int64 = 0, majorFaults: Int64 = 0
    /// The most memory that it had.
    public var residentBytes: Int64 = 0
    /// What came out: how many bytes, and a digest of them.
    public var outputBytes: Int64?, outputDigest: String?
    /// From the first line that was written to the last that arrived.
    public var exchangeNs: Int64?
    /// How late lines arrived.
    public var arrivals: Arrivals?
    /// What the foreground did meanwhile.
    public var foreground: Foreground?
    /// What the job reported of itself.
    public var report: RunReport?

    /// Begins an account.
    public init(setting: Int, round: Int) {
      self.setting = setting
      self.round = round
    }

    /// Processor time.
    public var processorNs: Int64 { userNs + systemNs }
  }

  /// How late lines arrived after they had been written, by percentile.
  public struct Arrivals: Codable, Sendable {
    /// How many were written, and how many of these arrived.
    public var written: Int, arrived: Int
    /// Percentiles and the largest.
    public var p50Ns: Int64, p90Ns: Int64, p99Ns: Int64, maxNs: Int64
  }

  /// What the foreground did while the I/O went on.
  public struct Foreground: Codable, Sendable {
    /// Matrix products that were finished, and how long that took.
    public var products: Int, ns: Int64
    /// Rows and columns of a matrix.
    public var order: Int
    /// Signals that came, and those that interrupted a product.
    public var signals: Int, interruptedProducts: Int
    /// Reads that ended, and bytes that they brought.
    public var reads: Int, bytes: Int64
    /// System calls that it made.
    public var calls: UInt64

    /// How many a second.
    public var productsPerSecond: Double { ns > 0 ? Double(products) / Double(ns) * 1e9 : 0 }
  }

  /// What was not measured.
  public struct LeftOut: Codable, Sendable {
    /// What it was.
    public var setting: Setting
    /// Why not.
    public var reason: String
    /// Whether it was tried at all.
    public var wasTried: Bool
  }
}

extension Comparison.Setting {
  /// The engine, with the way of notification where there are several.
  public var engineLabel: String { notify.map { "\(engine) \($0)" } ?? engine }

  /// Everything that the setting says, in a few words each.
  public var label: [String] {
    [
      engineLabel, cache, state, blockSize.map { Units.size($0) }, queueDepth.map { "depth \($0)" },
      sources.map { "\($0) sources" }, sleepInterval.map { "every \($0) s" },
    ].compactMap { $0 }
  }
}
