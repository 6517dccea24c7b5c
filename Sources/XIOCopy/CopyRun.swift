internal import Synchronization
internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// What the threads of one copy share.
final class CopyRun: @unchecked Sendable {
  var options: CopyOptions
  let session: SessionConfiguration
  /// Whether the program chooses how bytes move, file by file.
  let chooses: Bool
  let queue = TaskQueue()
  let links = HardLinks()
  let fileSystems = FileSystems()
  let measures: Bool
  /// How many directories and files a thread may have open at both ends.
  let directoriesAtOnce: Int, filesAtOnce: Int
  /// The permissions that new files do not get.
  let modeMask = System.modeMask

  private let onNotice: (CopyNotice) -> Void
  private let onQuestion: (FilePath, UInt32?) -> Bool
  private let onProgress: ((CopyProgress) -> Void)?
  private let monitor = Monitor()
  private let failed = Atomic<Bool>(false)
  private let over = Atomic<Bool>(false)
  /// Sums of all threads; complete when they have ended.
  private var totals = CopyTotals()
  private var warned: Set<Lack> = []

  /// What a file system cannot hold.
  private struct Lack: Hashable {
    var attribute: Int, device: UInt64?
  }

  // What operands have become, so that none destroys another; only the thread of operands knows it.
  var sources: Set<Seen> = [], targets: Set<Seen> = []
  // The operand that is being copied, and what it has become.
  var rootSource: FilePath?, rootTarget: FilePath?
  var rootTargets: Set<EntryStatus.Identity> = []
  /// Whether there can be such operands at all.
  var hasSeveralOperands = false

  /// A name, and the file that had it.
  struct Seen: Hashable {
    var path: FilePath, identity: EntryStatus.Identity
    var directory: EntryStatus.Identity?
  }

  init(
    _ options: CopyOptions, _ session: SessionConfiguration, measures: Bool,
    onNotice: @escaping (CopyNotice) -> Void, onQuestion: @escaping (FilePath, UInt32?) -> Bool,
    onProgress: ((CopyProgress) -> Void)? = nil
  ) {
    self.onProgress = onProgress
    self.options = options
    self.session = session
    self.measures = measures
    self.onNotice = onNotice
    self.onQuestion = onQuestion
    chooses = options.transfer.engine == nil && options.transfer.cache == .page
    // A directory that is open has two descriptors; each thread has a few besides.
    let limit = System.raiseDescriptorLimit()
    let share = (limit - 64) / 4 / Helpers.number(options)
    directoriesAtOnce = max(2, min(256, share))
    filesAtOnce = max(1, min(SmallFiles.most, share))
  }

  /// Whether everything has been copied.
  var isOver: Bool { over.load(ordering: .relaxed) }

  /// Everything has been copied.
  func end() {
    over.store(true, ordering: .relaxed)
  }

  /// Whether everything has gone well so far.
  var succeeded: Bool { !failed.load(ordering: .relaxed) }

  /// Tells of something; one thread at a time.
  func tell(_ notice: CopyNotice) {
    monitor.locked { onNotice(notice) }
  }

  /// Told by engines of bytes that have arrived; nil when nobody wants to know.
  var arrivals: ProgressObserver? {
    onProgress == nil ? nil : { [unowned self] bytes in advance(.bytes(bytes)) }
  }

  /// Whether somebody wants to know how far the copy is.
  var showsProgress: Bool { onProgress != nil }

  /// Tells how far the copy is; one thread at a time, and never beside a notice.
  func advance(_ progress: CopyProgress) {
    monitor.locked { onProgress?(progress) }
  }

  /// Tells of a problem, which makes the job fail.
  func report(_ problem: CopyProblem) {
    failed.store(true, ordering: .relaxed)
    tell(.problem(problem))
  }

  /// Fails without a word, as when somebody has said no.
  func fail() {
    failed.store(true, ordering: .relaxed)
  }

  /// Asks whether a file may be overwritten.
  func ask(_ path: FilePath, _ mode: UInt32?) -> Bool {
    monitor.locked { onQuestion(path, mode) }
  }

  /// Warns of what a file system cannot hold, once for each kind of attribute and each file system.
  func warn(of attribute: CopyOptions.Attributes, on device: UInt64?, _ failure: IOFailure) {
    let lack = Lack(attribute: attribute.rawValue, device: device)
    let isNew = monitor.locked { warned.insert(lack).inserted }
    if isNew { tell(.warning(failure)) }
  }

  /// Adds what a thread has counted.
  func add(_ other: CopyTotals) {
    monitor.locked { totals.add(other) }
  }

  /// What was counted.
  var counted: CopyTotals { monitor.locked { totals } }
}

/// What a thread counts.
struct CopyTotals {
  var result = TransferResult()
  var metrics = DriverMetrics()
  var counters = EngineCounters()
  var files: [ObservedFile] = []
  var regularFiles = 0
  var bytesVerified: Int64 = 0

  mutating func add(_ other: CopyTotals) {
    result.add(other.result)
    metrics.add(other.metrics)
    counters.add(other.counters)
    files += other.files
    regularFiles += other.regularFiles
    bytesVerified += other.bytesVerified
  }
}
