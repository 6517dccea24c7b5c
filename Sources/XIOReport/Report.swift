/// A number that may not be knowable: then it is null in JSON, and the reason stands in
/// ``Report/unknown``.
public enum Known<Value: Encodable & Sendable>: Encodable, Sendable {
  case value(Value)
  case unknown(String)

  /// Takes a value, or the reason for there being none.
  init(_ value: Value?, else reason: @autoclosure () -> String) {
    self = value.map(Known.value) ?? .unknown(reason())
  }

  /// The value, if it is known.
  public var value: Value? {
    if case .value(let value) = self { value } else { nil }
  }

  /// The reason, if it is not.
  public var reason: String? {
    if case .unknown(let reason) = self { reason } else { nil }
  }

  /// Encodes the value, or null.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value { try container.encode(value) } else { try container.encodeNil() }
  }
}

/// What a job did and what that cost: one object of JSON, or a page of text.
///
/// Times are nanoseconds, sizes bytes. The fields are described in docs/report.md.
public struct Report: Encodable, Sendable {
  /// The version of this layout.
  public var version = 1
  /// The command, such as `copy`.
  public var command: String
  /// `done` or `failed`.
  public var status: String
  /// What was moved.
  public var job: Job
  /// What moved it.
  public var engine: Engine
  /// How much was moved, and how.
  public var bytes: Bytes
  /// How many files were read.
  public var files: Int
  /// Time on the clock, and on processors in user and in kernel mode.
  public var wallNs: Int64, userNs: Int64, systemNs: Int64
  /// Time that the thread could have run and had no processor.
  public var runQueueNs: Known<Int64>
  /// Waiting, copying and preparing.
  public var phases: [Phase]
  /// What happened to operations.
  public var operations: Operations
  /// Entries into the kernel that the program made.
  public var systemCalls: SystemCalls
  /// Requests inside a completion interface, by name.
  public var requests: [String: UInt64]
  /// How often the processor was given up or taken away.
  public var contextSwitches: ContextSwitches
  /// Page faults without and with a read from the device.
  public var faults: Faults
  /// Bytes that passed between memory and devices.
  public var device: Device
  /// Durations of operations.
  public var latencyNs: [String: Latency]
  /// What happened in the page cache, a file each.
  public var pageCache: [CachedFile]
  /// What is on the device.
  public var durability: Durability
  /// What copies were compared by: nothing (`none`), what the page cache holds (`flight`), or what the device
  /// returns (`media`).
  public var verification = "none"
  /// How many bytes of copies were found to be the same.
  public var verifiedBytes: Int64 = 0
  /// What following files came to; nil when none were followed.
  public var follow: Follow?
  /// What gathering lines came to; nil when none were gathered.
  public var fanin: Fanin?
  /// Why fields are null, by their path.
  public var unknown: [String: String] = [:]

  /// What was moved.
  public struct Job: Encodable, Sendable {
    /// Names of the sources and of the target; `-` is a standard stream.
    public var sources: [FileName], target: FileName
  }

  /// What moved it.
  public struct Engine: Encodable, Sendable {
    /// The engine asked for, `auto` included, and the one that ran.
    public var asked: String, ran: String
    /// Why this one ran, and what it did differently from what was asked.
    public var reasons: [String], remarks: [String]
    /// How results are announced, and what the process does meanwhile.
    public var synchrony: String, meanwhile: String
    /// How POSIX AIO announces completions; null for other engines.
    public var notify: Known<String>
    /// Mechanisms of the `kernel` engine.
    public var mechanisms: [String]
    /// The size of a buffer, and how many there were: those asked for, and those in use.
    public var blockSize: Int, queueDepth: Int, queueDepthInUse: Int
  }

  /// How much was moved, and how.
  public struct Bytes: Encodable, Sendable {
    /// Bytes that arrived at the target.
    public var total: Int64
    /// Bytes that went through memory of the process.
    public var userCopied: Int64
    /// Bytes that the kernel moved by itself, and those that the files now share.
    public var offloaded: Int64, reflinked: Int64
    /// Bytes that went past the page cache.
    public var directRead: Int64, directWritten: Int64
    /// Bytes that O_DIRECT could not write.
    public var bufferedTail: Int64
  }

  /// The phases of one direction that were found out in one way.
  public struct Phase: Encodable, Sendable {
    /// `read`, `write`, or `move` where one call does both.
    public var direction: String
    /// How the numbers were found out.
    public var basis: String
    /// How many operations.
    public var operations: Int
    /// Waiting, copying and preparing.
    public var waitNs: Known<Int64>, copyNs: Known<Int64>, prepareNs: Known<Int64>
    /// Waiting and copying together, where they cannot be told apart.
    public var mergedNs: Known<Int64>
  }

  /// What happened to operations.
  public struct Operations: Encodable, Sendable {
    /// How many an engine took, and how many it completed.
    public var submitted: Int, completed: Int
    /// Calls that ended with EAGAIN and were made again.
    public var eagainRetries: Int
    /// Calls that a signal interrupted, and transfers of fewer bytes than asked.
    public var interrupted: Int, shortCounts: Int
    /// Signals that announced I/O, and how often their queue overflowed.
    public var signals: Int, signalOverflows: Int
    /// Calls of the non-blocking engine that blocked in the end.
    public var blockingFallbacks: Int
    /// Descriptors that the kernel was given to watch, call by call.
    public var descriptorsPassed: Int
  }

  /// Entries into the kernel that the program made.
  public struct SystemCalls: Encodable, Sendable {
    /// All of them.
    public var total: UInt64
    /// How many of each name.
    public var byName: [String: UInt64]
    /// Calls made on the job's behalf by threads of the C library.
    public var byHelperThreads: Known<UInt64>
  }

  /// How often the processor was given up or taken away.
  public struct ContextSwitches: Encodable, Sendable {
    /// To wait, and because somebody else's turn had come.
    public var voluntary: Int64, involuntary: Int64
  }

  /// Page faults.
  public struct Faults: Encodable, Sendable {
    /// Without and with a read from the device.
    public var minor: Int64, major: Int64
  }

  /// Bytes that passed between memory and devices.
  public struct Device: Encodable, Sendable {
    /// Of /proc/self/io: fetched, and made dirty or sent.
    public var readBytes: Known<UInt64>, writeBytes: Known<UInt64>
  }

  /// Durations of operations.
  public struct Latency: Encodable, Sendable {
    /// How many operations.
    public var count: UInt64
    /// Percentiles and extremes.
    public var min: UInt64, p50: UInt64, p90: UInt64, p99: UInt64, p999: UInt64, max: UInt64
  }

  /// What happened to a file in the page cache.
  public struct CachedFile: Encodable, Sendable {
    /// The file, and whether it is a `source` or a `target`.
    public var file: FileName, role: String
    /// The cache mode asked for, and what it came down to.
    public var asked: String, mode: String
    /// The file's size.
    public var bytes: Int64
    /// Pages before and after.
    public var before: Pages, after: Pages
    /// How pages were counted; null when they were not.
    public var method: Known<String>
    /// Whether O_DIRECT was honoured; null when it was not used.
    public var directHonoured: Known<Bool>
    /// The alignment that O_DIRECT was used with; null when it was not used.
    public var alignment: Known<Int>
  }

  /// Pages of a file.
  public struct Pages: Encodable, Sendable {
    /// In the page cache; changed; on their way to the device.
    public var residentPages: Known<UInt64>, dirtyPages: Known<UInt64>,
      writebackPages: Known<UInt64>
  }

  /// What is on the device.
  public struct Durability: Encodable, Sendable {
    /// What was brought to the device: nothing (`cached`), the `data` of every file, every file and its name
    /// (`full`), or everything at the end (`batch`).
    public var level: String
    /// Bytes of the target that are not on the device yet.
    public var dirtyBytes: Known<UInt64>
  }
}
