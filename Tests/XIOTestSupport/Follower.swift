public import Glibc
public import SystemPackage
public import Testing

/// `tail` as it follows, or another command that does, and what it has printed.
public final class Follower {
  /// How what it prints is read.
  public enum Reading: Sendable {
    /// All the time.
    case always
    /// When it is asked for.
    case whenAsked
    /// Through a socket that holds a few KiB, and no more than so many bytes each time that it is asked for.
    case slowly(Int)
  }

  /// The process.
  public let running: RunningProgram
  private let reader: FileDescriptor?
  private let most: Int
  private var collected: [UInt8] = []

  /// Starts the program under test as `tail`.
  ///
  /// - Parameters:
  ///   - arguments: the arguments after `tail`.
  ///   - reads: whether what it prints is read all the time, rather than when it is asked for.
  ///   - launcher: options of `xio-launcher`.
  /// - Throws: `SupportFailure` when it cannot be started.
  public convenience init(
    _ arguments: [any ByteString], reads: Bool = true, launcher: [String] = []
  ) throws {
    try self.init("tail", arguments, reading: reads ? .always : .whenAsked, launcher: launcher)
  }

  /// Starts the program under test.
  ///
  /// - Parameters:
  ///   - command: its command.
  ///   - arguments: the arguments after that.
  ///   - reading: how what it prints is read.
  ///   - launcher: options of `xio-launcher`.
  /// - Throws: `SupportFailure` when it cannot be started.
  public init(
    _ command: String, _ arguments: [any ByteString], reading: Reading, launcher: [String] = []
  ) throws {
    let command = [command] as [any ByteString] + arguments
    let ends: (reader: FileDescriptor, writer: FileDescriptor)
    switch reading {
    case .always:
      (reader, most) = (nil, .max)
      running = try startXio(command, launcher: launcher)
      return
    case .whenAsked:
      ends = try closeOnExecPipe()
      most = .max
    case .slowly(let count):
      ends = try smallSocketPair()
      most = count
    }
    _ = fcntl(ends.reader.rawValue, F_SETFL, O_NONBLOCK)
    reader = ends.reader
    running = try startXio(command, output: .descriptor(ends.writer), launcher: launcher)
    try ends.writer.close()
  }

  deinit {
    if !running.hasEnded { try? running.signal(SIGKILL) }
    try? reader?.close()
  }

  /// What it has printed so far, of which there is more only after this where it is not read always.
  public var printed: [UInt8] {
    guard let reader else { return running.outputSoFar }
    var block = [UInt8](repeating: 0, count: 1 << 16)
    var rest = most
    while rest > 0, case let count = read(reader.rawValue, &block, min(rest, block.count)),
      count > 0
    {
      collected += block[..<count]
      rest -= count
    }
    return collected
  }

  /// What it has said on standard error so far.
  public var said: String { String(decoding: running.errorOutputSoFar, as: UTF8.self) }

  /// Waits until it has printed so much.
  ///
  /// - Parameters:
  ///   - count: how many bytes in all.
  ///   - limit: how long at most.
  /// - Throws: `SupportFailure` when the limit has passed.
  public func expect(_ count: Int, within limit: Duration = .seconds(60)) throws {
    var found = 0
    _ = try? eventually("\(count) bytes are printed", within: limit) {
      let hasEnded = running.hasEnded
      found = printed.count
      guard found < count, !hasEnded else { return true }
      if let reader {
        // What a pipe holds is little: it is taken as soon as it is there.
        var watched = pollfd(fd: reader.rawValue, events: Int16(POLLIN), revents: 0)
        while poll(&watched, 1, 20) > 0, case let more = printed.count, more > found, more < count {
          found = more
        }
        found = printed.count
      }
      return found >= count
    }
    guard found < count else { return }
    throw SupportFailure("\(found) of \(count) bytes were printed; standard error: \(said)")
  }

  /// Waits until it can go on only when somebody reads what it prints, which is read when asked for.
  ///
  /// - Throws: `SupportFailure` when it does not come to that.
  public func expectFullPipe() throws {
    guard let reader else { throw SupportFailure("what it prints is read all the time") }
    try eventually("the pipe is full") { isFull(reader) && isBlocked(running.process) }
  }

  /// Waits until it has said something on standard error.
  ///
  /// - Parameters:
  ///   - text: what it has to say.
  ///   - times: how often.
  /// - Throws: `SupportFailure` when it does not.
  public func expect(saying text: String, times: Int = 1) throws {
    do {
      try eventually("it says \(text)") {
        said.ranges(of: text).count >= times
      }
    } catch {
      throw SupportFailure("waited in vain for '\(text)'; standard error: \(said)")
    }
  }

  /// Does something behind its back.
  ///
  /// - Parameter body: what is done while it is stopped.
  /// - Throws: what that throws; `SupportFailure` when it cannot be stopped.
  public func whileStopped(_ body: () throws -> Void) throws {
    try running.signal(SIGSTOP)
    try eventually("it is stopped") { processState(running.process) == .stopped }
    try body()
    try running.signal(SIGCONT)
  }

  /// Ends it.
  ///
  /// - Parameter sourceLocation: where an issue is recorded when it does not end.
  /// - Returns: how it ended, with all that it has printed.
  /// - Throws: `SupportFailure` when its status was lost.
  @discardableResult
  public func finish(sourceLocation: SourceLocation = #_sourceLocation) throws -> ProgramResult {
    if !running.hasEnded { try running.signal(SIGTERM) }
    var result = try running.wait(sourceLocation: sourceLocation)
    if reader != nil {
      repeat { result.output = collected } while printed.count > result.output.count
    }
    return result
  }
}

/// Two ends of a socket, of which the second one takes no more than a few KiB that nobody reads.
private func smallSocketPair() throws -> (reader: FileDescriptor, writer: FileDescriptor) {
  var ends: [CInt] = [-1, -1]
  let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
  guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SupportFailure.system("socketpair") }
  var size: CInt = 1
  setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
  return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
}

/// Whether a pipe takes no more; one page that is not full can make it hold fewer bytes than its size.
///
/// - Parameter reader: the end that is read.
/// - Returns: whether a write would wait.
public func isFull(_ reader: FileDescriptor) -> Bool {
  // Only the other end tells, which this makes for a moment.
  let path = FilePath("/proc/self/fd/\(reader.rawValue)")
  let options: FileDescriptor.OpenOptions = [.nonBlocking, .closeOnExec]
  guard let writer = try? FileDescriptor.open(path, .writeOnly, options: options) else {
    return false
  }
  defer { try? writer.close() }
  var watched = pollfd(fd: writer.rawValue, events: Int16(POLLOUT), revents: 0)
  return poll(&watched, 1, 0) == 0
}

/// Counts how often the threads of a process have waited.
///
/// - Parameter process: its id.
/// - Returns: the voluntary context switches of all its threads.
/// - Throws: `SupportFailure` when there is no such process.
public func voluntarySwitches(of process: pid_t) throws -> Int {
  let tasks = FilePath("/proc/\(process)/task")
  return try directoryEntries(tasks).reduce(0) { sum, task in
    let file = tasks.appending(String(decoding: task, as: UTF8.self)).appending("status")
    let text = String(decoding: (try? readFile(file)) ?? [], as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
    return sum + (line?.split(separator: "\t").last.flatMap { Int($0) } ?? 0)
  }
}
