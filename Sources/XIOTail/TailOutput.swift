internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Standard output, for headers and for what is too small to be worth more than plain calls.
final class TailOutput {
  private static let size = 256 << 10
  /// So much GNU's tail holds back until its end, and then words the failure otherwise.
  private static let heldBack: Int64 = 4096

  private let descriptor = FileDescriptor.standardOutput
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
  private var pending = 0
  private let status: FileStatus?
  private var hasHeader = false
  /// The bytes written here, and how many calls it took.
  private(set) var bytesWritten: Int64 = 0, calls = 0

  init() {
    status = try? System.status(.standardOutput)
  }

  deinit {
    memory.deallocate()
  }

  /// The kind of object, as far as it can be known.
  var kind: FileKind { status?.kind ?? .anonymous }

  /// Whether the kernel can be expected to move bytes there by itself.
  var takesOffloads: Bool {
    kind != .anonymous && !(kind == .characterDevice && System.isTerminal(descriptor))
  }

  /// The end of a transfer. Whoever shares the descriptor shares its position, so writes go where it stands.
  var endpoint: Endpoint { Endpoint(descriptor: descriptor, kind: kind, position: .stream) }

  /// Counts the file's pages.
  func probe() -> PageCacheProbe {
    PageCacheProbe(descriptor, kind: kind, size: (try? System.status(descriptor).size) ?? 0)
  }

  /// Names a file before its output.
  func writeHeader(_ title: [UInt8]) throws(TailProblem) {
    let bytes = Array((hasHeader ? "\n==> " : "==> ").utf8) + title + Array(" <==\n".utf8)
    hasHeader = true
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(TailProblem) in try write(bytes) }
    }
    try result.get()
  }

  /// Writes bytes, at once if there are many.
  func write(_ bytes: UnsafeRawBufferPointer) throws(TailProblem) {
    if bytes.count > memory.count - pending { try flush() }
    if bytes.count >= memory.count { return try writeAll(bytes) }
    UnsafeMutableRawBufferPointer(rebasing: memory[pending...]).copyMemory(from: bytes)
    pending += bytes.count
  }

  /// Has bytes put behind those that are to be written.
  ///
  /// - Parameters:
  ///   - count: How many are wanted.
  ///   - read: Fills memory and returns how many bytes it were.
  /// - Returns: That number.
  /// - Throws: What `read` throws, or that standard output takes no more.
  func fill(
    _ count: Int64, _ read: (UnsafeMutableRawBufferPointer) throws(TailProblem) -> Int
  ) throws(TailProblem) -> Int {
    if count > memory.count - pending { try flush(before: count) }
    let end = pending + Int(min(count, Int64(memory.count - pending)))
    let done = try read(UnsafeMutableRawBufferPointer(rebasing: memory[pending..<end]))
    pending += done
    return done
  }

  /// Writes what is held back.
  ///
  /// - Parameter more: How many bytes come behind it.
  /// - Throws: That standard output takes no more.
  func flush(before more: Int64 = 0) throws(TailProblem) {
    let count = pending
    // What could not be written once is not tried again.
    pending = 0
    try writeAll(UnsafeRawBufferPointer(rebasing: memory[..<count]), before: more)
  }

  private func writeAll(
    _ bytes: UnsafeRawBufferPointer, before more: Int64 = 0
  ) throws(TailProblem) {
    var done = 0
    var repetition = Repetition()
    while done < bytes.count {
      do throws(Errno) {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        calls += 1
        let count = try System.write(descriptor, from: rest, at: nil)
        guard count > 0 else { throw .ioError }
        done += count
        bytesWritten += Int64(count)
      } catch {
        if let failure = repetition.failure(
          after: error, waitingFor: descriptor, forWriting: true)
        {
          let held = bytesWritten + Int64(bytes.count)
          throw problem(failure, held.addingReportingOverflow(more).partialValue)
        }
      }
    }
  }

  /// Why standard output takes no more, in GNU's words.
  ///
  /// - Parameters:
  ///   - errno: What the kernel said.
  ///   - total: How many bytes were to be written up to now.
  /// - Returns: The end of everything.
  func problem(_ errno: Errno, _ total: Int64 = .max) -> TailProblem {
    if errno == .brokenPipe { return TailProblem(.readerLeft, endsAll: true, isOutput: true) }
    let isAtEnd = total < Self.heldBack && errno != .interrupted
    return TailProblem(
      isAtEnd
        ? .message("write error: \(errno)")
        : .failure(IOFailure(.write, "standard output", errno)), endsAll: true, isOutput: true)
  }
}

/// Why a file, or everything, could not be printed.
struct TailProblem: Error {
  var notice: Tail.Notice
  /// Whether no other file is to be tried.
  var endsAll: Bool
  /// Whether standard output takes no more.
  var isOutput: Bool

  init(_ notice: Tail.Notice, endsAll: Bool = false, isOutput: Bool = false) {
    self.notice = notice
    self.endsAll = endsAll
    self.isOutput = isOutput
  }

  init(_ failure: IOFailure) {
    self.init(.failure(failure), endsAll: failure.isInterruption)
  }
}
