import Glibc
public import SystemPackage

/// A program that writes a log, as a follower meets it: one write(2) for each numbered line.
///
/// The test itself writes, so that it decides what is written before a rotation and what after it.
public final class LogWriter {
  /// What stands behind the number of a line unless a log is given a letter of its own.
  public static let usualLetter = UInt8(ascii: "x")

  /// The name that the log is opened by.
  public var path: FilePath
  /// What stands behind the numbers, so that lines of several logs can be told apart.
  public let letter: UInt8
  /// How many lines were written.
  public private(set) var count = 0
  /// How many bytes were written.
  public private(set) var byteCount = 0

  /// Called after every ``write(_:)``.
  public var onWrite: () throws -> Void = {}

  private let appends: Bool
  private var file: FileDescriptor

  /// Opens a log, and creates it where there is none. A FIFO is opened once somebody reads it.
  ///
  /// - Parameters:
  ///   - path: its name.
  ///   - appends: whether each line goes to the end of the file (O_APPEND), wherever that is.
  ///   - letter: what stands behind the numbers.
  ///   - limit: how long to wait for a reader of a FIFO.
  /// - Throws: `Errno` of open(2), `SupportFailure` when nobody reads the FIFO.
  public init(
    _ path: FilePath, appends: Bool = true, letter: UInt8 = LogWriter.usualLetter,
    within limit: Duration = .seconds(60)
  ) throws {
    self.path = path
    self.appends = appends
    self.letter = letter
    file = try Self.open(path, appends, within: limit)
  }

  /// Writes to what is open already.
  ///
  /// - Parameters:
  ///   - stream: a FIFO or a socket, which becomes the writer's own.
  ///   - letter: what stands behind the numbers.
  public init(to stream: FileDescriptor, letter: UInt8) {
    (path, appends, file, self.letter) = ("", true, stream, letter)
  }

  deinit { try? file.close() }

  /// Returns a line by its number, with its newline.
  ///
  /// - Parameters:
  ///   - number: the number, from 1 on.
  ///   - letter: what stands behind it.
  /// - Returns: 21 to 200 bytes, the number in the first eight.
  public static func line(_ number: Int, letter: UInt8 = usualLetter) -> [UInt8] {
    let length = 20 + number &* 7919 % 180
    var bytes = [UInt8](repeating: letter, count: length + 1)
    bytes[length] = UInt8(ascii: "\n")
    bytes[8] = UInt8(ascii: " ")
    var rest = number
    for place in stride(from: 7, through: 0, by: -1) {
      bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    return bytes
  }

  /// Writes the next lines.
  ///
  /// - Parameter lines: how many.
  /// - Throws: `SupportFailure` when one cannot be written whole (write(2)).
  public func write(_ lines: Int) throws {
    for _ in 0..<lines { try writeNext(inParts: 1) }
    try onWrite()
  }

  /// Writes the next line to a stream, unless it would have to wait.
  public func offer() {
    let bytes = Self.line(count + 1, letter: letter)
    _ = fcntl(file.rawValue, F_SETFL, fcntl(file.rawValue, F_GETFL) | O_NONBLOCK)
    let written = bytes.withUnsafeBytes { Glibc.write(file.rawValue, $0.baseAddress, $0.count) }
    guard written == bytes.count else { return }
    count += 1
    byteCount += bytes.count
  }

  /// Writes the next line with two calls, the newline in the second.
  ///
  /// - Throws: `SupportFailure` when it cannot be written whole (write(2)).
  public func writeInTwoParts() throws { try writeNext(inParts: 2) }

  /// Writes lines as long as a time lasts, 50 in each millisecond.
  ///
  /// - Parameter time: how long.
  /// - Throws: `SupportFailure` when one cannot be written whole (write(2)).
  public func write(for time: Duration) throws {
    let clock = ContinuousClock()
    let end = clock.now + time
    while clock.now < end {
      try write(50)
      letPass(.milliseconds(1))
    }
  }

  private func writeNext(inParts parts: Int) throws {
    count += 1
    let bytes = Self.line(count, letter: letter)
    let middle = parts == 1 ? bytes.count : bytes.count / 2
    for part in [bytes[..<middle], bytes[middle...]] where !part.isEmpty {
      let written = part.withUnsafeBytes { Glibc.write(file.rawValue, $0.baseAddress, $0.count) }
      guard written == part.count else { throw SupportFailure.system("write to \(path)") }
    }
    byteCount += bytes.count
  }

  /// Lets go of the file and opens what has the name now, or a new file.
  ///
  /// - Throws: `Errno` of open(2), `SupportFailure` when nobody reads a FIFO.
  public func reopen() throws {
    let next = try Self.open(path, appends)
    try file.close()
    file = next
  }

  /// Cuts the file off at its beginning; the writer stays where it is.
  ///
  /// - Throws: `Errno` of ftruncate(2).
  public func truncate() throws { try file.resize(to: 0) }

  private static func open(
    _ path: FilePath, _ appends: Bool, within limit: Duration = .seconds(60)
  ) throws -> FileDescriptor {
    var opened: FileDescriptor?
    // Without O_NONBLOCK it would wait for ever when the reader of a FIFO is gone.
    try eventually("somebody reads \(path)", within: limit) {
      opened = try openUnlessUnread(path, appends)
      return opened != nil
    }
    guard let file = opened else { throw SupportFailure("cannot open \(path)") }
    _ = fcntl(file.rawValue, F_SETFL, fcntl(file.rawValue, F_GETFL) & ~O_NONBLOCK)
    return file
  }
}

/// Opens a file for writing, or returns nil for a FIFO that nobody reads.
private func openUnlessUnread(_ path: FilePath, _ appends: Bool) throws -> FileDescriptor? {
  var options: FileDescriptor.OpenOptions = [.create, .closeOnExec, .nonBlocking]
  if appends { options.insert(.append) }
  do {
    return try FileDescriptor.open(
      path, .writeOnly, options: options,
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
  } catch let error as Errno where error == .noSuchAddressOrDevice {
    return nil
  }
}
