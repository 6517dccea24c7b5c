internal import SystemPackage
internal import XIOReport
internal import XIOSystem

/// A child that is this program with other arguments.
struct Child {
  /// The process.
  let process: Int32
  /// When it was started.
  let started: Nanoseconds

  /// Starts it.
  ///
  /// - Parameters:
  ///   - words: Its arguments.
  ///   - input: Its standard input; /dev/null without one, as for the others.
  ///   - output: Its standard output.
  ///   - errors: Its standard error.
  /// - Throws: ``CompareError``.
  init(
    _ words: [[UInt8]], input: FileDescriptor?, output: FileDescriptor?, errors: FileDescriptor?
  ) throws(CompareError) {
    started = Clock.monotonic
    do throws(Errno) {
      process = try System.spawnSelf(
        [Array("xio".utf8)] + words, input: input, output: output, error: errors)
    } catch {
      throw .message("cannot run this program again: \(error)", hint: nil)
    }
  }

  /// Waits for its end. When the program is asked to end the child goes first.
  ///
  /// - Parameter run: What takes what it has used.
  /// - Returns: How it has ended.
  /// - Throws: ``CompareError/interrupted``.
  func finish(_ run: inout Comparison.Run) throws(CompareError) -> ChildEnd {
    do throws(Errno) {
      let (end, usage) = try System.awaitEnd(of: process)
      run.wallNs = Clock.monotonic - started
      run.userNs = usage.user
      run.systemNs = usage.system
      run.voluntarySwitches = usage.voluntarySwitches
      run.involuntarySwitches = usage.involuntarySwitches
      run.minorFaults = usage.minorFaults
      run.majorFaults = usage.majorFaults
      run.residentBytes = usage.residentBytes
      return end
    } catch {
      end()
      throw .interrupted
    }
  }

  /// Ends it, at once when it does not end by itself, and waits for that.
  func end() {
    try? System.endGroup(of: process)
    if hasEnded(before: Clock.monotonic + 2_000_000_000) { return }
    try? System.killGroup(of: process)
    _ = hasEnded(before: .max)
  }

  /// Waits for its end, also when signals come: the program is ending by then.
  private func hasEnded(before deadline: Nanoseconds) -> Bool {
    var repetition = Repetition(heedsWish: false)
    while Clock.monotonic < deadline {
      do throws(Errno) {
        _ = try System.reap(process)
        return true
      } catch {
        guard error == .wouldBlock || repetition.isDue(after: error) else { return true }
      }
      System.pause(nanoseconds: 1_000_000)
    }
    return false
  }
}

/// Runs one command in the private directory, and gathers what it reports.
struct Bench {
  /// Where files are made.
  let place: PrivateDirectory
  /// What is to be compared.
  let options: CompareOptions
  /// Where a run writes a trace of its operations; nil where it shall not be disturbed by that.
  var trace: FilePath?

  private static let reportName = "report", errorName = "errors"

  /// The words that choose a setting, as the user would write them.
  static func words(_ setting: Comparison.Setting) -> [String] {
    var words: [String] = []
    if setting.engine != "none" { words.append("--engine=\(setting.engine)") }
    if let notify = setting.notify { words.append("--notify=\(notify)") }
    if let cache = setting.cache { words.append("--cache=\(cache)") }
    if let size = setting.blockSize { words.append("--block-size=\(size)") }
    if let depth = setting.queueDepth { words.append("--queue-depth=\(depth)") }
    if let interval = setting.sleepInterval { words.append("--sleep-interval=\(interval)") }
    return words
  }

  /// All words of a run.
  ///
  /// - Parameters:
  ///   - setting: How it is done.
  ///   - operands: What is read, and written.
  /// - Returns: The words, without the name of the program.
  func words(_ setting: Comparison.Setting, _ operands: [[UInt8]]) -> [[UInt8]] {
    [Array(options.command.rawValue.utf8)] + Self.words(setting).map { Array($0.utf8) }
      + options.words
      + [Array("--report=json".utf8), Array("--report-to=".utf8) + report.bytes]
      + (trace.map { [Array("--timeline=".utf8) + $0.bytes] } ?? [])
      + [Array("--".utf8)] + operands
  }

  private var report: FilePath { place.appending(Self.reportName) }

  /// Opens the file that takes messages of a child.
  ///
  /// - Throws: ``CompareError``.
  func openErrors() throws(CompareError) -> FileDescriptor {
    let path = place.appending(Self.errorName)
    do throws(IOFailure) {
      return try System.attempt(.create, path) { () throws(Errno) in
        try System.open(path, [.writeOnly, .create, .truncate])
      }
    } catch {
      throw .io(error)
    }
  }

  /// Takes in how a child has ended, and what it has reported.
  ///
  /// - Parameters:
  ///   - end: How it has ended.
  ///   - expected: How it ends when all is well.
  ///   - run: What takes it.
  func gather(_ end: ChildEnd, expected: ChildEnd = .status(0), _ run: inout Comparison.Run) {
    let report = try? RunReport(json: place.contents(of: Self.reportName))
    run.report = report
    note(end, expected: expected, isComplete: report != nil, &run)
  }

  /// Takes in how a child has ended.
  ///
  /// - Parameters:
  ///   - end: How it has ended.
  ///   - expected: How it ends when all is well.
  ///   - isComplete: Whether it has left what was wanted.
  ///   - run: What takes it.
  func note(
    _ end: ChildEnd, expected: ChildEnd = .status(0), isComplete: Bool, _ run: inout Comparison.Run
  ) {
    guard end != expected || !isComplete else { return }
    run.succeeded = false
    run.message = Self.message(place.contents(of: Self.errorName)) ?? Self.text(end)
  }

  /// The first message of a child, without the name of the program.
  private static func message(_ bytes: [UInt8]) -> String? {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard let line = lines.first(where: { !$0.hasPrefix("hint: ") }) else { return nil }
    let parts = line.split(separator: ": ", maxSplits: 1)
    return parts.count > 1 && parts[0].hasPrefix("xio") ? String(parts[1]) : String(line)
  }

  private static func text(_ end: ChildEnd) -> String {
    switch end {
    case .status(let status): "it ended with status \(status), and no report"
    case .signal(let signal): "it was ended by signal \(signal)"
    }
  }
}

extension Comparison.Run {
  /// The number by which its setting is ranked, the smaller the better.
  func value(_ measure: Comparison.Measure) -> Double? {
    guard succeeded else { return nil }
    switch measure {
    case .time: return Double(wallNs)
    case .exchange: return exchangeNs.map(Double.init)
    case .latency: return arrivals.map { Double($0.p50Ns) }
    case .products:
      return foreground.map { $0.products > 0 ? Double($0.ns) / Double($0.products) : .infinity }
    }
  }
}
