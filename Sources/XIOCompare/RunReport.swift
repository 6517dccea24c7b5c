internal import FoundationEssentials

/// What is taken of the report of a run; `xio-report(5)` describes the fields.
public struct RunReport: Codable, Sendable {
  /// The time of the job itself, without starting and ending the process.
  public var wallNs: Int64
  /// What moved the data.
  public var engine: Engine
  /// How it was moved.
  public var bytes: Bytes
  /// Waiting, copying and preparing.
  public var phases: [Phase]
  /// What happened to operations.
  public var operations: Operations
  /// Entries into the kernel.
  public var systemCalls: SystemCalls
  /// Requests inside a completion interface, by name.
  public var requests: [String: UInt64]
  /// Bytes that passed between memory and devices.
  public var device: Device
  /// Durations of operations.
  public var latencyNs: [String: Latency]
  /// What happened in the page cache, a file each.
  public var pageCache: [CachedFile]

  /// What moved the data.
  public struct Engine: Codable, Sendable {
    /// The engine that ran, and what it did otherwise than asked.
    public var ran: String, remarks: [String]
    /// Sizes in use.
    public var blockSize: Int, queueDepthInUse: Int
    /// Mechanisms of the `kernel` engine.
    public var mechanisms: [String]
  }

  /// How it was moved.
  public struct Bytes: Codable, Sendable {
    /// Bytes that arrived.
    public var total: Int64
    /// Through the process, by the kernel alone, and shared.
    public var userCopied: Int64, offloaded: Int64, reflinked: Int64
    /// Past the page cache.
    public var directRead: Int64, directWritten: Int64
  }

  /// The phases of one direction that were found out in one way.
  public struct Phase: Codable, Sendable {
    /// `read`, `write` or `move`, and how the numbers were found out.
    public var direction: String, basis: String
    /// How many operations.
    public var operations: Int
    /// Times, nil where they cannot be known.
    public var waitNs: Int64?, copyNs: Int64?, prepareNs: Int64?, mergedNs: Int64?
  }

  /// What happened to operations.
  public struct Operations: Codable, Sendable {
    /// How many an engine completed.
    public var completed: Int
    /// EAGAIN, short counts, and signals.
    public var eagainRetries: Int, shortCounts: Int, signals: Int, signalOverflows: Int
    /// Descriptors that the kernel was given to watch, call by call.
    public var descriptorsPassed: Int
  }

  /// Entries into the kernel.
  public struct SystemCalls: Codable, Sendable {
    /// All, and by name.
    public var total: UInt64, byName: [String: UInt64]
    /// Those of threads of the C library; nil where they are not counted.
    public var byHelperThreads: UInt64?
  }

  /// Bytes that passed between memory and devices.
  public struct Device: Codable, Sendable {
    /// Fetched, and made dirty or sent.
    public var readBytes: UInt64?, writeBytes: UInt64?
  }

  /// Durations of operations.
  public struct Latency: Codable, Sendable {
    /// How many operations, and percentiles.
    public var count: UInt64, p50: UInt64, p99: UInt64, max: UInt64
  }

  /// What happened to a file in the page cache.
  public struct CachedFile: Codable, Sendable {
    /// `source` or `target`.
    public var role: String
    /// What the mode came down to.
    public var mode: String
    /// Whether O_DIRECT was honoured.
    public var directHonoured: Bool?
    /// Pages before and after.
    public var before: Pages, after: Pages
  }

  /// Pages of a file.
  public struct Pages: Codable, Sendable {
    /// In the cache, and changed.
    public var residentPages: UInt64?, dirtyPages: UInt64?
  }

  /// Takes a report out of the JSON of `--report=json`.
  ///
  /// - Throws: What the decoder throws.
  init(json: [UInt8]) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(RunReport.self, from: Data(json))
  }
}

extension Comparison {
  /// The comparison as one JSON object, keys sorted, with a final newline.
  ///
  /// - Throws: Never in practice: every field is a number, a string, or left out.
  public func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return try Array(encoder.encode(self)) + [UInt8(ascii: "\n")]
  }

  /// Takes a comparison out of what ``json()`` has made.
  ///
  /// - Throws: What the decoder throws.
  public init(json: [UInt8]) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(Comparison.self, from: Data(json))
  }
}
