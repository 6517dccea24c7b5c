internal import SystemPackage
internal import XIOSystem

/// Transfers inside the kernel: bytes never come to the process.
public enum KernelEngine: EngineDescription {
  /// The name on the command line.
  public static var name: EngineName { .kernel }

  /// What the engine is.
  public static var traits: EngineTraits {
    EngineTraits(
      .synchronous, .blocking, carriesFlags: false, maximumDepth: 1, onStreams: "splice",
      onFiles: "FICLONE, copy_file_range …")
  }

  /// Every kernel has some of its calls.
  public static func availability() -> Availability { .available }

  /// Blocks in the call that moves.
  public static func inspect(_ facts: DescriptorFacts) -> DescriptorReport {
    facts.kind == .directory
      ? DescriptorReport(.refused, "a directory") : DescriptorReport(.blocks, "no user copy")
  }
}

/// The session of the `kernel` engine.
///
/// Each pair of descriptors has a ladder of mechanisms. The next one is tried only where the last
/// is not supported and has moved nothing.
struct KernelSession: TransferSession, ~Copyable {
  private enum Mechanism: String {
    case clone = "FICLONE"
    case copyRange = "copy_file_range"
    case sendFile = "sendfile"
    case splice = "splice"
    case splicePipe = "splice through a pipe"

    var call: Offload.Call {
      switch self {
      case .clone: .clone
      case .copyRange: .copyRange
      case .sendFile, .splice, .splicePipe: .move
      }
    }
  }

  // One call must not take so long that a signal goes unnoticed, and some C libraries return counts
  // above INT_MAX wrong.
  private static let step = Int64(256 << 20)
  /// What pipes are made to hold, in bytes.
  private static let pipeSize = 1 << 20
  /// What goes through our own pipe at once, in bytes: pages that are still in the processor's cache when
  /// the reader copies them.
  private static let ownPipeSize = 256 << 10
  /// After so many bytes it is worth while to grow the pipes at the ends.
  private static let manyBytes = 64 << 10

  /// When so many steps have moved less than so many bytes each, what is moved is pages with next to
  /// nothing in them, and copying it into full ones is faster.
  private static let trialSteps: Int64 = 64
  private static let smallStep: Int64 = 4096

  private(set) var metrics = DriverMetrics()
  private(set) var counters = EngineCounters()
  private let onLatency: LatencyObserver?
  private let measures: Bool
  private let track: TimelineTrack?
  private let onProgress: ProgressObserver?
  private var pipe: (readEnd: FileDescriptor, writeEnd: FileDescriptor)?
  /// Whether to stop where plain calls are faster, and whether the last transfer did.
  private let givesWay: Bool
  private(set) var hasGivenWay = false
  /// Bytes that a failure has left in a pipe of our own.
  private var stranded = 0

  init(_ observers: TransferObservers, givesWay: Bool = false) {
    self.givesWay = givesWay
    onLatency = observers.onLatency
    measures = observers.measures
    track = observers.track
    onProgress = observers.onProgress
  }

  mutating func transfer(from source: Endpoint, to target: Endpoint) -> TransferResult {
    var result = TransferResult()
    var lastError = Errno.notSupported
    hasGivenWay = false
    var mechanism = source.needsCopy ? nil : Self.firstMechanism(source, target)
    while let tried = mechanism {
      do throws(TransferFailure) {
        let before = result.total
        let isAtEnd = try run(tried, source, target, &result)
        if result.total > before { result.mechanisms.append(tried.rawValue) }
        if isAtEnd { return result }
      } catch {
        // What has moved, or waits in our pipe, cannot be moved by another mechanism.
        let hasBegun = result.total > 0 || stranded > 0
        let isRefusal = Offload.verdict(error.errno, of: tried.call, moved: 0) != .failed
        guard !hasBegun, isRefusal else {
          if result.total > 0 { result.mechanisms.append(tried.rawValue) }
          result.failure = error
          // What was refused before anything arrived says nothing against one of the ends.
          if result.total == 0, isRefusal { result.failure?.side = nil }
          return result
        }
        lastError = error.errno
      }
      mechanism = Self.next(after: tried, target)
    }
    result.failure = TransferFailure(side: nil, errno: lastError)
    return result
  }

  mutating func read(
    _ source: Endpoint, into memory: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    if counters.remarks.isEmpty {
      counters.remarks.append("what has to be looked at is read by plain calls")
    }
    var repetition = Repetition()
    while true {
      do throws(Errno) {
        return try System.read(source.descriptor, into: memory, at: nil)
      } catch {
        if let failure = repetition.failure(
          after: error, waitingFor: source.descriptor, forWriting: false)
        {
          throw failure
        }
      }
    }
  }

  func transfer<Filter: TransferFilter>(
    from source: Endpoint, through filter: inout Filter, to target: Endpoint
  ) -> TransferResult {
    var result = TransferResult()
    result.failure = TransferFailure(side: nil, errno: .notSupported)
    return result
  }

  /// Where the bytes are that were taken from the source of the last transfer and did not arrive.
  ///
  /// Whoever asks has to move them, or to end.
  mutating func takeStranded() -> Endpoint? {
    guard stranded > 0, let pipe else { return nil }
    defer { stranded = 0 }
    return Endpoint(
      descriptor: pipe.readEnd, kind: .pipe, position: .stream, limit: Int64(stranded))
  }

  /// A pipe's bytes go on as they are. Others go through a pipe of our own if a pipe is where they go:
  /// while the kernel reads a file into a pipe, nobody else can have what is in it already.
  private static func firstMechanism(_ source: Endpoint, _ target: Endpoint) -> Mechanism? {
    if source.kind == .pipe { return .splice }
    guard source.kind.isPositional, target.kind != .pipe else { return .splicePipe }
    return target.kind.isPositional ? .clone : .sendFile
  }

  private static func next(after mechanism: Mechanism, _ target: Endpoint) -> Mechanism? {
    switch mechanism {
    case .clone: .copyRange
    case .copyRange: .sendFile
    case .sendFile: .splicePipe
    case .splice, .splicePipe: nil
    }
  }

  /// The end that an error of a call on both ends is about, where only one can have it.
  private static func side(of errno: Errno) -> TransferSide? {
    switch errno {
    case .brokenPipe, .noSpace, .fileTooLarge, .diskQuotaExceeded: .target
    default: nil
    }
  }

  /// Moves all that is left by one mechanism.
  ///
  /// - Returns: Whether that is certain; otherwise the next mechanism has to look.
  private mutating func run(
    _ mechanism: Mechanism, _ source: Endpoint, _ target: Endpoint, _ result: inout TransferResult
  ) throws(TransferFailure) -> Bool {
    if mechanism == .clone {
      try clone(source, target, &result)
      return true
    }
    var hasGrown = false
    var steps: Int64 = 0
    while true {
      if Termination.requested != nil { throw TransferFailure(side: nil, errno: .interrupted) }
      let left = (source.limit ?? .max) - result.bytesOffloaded
      if left <= 0 { return true }
      let moved = try step(
        mechanism, source, target, at: result.bytesOffloaded, atMost: left, isFirst: steps == 0)
      if moved == 0 {
        // Of some files copy_file_range knows no bytes, or no more, that are there to be read.
        return mechanism != .copyRange
          || result.bytesOffloaded > 0 && result.bytesOffloaded >= source.size
      }
      result.bytesOffloaded += Int64(moved)
      onProgress?(Int64(moved))
      steps += 1
      if givesWay, steps == Self.trialSteps, result.bytesOffloaded < steps * Self.smallStep {
        hasGivenWay = true
        return true
      }
      guard !hasGrown, result.bytesOffloaded >= Self.manyBytes else { continue }
      hasGrown = true
      for end in [source, target] where end.kind == .pipe {
        System.growPipe(end.descriptor, to: Self.pipeSize)
      }
    }
  }

  /// Makes the whole of an empty target share the extents of the whole source.
  private mutating func clone(
    _ source: Endpoint, _ target: Endpoint, _ result: inout TransferResult
  ) throws(TransferFailure) {
    guard source.limit == nil, source.size > 0, source.isAtStart,
      target.isAtStart, target.position != .stream || Self.isEmpty(target.descriptor)
    else { throw TransferFailure(side: nil, errno: .notSupported) }
    try perform(.target) { () throws(Errno) in
      try System.clone(source.descriptor, to: target.descriptor)
      return 0
    }
    result.bytesReflinked = source.size
    guard target.position == .stream else { return }
    try perform(.target) { () throws(Errno) in
      result.bytesReflinked = try System.status(target.descriptor).size
      try System.setPosition(target.descriptor, to: result.bytesReflinked)
      if source.position == .stream {
        try System.setPosition(source.descriptor, to: result.bytesReflinked)
      }
      return 0
    }
    onProgress?(result.bytesReflinked)
  }

  private static func isEmpty(_ file: FileDescriptor) -> Bool {
    (try? System.status(file).size) == 0
  }

  private mutating func step(
    _ mechanism: Mechanism, _ source: Endpoint, _ target: Endpoint, at done: Int64,
    atMost left: Int64, isFirst: Bool
  ) throws(TransferFailure) -> Int {
    let (from, to) = (source.offset(after: done), target.offset(after: done))
    let (step, pipeful) = (Int(min(left, Self.step)), Int(min(left, Int64(Self.pipeSize))))
    switch mechanism {
    case .clone:
      return 0
    case .copyRange:
      return try perform(nil) { () throws(Errno) in
        try System.copyRange(
          source.descriptor, at: from, to: target.descriptor, at: to, count: step)
      }
    case .sendFile:
      if let to, isFirst {
        try perform(.target) { () throws(Errno) in
          try System.setPosition(target.descriptor, to: to)
          return 0
        }
      }
      return try perform(nil, to: target.descriptor) { () throws(Errno) in
        try System.sendFile(source.descriptor, at: from, to: target.descriptor, count: step)
      }
    case .splice:
      return try perform(nil, from: source.descriptor, to: target.descriptor) {
        () throws(Errno) in
        try System.splice(
          source.descriptor, at: from, to: target.descriptor, at: to, count: pipeful)
      }
    case .splicePipe:
      return try splicePipe(source, from, target, to, min(pipeful, Self.ownPipeSize))
    }
  }

  /// Moves what fits into a pipe of our own, or some of what is in it out again.
  ///
  /// - Returns: How many bytes have arrived, 0 at the end of the source.
  private mutating func splicePipe(
    _ source: Endpoint, _ from: Int64?, _ target: Endpoint, _ to: Int64?, _ count: Int
  ) throws(TransferFailure) -> Int {
    let pipe = try ownPipe()
    if stranded == 0 {
      stranded = try perform(.source, from: source.descriptor) { () throws(Errno) in
        try System.splice(source.descriptor, at: from, to: pipe.writeEnd, at: nil, count: count)
      }
      if stranded == 0 { return 0 }
    }
    let waiting = stranded
    let written = try perform(.target, to: target.descriptor) { () throws(Errno) in
      let written = try System.splice(
        pipe.readEnd, at: nil, to: target.descriptor, at: to, count: waiting)
      guard written > 0 else { throw .ioError }
      return written
    }
    stranded -= written
    return written
  }

  private mutating func ownPipe() throws(TransferFailure) -> (
    readEnd: FileDescriptor, writeEnd: FileDescriptor
  ) {
    if let pipe { return pipe }
    do throws(Errno) {
      let made = try System.pipe()
      // Without the larger pipe it takes more calls, that is all.
      System.growPipe(made.writeEnd, to: Self.ownPipeSize)
      pipe = made
      return made
    } catch {
      throw TransferFailure(side: nil, errno: error)
    }
  }

  /// Makes one call, again after EINTR and, once both descriptors are ready, after EAGAIN.
  @discardableResult
  private mutating func perform(
    _ side: TransferSide?, from source: FileDescriptor? = nil, to target: FileDescriptor? = nil,
    _ body: () throws(Errno) -> Int
  ) throws(TransferFailure) -> Int {
    var repetition = Repetition()
    while true {
      metrics.operations += 1
      let (wall, processor) =
        measures ? (Clock.monotonic, Clock.threadCPU) : (0, 0)
      do throws(Errno) {
        let count = try body()
        metrics.completions += 1
        if measures { record(wall, processor, count) }
        return count
      } catch {
        metrics.completions += 1
        switch error {
        case .interrupted where repetition.isDue(after: error): metrics.interruptions += 1
        case .wouldBlock where (source != nil || target != nil) && repetition.isDueAfterWait():
          counters.retries += 1
          try wait(for: source, forWriting: false)
          try wait(for: target, forWriting: true)
        default: throw TransferFailure(side: Self.side(of: error) ?? side, errno: error)
        }
      }
    }
  }

  private func wait(
    for descriptor: FileDescriptor?, forWriting: Bool
  ) throws(TransferFailure) {
    guard let descriptor else { return }
    do throws(Errno) {
      _ = try System.waitUntilReady(descriptor, forWriting: forWriting, timeout: nil)
    } catch {
      guard error == .interrupted, Termination.requested == nil else {
        throw TransferFailure(side: nil, errno: error)
      }
    }
  }

  private mutating func record(_ wall: Nanoseconds, _ processor: Nanoseconds, _ count: Int) {
    // Processor time is taken inside the time on the clock, of which it is a part.
    let used = Clock.threadCPU - processor
    let now = Clock.monotonic
    metrics.recorder.begin(.move, at: wall)
    let phases = Phases.measured(.cpuClock, wait: max(0, now - wall - used), copy: used)
    metrics.recorder.end(.move, at: now, phases)
    track?.add(.move, slot: 0, nil, wall...now, phases, .success(count))
    onLatency?(.move, now - wall)
  }

  consuming func close() throws(Errno) {
    if let pipe {
      try? System.close(pipe.readEnd)
      try? System.close(pipe.writeEnd)
    }
  }
}

extension Endpoint {
  /// The offset in bytes when so many have been moved; nil for a stream.
  fileprivate func offset(after done: Int64) -> Int64? {
    switch position {
    case .stream: nil
    case .offset(let start): start + done
    }
  }

  /// Whether nothing of the file lies before the position.
  fileprivate var isAtStart: Bool {
    switch position {
    case .stream: (try? System.position(descriptor)) == 0
    case .offset(let start): start == 0
    }
  }
}
