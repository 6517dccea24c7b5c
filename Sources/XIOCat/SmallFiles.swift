public import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Writes what is small to standard output, with nothing but the calls that it takes.
///
/// This is what `cat` is used for most: preparing anything would take longer than the work. Whatever is
/// large or unusual is left to ``Concatenation``, which goes on where this has stopped.
public struct SmallFiles: ~Copyable {
  /// How far it went.
  public enum Outcome {
    /// The inputs before this index are done.
    case done(Int)
    /// Standard output takes no more.
    case failed(Errno)
    /// The input at this index, which is standard input, cannot be read; those before it are done.
    case unreadable(Int, Errno)
  }

  /// Input of this size is not small any more, in bytes.
  private static let limit = 64 << 10

  private let output = FileDescriptor.standardOutput
  private let outputStatus: FileStatus
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 4096)

  /// Looks at standard output; nil where that is nothing that can be written to.
  public init?() {
    guard let flags = try? System.statusFlags(.standardOutput), flags.canWrite,
      let status = try? System.status(.standardOutput)
    else { return nil }
    outputStatus = status
  }

  deinit {
    memory.deallocate()
  }

  /// Writes inputs as long as they are small.
  ///
  /// - Parameters:
  ///   - count: How many there are.
  ///   - name: The name at an index.
  /// - Returns: How far it went.
  public func write(
    _ count: Int, _ name: (Int) -> UnsafePointer<CChar>
  ) -> Outcome {
    for index in 0..<count {
      let name = name(index)
      if Self.isStandardInput(name) {
        switch writeStandardInput() {
        case .done(1): continue
        case .done: return .done(index)
        case .failed(let errno): return .failed(errno)
        case .unreadable(_, let errno): return .unreadable(index, errno)
        }
      }
      guard let bytes = read(name) else { return .done(index) }
      if let failure = writeAll(bytes) { return .failed(failure) }
    }
    return .done(count)
  }

  /// Writes standard input as long as there is not much of it.
  ///
  /// - Returns: Whether that was all. What has been written does not come again.
  public func writeStandardInput() -> Outcome {
    let input = FileDescriptor.standardInput
    guard let flags = try? System.statusFlags(input), flags.canRead,
      let status = try? System.status(input), isSmall(status) || !status.kind.isPositional,
      status.kind != .directory
    else { return .done(0) }
    var total = 0
    while total < Self.limit {
      let count: Int
      do throws(Errno) {
        count = try System.read(input, into: memory, at: nil)
      } catch {
        // What else there is, a socket or a device says once: whoever asks again would find the end.
        return error == .wouldBlock || error == .interrupted ? .done(0) : .unreadable(0, error)
      }
      if count == 0 { return .done(1) }
      total += count
      if let failure = writeAll(UnsafeRawBufferPointer(rebasing: memory[..<count])) {
        return .failed(failure)
      }
    }
    return .done(0)
  }

  /// Reads a whole file; nil when it is not small, or something about it is not as usual.
  private func read(_ name: UnsafePointer<CChar>) -> UnsafeRawBufferPointer? {
    // Opening a FIFO or a device is an event for somebody, and may happen but once.
    guard let known = try? System.status(cString: name), isSmall(known),
      let file = try? System.open(cString: name, .readOnly)
    else { return nil }
    defer { try? System.close(file) }
    guard let status = try? System.status(file), isSmall(status) else { return nil }
    var count = 0
    while count < memory.count {
      let room = UnsafeMutableRawBufferPointer(rebasing: memory[count...])
      guard let more = try? System.read(file, into: room, at: nil) else { return nil }
      if more == 0 { return UnsafeRawBufferPointer(rebasing: memory[..<count]) }
      count += more
    }
    return nil
  }

  /// Whether it is a file that is read at once, and not the one that is written.
  private func isSmall(_ status: FileStatus) -> Bool {
    status.kind == .regular && status.size < Self.limit && !status.isSameFile(as: outputStatus)
  }

  private static func isStandardInput(_ name: UnsafePointer<CChar>) -> Bool {
    name[0] == CChar(UInt8(ascii: "-")) && name[1] == 0
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Errno? {
    var done = 0
    var repetition = Repetition(heedsWish: false)
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      do throws(Errno) {
        let count = try System.write(output, from: rest, at: nil)
        guard count > 0 else { return .ioError }
        done += count
      } catch {
        if let failure = repetition.failure(after: error, waitingFor: output, forWriting: true) {
          return failure
        }
      }
    }
    return nil
  }
}
