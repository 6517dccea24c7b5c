internal import SystemPackage
internal import XIOReport
internal import XIOSystem

/// Lines that come back from a job, as they come.
struct Arriving {
  private let descriptor: FileDescriptor
  private let memory: UnsafeMutableRawBufferPointer
  private var line: [UInt8] = []
  /// How many lines have come.
  private(set) var count = 0
  /// How late they were, those without a time aside.
  private(set) var delays: [Nanoseconds] = []
  /// Whether nothing more can come.
  private(set) var hasEnded = false

  /// How long to wait for a line that is due.
  static let patience: Nanoseconds = 10_000_000_000

  init(_ descriptor: FileDescriptor, _ memory: UnsafeMutableRawBufferPointer) {
    self.descriptor = descriptor
    self.memory = memory
  }

  /// Takes what comes until a moment, or until so many lines have come.
  ///
  /// - Parameters:
  ///   - deadline: A time of ``Clock/monotonic``.
  ///   - wanted: How many lines to wait for, those that have come included.
  /// - Throws: ``CompareError/interrupted``.
  mutating func take(until deadline: Nanoseconds, wanted: Int = .max) throws(CompareError) {
    var repetition = Repetition(heedsWish: false)
    while count < wanted, !hasEnded {
      if Termination.requested != nil { throw .interrupted }
      let left = deadline - Clock.monotonic
      do throws(Errno) {
        guard try System.waitUntilReady(descriptor, forWriting: false, timeout: max(0, left)) else {
          return
        }
        let size = try System.read(descriptor, into: memory, at: nil)
        let now = Clock.monotonic
        if size == 0 { hasEnded = true }
        for byte in memory[..<size] { add(byte, at: now) }
      } catch {
        guard repetition.isDue(after: error) else {
          hasEnded = true
          return
        }
      }
    }
  }

  private mutating func add(_ byte: UInt8, at now: Nanoseconds) {
    guard byte == UInt8(ascii: "\n") else {
      line.append(byte)
      return
    }
    count += 1
    if let written = Int64(String(decoding: line.prefix { $0 != 32 }, as: UTF8.self)), written > 0 {
      delays.append(now - written)
    }
    line.removeAll(keepingCapacity: true)
  }

  /// A line that says when it was written; 0 where that shall not count.
  static func line(at time: Nanoseconds, _ number: Int) -> [UInt8] {
    let text = String(number)
    return Array("\(time) \(String(repeating: "0", count: max(0, 8 - text.count)))\(text)\n".utf8)
  }
}

extension Comparison.Arrivals {
  /// Sums delays up; nil when there are none.
  init?(_ delays: [Nanoseconds], written: Int) {
    let sorted = delays.sorted()
    guard let last = sorted.last else { return nil }
    func percentile(_ part: Int) -> Nanoseconds {
      sorted[min(sorted.count - 1, (sorted.count * part + 99) / 100 - 1)]
    }
    self.init(
      written: written, arrived: sorted.count, p50Ns: percentile(50), p90Ns: percentile(90),
      p99Ns: percentile(99), maxNs: last)
  }
}

extension System {
  /// Writes all of some bytes.
  ///
  /// - Throws: The error number; EINTR only once the program is asked to end.
  static func writeAll(_ descriptor: FileDescriptor, _ bytes: [UInt8]) throws(Errno) {
    var done = 0
    var repetition = Repetition()
    while done < bytes.count {
      do throws(Errno) {
        let result = bytes.withUnsafeBytes { all in
          Result { () throws(Errno) in
            try write(descriptor, from: UnsafeRawBufferPointer(rebasing: all[done...]), at: nil)
          }
        }
        done += try result.get()
      } catch {
        guard repetition.isDue(after: error) else { throw error }
      }
    }
  }
}

/// A job that reads what this program writes, and prints it into a pipe.
struct EventJob {
  let child: Child
  let output: FileDescriptor
  private let errors: FileDescriptor

  /// Starts it.
  ///
  /// - Throws: ``CompareError``.
  init(_ bench: Bench, _ words: [[UInt8]], _ run: inout Comparison.Run) throws(CompareError) {
    run.command = words.map { FileName(bytes: $0) }
    errors = try bench.openErrors()
    let pipe = try StreamTrial.makePipe()
    defer { try? System.close(pipe.writeEnd) }
    output = pipe.readEnd
    do throws(CompareError) {
      child = try Child(words, input: nil, output: pipe.writeEnd, errors: errors)
    } catch {
      try? System.close(pipe.readEnd)
      try? System.close(errors)
      throw error
    }
  }

  /// Closes what is left.
  func close() {
    try? System.close(output)
    try? System.close(errors)
  }
}

/// Follows a file to which lines are appended at a steady rate.
struct FollowTrial: Trial {
  private static let logName = "log"
  let bench: Bench
  let memory: UnsafeMutableRawBufferPointer

  func run(_ setting: Comparison.Setting, _ run: inout Comparison.Run) throws(CompareError) {
    let path = bench.place.appending(Self.logName)
    let log: FileDescriptor
    do throws(Errno) {
      log = try System.open(path, [.writeOnly, .create, .truncate])
    } catch {
      throw .io(IOFailure(.create, path, error))
    }
    defer { try? System.close(log) }
    let job = try EventJob(bench, bench.words(setting, [path.bytes]), &run)
    defer { job.close() }
    var arriving = Arriving(job.output, memory)
    do throws(CompareError) {
      try append(to: log, path, &arriving)
    } catch {
      job.child.end()
      throw error
    }
    try? System.endGroup(of: job.child.process)
    let end = try job.child.finish(&run)
    bench.gather(end, expected: .signal(15), &run)
    if run.succeeded {
      run.arrivals = .init(arriving.delays, written: bench.options.events)
    }
    if run.succeeded, run.arrivals == nil {
      run.succeeded = false
      run.message = "no line arrived"
    }
  }

  private func append(
    to log: FileDescriptor, _ path: FilePath, _ arriving: inout Arriving
  ) throws(CompareError) {
    func write(_ line: [UInt8]) throws(CompareError) {
      do throws(Errno) { try System.writeAll(log, line) } catch {
        throw error == .interrupted ? .interrupted : .io(IOFailure(.write, path, error))
      }
    }
    // Once the first line has arrived the file is being followed.
    try write(Arriving.line(at: 0, 0))
    try arriving.take(until: Clock.monotonic + Arriving.patience, wanted: 1)
    let started = Clock.monotonic
    for number in 1...bench.options.events where !arriving.hasEnded {
      let due = started + Int64(number) * 1_000_000_000 / Int64(bench.options.rate)
      try arriving.take(until: due)
      try write(Arriving.line(at: Clock.monotonic, number))
    }
    try arriving.take(
      until: Clock.monotonic + Arriving.patience, wanted: bench.options.events + 1)
  }
}

/// Gathers lines of FIFOs, few of which have any: a line each, and the next when all have arrived.
struct FaninTrial: Trial {
  private static let directoryName = "sources"
  private static let listName = "list"
  let bench: Bench
  let memory: UnsafeMutableRawBufferPointer

  func run(_ setting: Comparison.Setting, _ run: inout Comparison.Run) throws(CompareError) {
    let count = setting.sources ?? 1
    guard System.raiseDescriptorLimit() > count + 64 else {
      run.succeeded = false
      run.message = "\(count) sources are more than descriptors can be open"
      return
    }
    var writers: [FileDescriptor] = []
    func release() {
      for writer in writers { try? System.close(writer) }
      writers = []
    }
    defer { release() }
    do throws(IOFailure) { writers = try makeSources(count) } catch { throw .io(error) }
    let list = "@\(bench.place.appending(Self.listName))"
    let job = try EventJob(bench, bench.words(setting, [Array(list.utf8)]), &run)
    defer { job.close() }
    var arriving = Arriving(job.output, memory)
    do throws(CompareError) {
      run.exchangeNs = try exchange(active(writers, setting.active ?? 1), &arriving)
      release()
      if run.exchangeNs != nil { try arriving.take(until: Clock.monotonic + Arriving.patience) }
    } catch {
      job.child.end()
      throw error
    }
    if !arriving.hasEnded { try? System.endGroup(of: job.child.process) }
    bench.gather(try job.child.finish(&run), &run)
    if run.succeeded, run.exchangeNs == nil {
      run.succeeded = false
      run.message = "lines did not arrive"
    }
    do throws(IOFailure) { try bench.place.remove(Self.directoryName) } catch { throw .io(error) }
  }

  /// Makes FIFOs that have a writer, and a list of them.
  private func makeSources(_ count: Int) throws(IOFailure) -> [FileDescriptor] {
    try bench.place.makeDirectory(Self.directoryName)
    var writers: [FileDescriptor] = []
    var text: [UInt8] = []
    for number in 0..<count {
      let name = "\(Self.directoryName)/\(number)"
      try bench.place.makeFIFO(name)
      let path = bench.place.appending(name)
      text += path.bytes + [10]
      // Open for both, it needs no reader to be there.
      let writer = try System.attempt(.open, path) { () throws(Errno) in
        try System.open(path, [.readWrite, .nonBlocking])
      }
      writers.append(writer)
    }
    let list = bench.place.appending(Self.listName)
    try System.attempt(.write, list) { () throws(Errno) in
      let file = try System.open(list, [.writeOnly, .create, .truncate])
      defer { try? System.close(file) }
      try System.writeAll(file, text)
    }
    return writers
  }

  private func active(_ writers: [FileDescriptor], _ count: Int) -> [FileDescriptor] {
    (0..<count).map { writers[$0 * writers.count / count] }
  }

  /// The time that all lines take; nil when some did not arrive.
  private func exchange(
    _ writers: [FileDescriptor], _ arriving: inout Arriving
  ) throws(CompareError) -> Int64? {
    let rounds = max(1, bench.options.events / writers.count)
    var began = Clock.monotonic
    for round in 0...rounds {
      // The first round finds out when all sources are open.
      if round == 1 { began = Clock.monotonic }
      for writer in writers {
        do throws(Errno) {
          try System.writeAll(writer, Arriving.line(at: Clock.monotonic, round))
        } catch {
          return nil
        }
      }
      let wanted = (round + 1) * writers.count
      try arriving.take(until: Clock.monotonic + Arriving.patience, wanted: wanted)
      if arriving.count < wanted { return nil }
    }
    return Clock.monotonic - began
  }
}

/// Sends blocks through a pipe to a process that multiplies matrices and reads them meanwhile.
struct OverlapTrial: Trial {
  private static let resultName = "result"
  private static let block = [UInt8](repeating: 0x78, count: 4096)
  let bench: Bench

  func run(_ setting: Comparison.Setting, _ run: inout Comparison.Run) throws(CompareError) {
    let words = Self.words(setting)
    run.command = words.map { FileName(bytes: $0) }
    let errors = try bench.openErrors()
    defer { try? System.close(errors) }
    let result: FileDescriptor
    let path = bench.place.appending(Self.resultName)
    do throws(Errno) {
      result = try System.open(path, [.writeOnly, .create, .truncate])
    } catch {
      throw .io(IOFailure(.create, path, error))
    }
    defer { try? System.close(result) }
    let pipe = try StreamTrial.makePipe()
    let child: Child
    do throws(CompareError) {
      defer { try? System.close(pipe.readEnd) }
      child = try Child(words, input: pipe.readEnd, output: result, errors: errors)
    } catch {
      try? System.close(pipe.writeEnd)
      throw error
    }
    let isFed = feed(pipe.writeEnd, writes: setting.engine != "none")
    try? System.close(pipe.writeEnd)
    if !isFed, Termination.requested != nil {
      child.end()
      throw .interrupted
    }
    let end = try child.finish(&run)
    let inner = try? Comparison(json: bench.place.contents(of: Self.resultName))
    run.foreground = inner?.runs.first?.foreground
    bench.note(end, isComplete: run.foreground != nil, &run)
  }

  /// The words of a process that multiplies, and reads standard input meanwhile.
  private static func words(_ setting: Comparison.Setting) -> [[UInt8]] {
    var words = ["compare", "cat", "--overlap", "--json", "--engines=\(setting.engine)"]
    if let notify = setting.notify { words.append("--notify=\(notify)") }
    if let size = setting.blockSize { words.append("--block-size=\(size)") }
    return (words + ["-"]).map { Array($0.utf8) }
  }

  /// Writes blocks at a steady rate, or lets the same time pass.
  private func feed(_ descriptor: FileDescriptor, writes: Bool) -> Bool {
    let started = Clock.monotonic
    for number in 1...bench.options.events {
      let due = started + Int64(number) * 1_000_000_000 / Int64(bench.options.rate)
      while case let left = due - Clock.monotonic, left > 0 {
        if Termination.requested != nil { return false }
        System.pause(nanoseconds: left)
      }
      guard writes else { continue }
      do throws(Errno) { try System.writeAll(descriptor, Self.block) } catch { return false }
    }
    return true
  }
}
