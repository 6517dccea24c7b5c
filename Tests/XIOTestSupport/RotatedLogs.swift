import Glibc
public import SystemPackage
import Testing

/// Follows many logs that are rotated, each with lines of its own, and expects every line once, whole and
/// in its place.
///
/// - Parameters:
///   - engine: what the follow waits with.
///   - logs: how many logs there are, up to 52.
///   - rotations: how often each is rotated.
///   - reads: whether what is printed is read all the time.
///   - launcher: options of `xio-launcher`.
///   - pause: called after each round with what is to be printed by then, in bytes.
/// - Returns: what the follow has printed and said.
/// - Throws: `SupportFailure` when something is not printed.
@discardableResult
public func followRotatedLogs(
  engine: String, logs: Int, rotations: Int, reads: Bool = true, launcher: [String] = [],
  pause: (_ follower: Follower, _ bytes: Int) throws -> Void
) throws -> ProgramResult {
  let directory = try TestDirectory(on: .tmpfs)
  let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
  let writers = try letters.prefix(logs).map {
    try LogWriter(directory.path(of: "\($0).log"), letter: $0)
  }
  for writer in writers { try writer.write(1) }
  let follower = try Follower(
    ["-q", "-n", "+1", "-F", "--engine", engine] + writers.map(\.path) as [any ByteString],
    reads: reads, launcher: launcher)
  try follower.expect(writers.reduce(0) { $0 + $1.byteCount })
  for round in 1...rotations {
    for writer in writers {
      try writer.write(20)
      try rename(writer, round)
      try writer.write(5)
    }
    try pause(follower, writers.reduce(0) { $0 + $1.byteCount })
  }
  let all = writers.reduce(0) { $0 + $1.byteCount }
  let waiting = Result { try follower.expect(all, within: .seconds(60)) }
  let result = try follower.finish()
  let counts = Dictionary(uniqueKeysWithValues: writers.map { ($0.letter, $0.count) })
  let check = LineCheck(result.output, counts: counts)
  #expect(check.isPerfect, "\(check)\n\(result.errorText.suffix(500))")
  #expect(!result.errorText.contains("gone before"), "\(result)")
  try waiting.get()
  return result
}

private func rename(_ writer: LogWriter, _ number: Int) throws {
  let code = writer.path.withPlatformString { old in
    "\(writer.path).\(number)".withCString { Glibc.rename(old, $0) }
  }
  guard code == 0 else { throw SupportFailure.system("rename \(writer.path)") }
  try writer.reopen()
}
