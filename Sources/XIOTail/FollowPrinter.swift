internal import SystemPackage
internal import XIOFollow

/// What goes to standard output between the bytes of files: headers, and ends of lines.
struct FollowPrinter {
  let showsHeaders: Bool
  let delimiter: UInt8
  /// Whether lines are printed, rather than bytes.
  let endsLines: Bool
  private let title: (FilePath) -> [UInt8]
  private var lastSource: Source?
  private var hasPrinted = false
  /// Whose unfinished line was printed last; nil when the last line is complete.
  private(set) var openLine: ObjectIdentifier?
  private(set) var openGeneration: Generation?

  init(
    showsHeaders: Bool, delimiter: UInt8, endsLines: Bool, title: @escaping (FilePath) -> [UInt8]
  ) {
    self.showsHeaders = showsHeaders
    self.delimiter = delimiter
    self.endsLines = endsLines
    self.title = title
  }

  /// Takes over where an earlier run has stopped.
  ///
  /// - Parameter end: What it has left.
  mutating func begin(behind end: OutputEnd) {
    hasPrinted = end.hasContent
    lastSource = end.file?.source
    guard end.isInLine else { return }
    // Nobody finishes a line of which it is not known whose it is.
    openLine = end.file.map { ObjectIdentifier($0) } ?? ObjectIdentifier(FollowPrinter.self)
    openGeneration = end.file
  }

  /// Whether a source has to be named before anything of it is printed.
  func needsHeader(_ source: Source) -> Bool { showsHeaders && lastSource !== source }

  /// What has to be printed before bytes of a source.
  mutating func prefix(for source: Source, _ reader: ObjectIdentifier) -> [UInt8] {
    var bytes: [UInt8] = []
    if showsHeaders, lastSource !== source {
      bytes = Array((hasPrinted ? "\n==> " : "==> ").utf8) + title(source.path)
      bytes += Array(" <==\n".utf8)
    } else if let openLine, openLine != reader, endsLines {
      bytes = [delimiter]
      source.counts.addedNewlines += 1
    }
    lastSource = source
    hasPrinted = true
    return bytes
  }

  /// Whether somebody else has printed an unfinished line that may still be finished.
  func mustWait(_ reader: ObjectIdentifier) -> Bool {
    guard let openLine, openLine != reader, endsLines else { return false }
    guard let openGeneration else { return false }
    return !openGeneration.hasEnded
  }

  /// Takes note of what was printed last.
  mutating func printed(_ last: UInt8?, _ reader: ObjectIdentifier, _ generation: Generation?) {
    guard let last else { return }
    openLine = last == delimiter ? nil : reader
    openGeneration = generation
  }
}
