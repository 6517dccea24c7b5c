internal import SystemPackage
internal import XIOReport
internal import XIOSystem

/// A line on a terminal that says how far a job is, once that takes long.
///
/// It is drawn when bytes arrive, by whoever tells of them. Whatever else goes to standard error has to ``clear()`` it first.
final class ProgressLine {
  /// What takes less than this needs no line, and the line changes no more often than that.
  private static let patience: Nanoseconds = 1_000_000_000
  private static let interval: Nanoseconds = 200_000_000

  /// What is worked on.
  var name: FilePath?
  private let program: String
  /// How many bytes there are in all, once that is known.
  var total: Int64?
  /// How many files are done, and how many there are, where files are counted.
  var files: (done: Int, total: Int?)?
  /// Whether to say how much the kernel has taken and not written yet.
  private let showsUnwritten: Bool
  private let started = Clock.monotonic
  private var done: Int64 = 0
  private var due: Nanoseconds
  private var line: StatusLine

  /// Prepares a line; nil where standard error is no terminal, or standard output is one that the line
  /// would be written into.
  ///
  /// - Parameters:
  ///   - program: The name in messages.
  ///   - files: What is read, to know how much there is.
  init?(_ program: String, over files: [FilePath]) {
    guard let line = StatusLine(), !System.isTerminal(.standardOutput) else { return nil }
    self.line = line
    self.program = program
    total = Self.size(of: files)
    showsUnwritten = false
    due = started + Self.patience
  }

  /// Prepares a line for many files, of which it is not known yet how large they are; nil where standard error
  /// is no terminal.
  ///
  /// - Parameter program: The name in messages.
  init?(counting program: String) {
    guard let line = StatusLine() else { return nil }
    self.line = line
    self.program = program
    files = (0, nil)
    showsUnwritten = true
    due = started + Self.patience
  }

  /// The size of all files in bytes; nil when one of them does not know its own.
  private static func size(of files: [FilePath]) -> Int64? {
    var total: Int64 = 0
    for file in files {
      guard file != "-", let status = try? System.status(file), status.kind == .regular else {
        return nil
      }
      total += status.size
    }
    return files.isEmpty ? nil : total
  }

  /// Takes note of bytes that have arrived.
  func add(_ bytes: Int64) {
    done += bytes
    let now = Clock.monotonic
    guard now >= due else { return }
    due = now + Self.interval
    line.draw(text(now - started))
  }

  /// Takes the line away, for a message or for good.
  func clear() { line.clear() }

  private func text(_ elapsed: Nanoseconds) -> String {
    // What FIFOs and devices bring was not known before, nor by how much a file grows.
    let total = total.flatMap { $0 < done ? nil : $0 }
    var parts = [Units.size(done) + (total.map { " of \(Units.size($0))" } ?? "")]
    if let files {
      parts.append("\(files.done)" + (files.total.map { " of \($0)" } ?? "") + " files")
    }
    parts.append(Units.speed(done, in: elapsed))
    if let total, done > 0, total > done {
      let left = Double(total - done) / Double(done) * Double(elapsed) / 1e9
      parts.append("\(Int64(left.rounded(.up))) s left")
    }
    // Of the whole machine: whose pages they are the kernel does not tell.
    if showsUnwritten, let unwritten = System.unwrittenBytes(), unwritten > 0 {
      parts.append("\(Units.size(min(unwritten, done))) not on the device yet")
    }
    if let name { parts.append(Quoting.whereNeeded(name)) }
    return "\(program): " + parts.joined(separator: ", ")
  }
}
