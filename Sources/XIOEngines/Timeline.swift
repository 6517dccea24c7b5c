public import SystemPackage
internal import XIOSystem

/// A trace of operations in Chrome's trace-event format, written to a file while they happen.
///
/// It is an array of JSON objects, an event each on a line of its own, which Perfetto opens. Sessions
/// write through tracks of their own (``TimelineTrack``), in blocks, so that memory does not grow.
public final class Timeline: @unchecked Sendable {
  private let file: FileDescriptor
  private let monitor = Monitor()
  let started = Clock.monotonic
  let process = System.processNumber
  private var lanes = 0
  private var threads = 0
  private var isOpen = true
  private var failure: Errno?

  /// Begins a trace.
  ///
  /// - Parameters:
  ///   - file: Where it goes; it is closed with the trace.
  ///   - command: What the process is called in it.
  public init(_ file: FileDescriptor, command: String) {
    self.file = file
    var first = TraceText()
    first.add("[\n{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":")
    first.add(number: Int64(process))
    first.add(",\"tid\":0,\"args\":{\"name\":")
    first.add(quoted: command)
    first.add("}}")
    write(first.bytes)
  }

  deinit { try? finish() }

  /// A track for the thread that asks for it.
  func track(_ engine: String) -> TimelineTrack {
    let number = monitor.locked {
      threads += 1
      return threads
    }
    return TimelineTrack(self, thread: number, engine: engine)
  }

  /// A number that no other lane has.
  func nextLane() -> Int {
    monitor.locked {
      lanes += 1
      return lanes
    }
  }

  func write(_ bytes: [UInt8]) {
    monitor.locked {
      guard isOpen, failure == nil else { return }
      do throws(Errno) { try writeAll(bytes) } catch { failure = error }
    }
  }

  private func writeAll(_ bytes: [UInt8]) throws(Errno) {
    var done = 0
    var repetition = Repetition(heedsWish: false)
    while done < bytes.count {
      do throws(Errno) {
        let result = bytes.withUnsafeBytes { all in
          Result { () throws(Errno) in
            try System.write(file, from: UnsafeRawBufferPointer(rebasing: all[done...]), at: nil)
          }
        }
        let count = try result.get()
        guard count > 0 else { throw .ioError }
        done += count
      } catch {
        guard repetition.isDue(after: error) else { throw error }
      }
    }
  }

  /// Ends the trace, once all tracks have ended.
  ///
  /// - Throws: The error number of the first write that failed.
  public func finish() throws(Errno) {
    write(Array("\n]\n".utf8))
    let failed = monitor.locked {
      defer { isOpen = false }
      if isOpen { try? System.close(file) }
      return failure
    }
    if let failed { throw failed }
  }
}

/// What one thread adds to a ``Timeline``.
///
/// Where operations overlap each buffer has a lane of its own, as slices of one lane must nest.
final class TimelineTrack {
  private static let blockSize = 32 << 10

  private let timeline: Timeline
  private let name: String
  private var lanes: [Int: Int] = [:]
  private var text = TraceText()

  init(_ timeline: Timeline, thread: Int, engine: String) {
    self.timeline = timeline
    name = "thread \(thread): \(engine)"
  }

  deinit { flush() }

  /// Adds an operation that has ended, and its phases inside it.
  ///
  /// - Parameters:
  ///   - direction: What it moved.
  ///   - slot: The buffer, of which one operation at a time makes use.
  ///   - descriptor: The file; nil where there are two.
  ///   - times: When it was submitted and when it was complete, by ``Clock/monotonic``.
  ///   - phases: Where the time went.
  ///   - result: How many bytes it moved, or why it did not.
  func add(
    _ direction: Direction, slot: Int, _ descriptor: FileDescriptor?,
    _ times: ClosedRange<Nanoseconds>, _ phases: Phases, _ result: Result<Int, Errno>
  ) {
    let lane = lane(of: slot)
    begin(direction.rawValue, "operation", lane, times.lowerBound, times.upperBound)
    text.add(",\"args\":{")
    if let descriptor { text.add("\"fd\":", Int64(descriptor.rawValue), ",") }
    switch result {
    case .success(let count): text.add("\"bytes\":", Int64(count), "")
    case .failure(let errno): text.add("\"errno\":", Int64(errno.rawValue), "")
    }
    if let basis = phases.basis { text.add(",\"basis\":\"\(basis.rawValue)\"") }
    text.add("}}")
    addPhases(phases, lane, times)
    if text.bytes.count >= Self.blockSize { flush() }
  }

  private func addPhases(_ phases: Phases, _ lane: Int, _ times: ClosedRange<Nanoseconds>) {
    guard let basis = phases.basis else { return }
    let (start, end) = (times.lowerBound, times.upperBound)
    func slice(_ name: String, _ from: Nanoseconds, _ to: Nanoseconds) {
      // A phase was measured inside the operation; what the clocks differ by must not show.
      let (from, to) = (max(start, min(from, end)), max(start, min(to, end)))
      guard from < to else { return }
      begin(name, "phase", lane, from, to)
      text.add("}")
    }
    guard basis != .merged else { return slice("wait and copy", start, end) }
    var (wait, copy, prepare) = (phases.wait, phases.copy, phases.prepare)
    if let used = phases.overlapped {
      wait = end - start - used
      if basis == .noCopy { prepare += used } else { copy += used }
    }
    slice("prepare", start, start + prepare)
    slice("wait", start + prepare, min(start + prepare + wait, end - copy))
    slice("copy", end - copy, end)
  }

  private func begin(
    _ name: String, _ category: String, _ lane: Int, _ start: Nanoseconds, _ end: Nanoseconds
  ) {
    text.add(",\n{\"ph\":\"X\",\"name\":\"\(name)\",\"cat\":\"\(category)\",\"pid\":")
    text.add(number: Int64(timeline.process))
    text.add(",\"tid\":", Int64(lane), ",\"ts\":")
    text.add(microseconds: start - timeline.started)
    text.add(",\"dur\":")
    text.add(microseconds: end - start)
  }

  /// The lane of a buffer; the first one is the thread's own.
  private func lane(of slot: Int) -> Int {
    if let lane = lanes[slot] { return lane }
    let lane = timeline.nextLane()
    let label = lanes.isEmpty ? name : "\(name), buffer \(lanes.count + 1)"
    lanes[slot] = lane
    text.add(",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":")
    text.add(number: Int64(timeline.process))
    text.add(",\"tid\":", Int64(lane), ",\"args\":{\"name\":")
    text.add(quoted: label)
    text.add("}}")
    return lane
  }

  func flush() {
    guard !text.bytes.isEmpty else { return }
    timeline.write(text.bytes)
    text.bytes.removeAll(keepingCapacity: true)
  }
}

/// JSON that is put together.
private struct TraceText {
  var bytes: [UInt8] = []

  mutating func add(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  mutating func add(_ before: String, _ number: Int64, _ after: String) {
    add(before)
    add(number: number)
    add(after)
  }

  mutating func add(number: Int64) {
    add(String(number))
  }

  /// Microseconds, with the nanoseconds behind the point.
  mutating func add(microseconds time: Nanoseconds) {
    let time = max(0, time)
    add(number: time / 1000)
    let rest = String(time % 1000)
    add("." + String(repeating: "0", count: 3 - rest.count) + rest)
  }

  /// A string of JSON; control characters become question marks.
  mutating func add(quoted text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        bytes.append(UInt8(ascii: "\\"))
      }
      bytes.append(byte < 32 ? UInt8(ascii: "?") : byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
