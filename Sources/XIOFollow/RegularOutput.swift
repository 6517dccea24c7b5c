internal import SystemPackage
internal import XIOSystem

/// What makes an output the same file in the next run.
struct OutputIdentity: Equatable {
  var file: FileIdentity
  /// Empty where the file system has none.
  var handle: [UInt8]

  /// Whether it is the same file; the number of a device can be another one after a restart of the machine.
  func matches(_ other: OutputIdentity) -> Bool {
    guard !handle.isEmpty, !other.handle.isEmpty else { return file == other.file }
    return file.inode == other.file.inode && handle == other.handle
  }
}

/// Standard output, where it is a regular file: where in it this program has written.
final class RegularOutput {
  let identity: OutputIdentity
  private let descriptor = FileDescriptor.standardOutput
  private let appends: Bool
  /// The offset behind what was there when this run began, and what it has written.
  private(set) var end: Int64
  /// Whether bytes were seen there that this run has not written, or it does not write at the end.
  private(set) var isShared = false

  /// Looks at standard output.
  ///
  /// - Returns: nil when it is no regular file.
  init?() {
    guard let status = try? System.nameStatus(descriptor), status.kind == .regular,
      let flags = try? System.statusFlags(descriptor)
    else { return nil }
    identity = OutputIdentity(
      file: FileIdentity(status), handle: (try? System.fileHandle(descriptor)) ?? [])
    appends = flags.contains(.append)
    end = status.size
  }

  /// Where the next byte goes; nil where that is not the end of the file.
  var place: Int64? {
    guard let size = try? System.nameStatus(descriptor).size else { return nil }
    return appends || (try? System.position(descriptor)) == size ? size : nil
  }

  /// Finds the place of what is to be written next.
  func span(_ count: Int, _ content: OutputSpan.Content) -> OutputSpan {
    let place = place
    isShared = isShared || place != end
    return OutputSpan(
      start: place ?? end, count: Int64(count), content: isShared ? .shared : content)
  }

  /// Takes note that a span was written, and finds out whether it came where it was expected.
  func wrote(_ span: OutputSpan) {
    // After a write that appends the position is behind its bytes, wherever they went.
    isShared = isShared || (try? System.position(descriptor)) != span.end
    end = span.end
  }

  /// Cuts off everything from an offset on, and has the next byte go there.
  ///
  /// - Returns: Whether that was possible.
  func cut(at offset: Int64) -> Bool {
    do throws(Errno) {
      try System.truncate(descriptor, to: offset)
      if !appends { try System.setPosition(descriptor, to: offset) }
      end = offset
      return true
    } catch {
      return false
    }
  }

  /// Opens the file for reading, which the output itself need not be.
  static func openForReading() -> FileDescriptor? {
    try? System.open("/proc/self/fd/1", .readOnly)
  }

  /// The last byte before the place where the next one goes; nil where there is none or it cannot be read.
  var lastByte: UInt8? {
    guard let place = place ?? (try? System.position(descriptor)), place > 0,
      let file = Self.openForReading()
    else { return nil }
    defer { try? System.close(file) }
    return file.bytes(at: place - 1, 1)?.first
  }
}

extension FileDescriptor {
  /// Reads so many bytes of a file; nil when they are not there.
  func bytes(at offset: Int64, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = bytes.withUnsafeMutableBytes { memory in
        try? System.read(
          self, into: UnsafeMutableRawBufferPointer(rebasing: memory[done...]),
          at: offset + Int64(done))
      }
      guard let read, read > 0 else { return nil }
      done += read
    }
    return bytes
  }
}
