import Glibc
import SystemPackage
import Testing
import XIOTestSupport

extension TestDirectory {
  /// Makes a FIFO.
  func makeFIFO(_ name: String) throws -> FilePath {
    let fifo = path(of: name)
    try #require(fifo.withPlatformString { mkfifo($0, 0o666) } == 0)
    return fifo
  }

  /// Makes a symbolic link.
  func makeLink(_ name: String, to target: FilePath) throws -> FilePath {
    let link = path(of: name)
    let made = target.withPlatformString { old in link.withPlatformString { symlink(old, $0) } }
    try #require(made == 0)
    return link
  }

  /// Gives a file a second name.
  func makeHardLink(_ name: String, to target: FilePath) throws -> FilePath {
    let other = path(of: name)
    let made = target.withPlatformString { old in other.withPlatformString { link(old, $0) } }
    try #require(made == 0)
    return other
  }

  /// Whether there is an entry of a name.
  func has(_ name: String) throws -> Bool { try names().contains(FilePath(name)) }
}

/// Changes the permissions of a file.
func setPermissions(_ file: FilePath, _ mode: mode_t) throws {
  try #require(file.withPlatformString { chmod($0, mode) } == 0)
}

/// Reads a part of a file, so that its pages come into the page cache, without read-ahead.
func warm(_ file: FilePath, _ range: Range<Int>) throws {
  let descriptor = try FileDescriptor.open(file, .readOnly, options: [.closeOnExec])
  try descriptor.closeAfter {
    try #require(posix_fadvise(descriptor.rawValue, 0, 0, POSIX_FADV_RANDOM) == 0)
    var page = [UInt8](repeating: 0, count: 4096)
    for offset in stride(from: range.lowerBound, to: range.upperBound, by: page.count) {
      _ = try page.withUnsafeMutableBytes {
        try descriptor.read(fromAbsoluteOffset: Int64(offset), into: $0)
      }
    }
  }
}

/// Returns the status flags of an open file description.
func statusFlags(_ descriptor: FileDescriptor) -> CInt {
  fcntl(descriptor.rawValue, F_GETFL)
}

/// Returns how many bytes can be read at once.
func readableBytes(_ descriptor: FileDescriptor) -> Int {
  var count: CInt = 0
  return ioctl(descriptor.rawValue, UInt(FIONREAD), &count) == 0 ? Int(count) : -1
}

/// Returns how many bytes a pipe holds.
func capacity(_ pipe: FileDescriptor) -> Int {
  let getPipeSize: CInt = 1032  // F_GETPIPE_SZ, which needs _GNU_SOURCE
  return Int(fcntl(pipe.rawValue, getPipeSize))
}

/// Removes a file.
func remove(_ file: FilePath) throws {
  try #require(file.withPlatformString { unlink($0) } == 0)
}

/// Writes to a pipe until it takes no more.
func fill(_ pipe: FileDescriptor) throws {
  let flags = statusFlags(pipe)
  try #require(fcntl(pipe.rawValue, F_SETFL, flags | O_NONBLOCK) == 0)
  let block = [UInt8](repeating: 0, count: 4096)
  var isFull = false
  while !isFull {
    do { _ = try pipe.writeAll(block) } catch Errno.wouldBlock { isFull = true }
  }
  try #require(fcntl(pipe.rawValue, F_SETFL, flags) == 0)
}

/// Waits until files that are made from now on are younger than those that there are, as the kernel tells it.
///
/// - Parameter work: What is done meanwhile, at least once.
/// - Throws: `SupportFailure` when the clock stands still, and what the work throws.
func awaitTick(_ work: () throws -> Void = {}) throws {
  func now() -> [Int] {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    return [time.tv_sec, time.tv_nsec]
  }
  let begin = now()
  try eventually("the clock has gone on") {
    try work()
    return now() != begin
  }
}
