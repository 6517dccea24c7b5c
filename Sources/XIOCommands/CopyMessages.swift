internal import SystemPackage
internal import XIOCopy
internal import XIOSystem

/// What a copy says: problems on standard error, what it does on standard output.
final class CopyMessages {
  private let diagnostics: Diagnostics
  private let isDebug: Bool
  private var buffer: [UInt8] = []
  private let isInteractive = System.isTerminal(.standardOutput)
  /// Whether standard output could not be written.
  private(set) var hasFailed = false
  /// Whether nobody reads it any more.
  private(set) var readerLeft = false

  /// Makes way for whatever is said.
  private let progress: ProgressLine?

  init(_ diagnostics: Diagnostics, isDebug: Bool, _ progress: ProgressLine? = nil) {
    self.progress = progress
    self.diagnostics = diagnostics
    self.isDebug = isDebug
  }

  /// Says something.
  func show(_ notice: CopyNotice) {
    progress?.clear()
    switch notice {
    case .problem(let problem):
      flush()
      report(problem)
    case .warning(let failure):
      flush()
      diagnostics.report("warning: " + Diagnostics.text(failure, namesAreQuoted: true))
    case .repeated(let path, let isDirectory):
      flush()
      diagnostics.report(
        "warning: source \(isDirectory ? "directory" : "file") \(Quoting.always(path)) "
          + "specified more than once")
    case .copying(let source, let target, let backup):
      var line = "\(Quoting.always(source)) -> \(Quoting.always(target))"
      if let backup { line += " (backup: \(Quoting.always(backup)))" }
      write(line)
    case .removed(let path): write("removed \(Quoting.always(path))")
    case .skipped(let path): write("skipped \(Quoting.always(path))")
    case .debug(let debug):
      write(
        "copy offload: \(debug.offload), reflink: \(debug.reflink), "
          + "sparse detection: \(debug.sparse)")
    }
  }

  /// Asks whether a file may be overwritten.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - mode: Its permissions, when they forbid that.
  ///   - replaces: Whether it would be removed first.
  /// - Returns: Whether the answer was yes.
  func ask(_ path: FilePath, _ mode: UInt32?, replaces: Bool) -> Bool {
    progress?.clear()
    flush()
    let name = Quoting.always(path)
    var question = "\(diagnostics.program): overwrite \(name)? "
    if let mode {
      let digits = String(mode, radix: 8)
      let octal = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
      question =
        "\(diagnostics.program): \(replaces ? "replace" : "unwritable") \(name)"
        + (replaces
          ? ", overriding mode \(octal) (\(Self.symbolic(mode)))? "
          : " (mode \(octal), \(Self.symbolic(mode))); try anyway? ")
    }
    try? StandardStreams.write(Array(question.utf8), to: .standardError)
    return Self.answer()
  }

  /// Permissions as `ls` shows them.
  static func symbolic(_ mode: UInt32) -> String {
    var text = ""
    for (shift, special, letter) in [(6, 0o4000, "s"), (3, 0o2000, "s"), (0, 0o1000, "t")] {
      let bits = mode >> UInt32(shift) & 7
      text += bits & 4 != 0 ? "r" : "-"
      text += bits & 2 != 0 ? "w" : "-"
      let isSpecial = mode & UInt32(special) != 0
      let runs = bits & 1 != 0
      text += isSpecial ? (runs ? letter : letter.uppercased()) : runs ? "x" : "-"
    }
    return text
  }

  /// Whether a line of standard input begins with a yes.
  private static func answer() -> Bool {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while true {
      let count = withUnsafeMutableBytes(of: &byte) {
        (try? System.read(.standardInput, into: $0, at: nil)) ?? 0
      }
      if count == 0 || byte == UInt8(ascii: "\n") { break }
      line.append(byte)
    }
    return line.first == UInt8(ascii: "y") || line.first == UInt8(ascii: "Y")
  }

  private func write(_ line: String) {
    buffer += Array((line + "\n").utf8)
    if isInteractive || buffer.count > 1 << 16 { flush() }
  }

  /// Writes what has gathered.
  func flush() {
    guard !buffer.isEmpty, !hasFailed else { return }
    do throws(Errno) {
      try StandardStreams.write(buffer, to: .standardOutput)
    } catch {
      hasFailed = true
      readerLeft = error == .brokenPipe
      if !readerLeft { diagnostics.reportOutput(error) }
    }
    buffer.removeAll(keepingCapacity: true)
  }

  // MARK: Problems

  /// Says what went wrong, in GNU's words where it has some.
  func report(_ problem: CopyProblem) {
    switch problem {
    // A target that nobody reads any more is what ends others by SIGPIPE.
    case .io(let failure) where failure.isBrokenPipe: readerLeft = true
    case .io(let failure): diagnostics.report(failure, namesAreQuoted: true)
    case .engine(let problem): diagnostics.report(problem)
    default: diagnostics.report(Self.text(problem))
    }
    switch problem {
    case .relativeLink:
      diagnostics.hint("name the source by a path that begins with a slash")
    case .changedSincePart(_, let part):
      diagnostics.hint("remove \(Quoting.always(part)) to begin anew")
    case .notReplaceable: diagnostics.hint("leave --atomic and --resume out to write into it")
    default: break
    }
  }

  private static func text(_ problem: CopyProblem) -> String {
    func name(_ path: FilePath) -> String { Quoting.always(path) }
    switch problem {
    case .io, .engine: return ""
    case .omittingDirectory(let path): return "-r not specified; omitting directory \(name(path))"
    case .sameFile(let source, let target):
      return "\(name(source)) and \(name(target)) are the same file"
    case .danglingLink(let path): return "not writing through dangling symlink \(name(path))"
    case .directoryInTheWay(let path, let source):
      return "cannot overwrite directory \(name(path)) with non-directory \(name(source))"
    case .fileInTheWay(let path, let source):
      return "cannot overwrite non-directory \(name(path)) with directory \(name(source))"
    case .justCreated(let path, let source):
      return "will not overwrite just-created \(name(path)) with \(name(source))"
    case .throughJustCreatedLink(let path, let source):
      return "will not copy \(name(source)) through just-created symlink \(name(path))"
    case .intoItself(let source, let target):
      return "cannot copy a directory, \(name(source)), into itself, \(name(target))"
    case .cyclicLink(let path): return "cannot copy cyclic symbolic link \(name(path))"
    case .backupWouldDestroy(let path, let source):
      return "backing up \(name(path)) might destroy source;  \(name(source)) not copied"
    case .replaced(let path):
      return "skipping file \(name(path)), as it was replaced while being copied"
    case .changed(let path): return "file \(name(path)) changed while it was copied"
    case .lost(let path):
      return "file \(name(path)) was removed or replaced while it was copied"
    case .relativeLink(let path):
      return
        "\(Quoting.whereNeeded(path)): can make relative symbolic links only in current directory"
    case .notReplacing(let path): return "not replacing \(name(path))"
    case .different(let path, let source, let offset):
      return "\(name(path)) differs from \(name(source)) at byte \(offset)"
    case .notReplaceable(let path):
      return "cannot replace \(name(path)): not a regular file"
    case .changedSincePart(let path, let part):
      return "cannot resume the copy of \(name(path)) in \(name(part)): the source has changed"
    case .linkedDirectory(let path, let source):
      return "will not create hard link \(name(path)) to directory \(name(source))"
    }
  }
}

extension ProgressLine {
  /// Takes note of how far a copy is.
  func show(_ progress: CopyProgress) {
    switch progress {
    case .file(let path):
      name = path
      files?.done += 1
    case .bytes(let count): add(count)
    case .total(let files, let bytes):
      self.files?.total = files
      total = bytes
    }
  }
}
