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
  }

  // One call must not take so long that a signal goes unnoticed, and some C libraries return counts
  // above INT_MAX wrong.
  private static let step = Int64(256 << 20)
  private static let pipeSize = 1 << 20

  private(set) var metrics = DriverMetrics()
  private(set) var counters = EngineCounters()
  private let onLatency: LatencyObserver?
  private var pipe: (readEnd: FileDescriptor, writeEnd: FileDescriptor)?

  init(onLatency: LatencyObserver?) {
    self.onLatency = onLatency
  }

  mutating func transfer(from source: Endpoint, to target: Endpoint) -> TransferResult {
    var result = TransferResult()
    var lastError = Errno.notSupported
    for mechanism in Self.ladder(source, target) {
      do throws(TransferFailure) {
        try run(mechanism, source, target, &result)
        result.mechanisms.append(mechanism.rawValue)
        return result
      } catch {
        let hasMoved = result.bytesOffloaded > 0
        guard !hasMoved, Self.isUnsupported(error.errno) else {
          result.failure = error
          return result
        }
        lastError = error.errno
      }
    }
    result.failure = TransferFailure(side: nil, errno: lastError)
    return result
  }

  private static func ladder(_ source: Endpoint, _ target: Endpoint) -> [Mechanism] {
    if source.kind == .pipe || target.kind == .pipe { return [.splice] }
    guard source.position != .stream else { return [.splicePipe] }
    guard target.position != .stream else { return [.sendFile, .splicePipe] }
    return [.clone, .copyRange, .sendFile, .splicePipe]
  }

  /// Errors that say that a mechanism does not work for these files, rather than that it failed.
  private static func isUnsupported(_ errno: Errno) -> Bool {
    [
      .notSupported, .invalidArgument, .improperLink, .noFunction, .inappropriateIOCTLForDevice,
      .notPermitted, .badFileDescriptor, .textFileBusy,
    ].contains(errno)
  }

  /// The end that an error of a call on both ends is about, where only one can have it.
  private static func side(of errno: Errno) -> TransferSide? {
    [.brokenPipe, .noSpace, .fileTooLarge, .diskQuotaExceeded].contains(errno) ? .target : nil
  }

  private mutating func run(
    _ mechanism: Mechanism, _ source: Endpoint, _ target: Endpoint, _ result: inout TransferResult
  ) throws(TransferFailure) {
    if mechanism == .clone {
      guard source.position == .offset(0), target.position == .offset(0), source.size > 0,
        source.limit == nil
      else {
        throw TransferFailure(side: nil, errno: .notSupported)
      }
      try perform(.target) { () throws(Errno) in
        try System.clone(source.descriptor, to: target.descriptor)
        return 0
      }
      result.bytesReflinked = source.size
      return
    }
    while true {
      if Termination.requested != nil { throw TransferFailure(side: nil, errno: .interrupted) }
      let left = (source.limit ?? .max) - result.bytesOffloaded
      if left <= 0 { return }
      let moved = try step(mechanism, source, target, at: result.bytesOffloaded, atMost: left)
      if moved == 0 { return }
      result.bytesOffloaded += Int64(moved)
    }
  }

  private mutating func step(
    _ mechanism: Mechanism, _ source: Endpoint, _ target: Endpoint, at done: Int64,
    atMost left: Int64
  ) throws(TransferFailure) -> Int {
    let (from, to) = (source.offset(after: done), target.offset(after: done))
    let (step, pipeful) = (Int(min(left, Self.step)), Int(min(left, Int64(Self.pipeSize))))
    switch mechanism {
    case .clone:
      return 0
    case .copyRange:
      return try perform(nil) { () throws(Errno) in
        try System.copyRange(
          source.descriptor, at: from ?? 0, to: target.descriptor, at: to ?? 0, count: step)
      }
    case .sendFile:
      if let to, done == 0 {
        try perform(.target) { () throws(Errno) in
          try System.setPosition(target.descriptor, to: to)
          return 0
        }
      }
      return try perform(nil, to: target.descriptor) { () throws(Errno) in
        try System.sendFile(
          source.descriptor, at: from ?? 0, to: target.descriptor, count: step)
      }
    case .splice:
      // While it waits for anything but a pipe, splice holds the lock of the target, and keeps its
      // reader from what already is there.
      if source.kind != .pipe, from == nil {
        try wait(for: source.descriptor, forWriting: false)
      }
      return try perform(nil, from: source.descriptor, to: target.descriptor) {
        () throws(Errno) in
        try System.splice(
          source.descriptor, at: from, to: target.descriptor, at: to, count: pipeful)
      }
    case .splicePipe:
      return try splicePipe(source, from, target, to, pipeful)
    }
  }

  /// Moves what fits into a pipe of our own, and all of it out again.
  private mutating func splicePipe(
    _ source: Endpoint, _ from: Int64?, _ target: Endpoint, _ to: Int64?, _ count: Int
  ) throws(TransferFailure) -> Int {
    let pipe = try ownPipe()
    let moved = try perform(.source, from: source.descriptor) { () throws(Errno) in
      try System.splice(
        source.descriptor, at: from, to: pipe.writeEnd, at: nil, count: count)
    }
    var written = 0
    while written < moved {
      let offset = to.map { $0 + Int64(written) }
      written += try perform(.target, to: target.descriptor) { () throws(Errno) in
        try System.splice(
          pipe.readEnd, at: nil, to: target.descriptor, at: offset, count: moved - written)
      }
    }
    return moved
  }

  private mutating func ownPipe() throws(TransferFailure) -> (
    readEnd: FileDescriptor, writeEnd: FileDescriptor
  ) {
    if let pipe { return pipe }
    do throws(Errno) {
      let made = try System.pipe()
      // Without the larger pipe it takes more calls, that is all.
      try? System.setPipeSize(made.writeEnd, to: Self.pipeSize)
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
    while true {
      metrics.operations += 1
      let (wall, processor) =
        onLatency == nil ? (0, 0) : (Clock.monotonic, Clock.threadCPU)
      do throws(Errno) {
        let count = try body()
        metrics.completions += 1
        record(wall, processor)
        return count
      } catch {
        metrics.completions += 1
        switch error {
        case .interrupted where Termination.requested == nil: metrics.interruptions += 1
        case .wouldBlock where source != nil || target != nil:
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

  private mutating func record(_ wall: Nanoseconds, _ processor: Nanoseconds) {
    guard let onLatency else { return }
    let now = Clock.monotonic
    let used = Clock.threadCPU - processor
    metrics.recorder.begin(.read, at: wall)
    metrics.recorder.end(
      .read, at: now, .measured(.cpuClock, wait: max(0, now - wall - used), copy: used))
    onLatency(.read, now - wall)
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
}
