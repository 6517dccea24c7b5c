internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// The first output of one source.
struct FirstPart {
  var source: Source
  /// The file, and the part of it to print, when another source goes on reading that; else the end of
  /// what comes before the next source's turn.
  var generation: Generation?
  var range: Range<Int64>
  var isShared: Bool
  /// Whether an earlier run has printed it.
  var isResumed = false
  /// That of the generation when its end was noted.
  var epoch = 0
}

/// What a follow needs beside its options.
struct FollowSettings {
  /// Room in front of the data of a buffer for a header.
  static let headerRoom = 8 << 10

  /// The size of a stream's buffer in bytes.
  var streamSize: Int
  var output: Endpoint
  var countsLines: Bool
  var interval: Nanoseconds
  var latency: Nanoseconds
  /// The read end of the pipe by which the loop is woken.
  var wake: FileDescriptor
  /// Prints a report on what happened so far.
  var onReport: (FollowJob.Output) -> Void
  /// Told how many bytes are about to be written, what they are, and which files they come from, with the
  /// offsets behind them.
  var willWrite: (Int, OutputSpan.Content, [(Generation, Int64)]) -> Void
  /// Told when they were accepted.
  var didWrite: () -> Void
  /// Told of files that cannot be read any more.
  var onFailure: (IOFailure) -> Void
  /// Told when the state has changed, and with true at the end.
  var onProgress: (Bool) -> Void
}
