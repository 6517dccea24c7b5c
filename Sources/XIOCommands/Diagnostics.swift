internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Messages on standard error: the one place where failures are put into words.
struct Diagnostics {
  /// The name the program was called by, such as `xio copy`.
  let program: String

  /// Prints a message.
  func report(_ text: String) {
    show("\(program): \(text)")
  }

  /// Prints what can be done about the last message.
  func hint(_ text: String) {
    show("hint: \(text)")
  }

  private func show(_ line: String) {
    // When standard error cannot be written to, there is nobody left to tell.
    try? StandardStreams.write(Array((line + "\n").utf8), to: .standardError)
  }

  /// Prints what failed, in GNU's words where it has some.
  func report(_ failure: IOFailure, namesAreQuoted: Bool) {
    guard !failure.isInterruption else { return }
    report(Self.text(failure, namesAreQuoted: namesAreQuoted))
    if let hint = failure.hint ?? Self.hint(for: failure) { self.hint(hint) }
  }

  /// Prints why an engine cannot run, and how to mend that.
  func report(_ problem: EngineUnavailable) {
    let errno = problem.errno.map { ": \($0)" } ?? ""
    report("engine '\(problem.engine.rawValue)' is not available: \(problem.cause)\(errno)")
    hint(problem.mend)
  }

  /// What failed and why, in one line.
  static func text(_ failure: IOFailure, namesAreQuoted: Bool) -> String {
    let what = subject(failure, namesAreQuoted)
    let why = [failure.reason, failure.errno.map { "\($0)" }].compactMap { $0 }
      .joined(separator: ": ")
    return what.isEmpty ? why : "\(what): \(why)"
  }

  private static func subject(_ failure: IOFailure, _ namesAreQuoted: Bool) -> String {
    guard let path = failure.path else {
      if case .write = failure.action { return "error writing standard output" }
      return ""
    }
    let name = Quoting.always(path)
    if !namesAreQuoted {
      // cat names an input and says no more, unless it cannot tell which end failed.
      if case .copy = failure.action { return "error copying \(name) to standard output" }
      return Quoting.whereNeeded(path)
    }
    switch failure.action {
    case .stat: return "cannot stat \(name)"
    case .open, .openForReading: return "cannot open \(name) for reading"
    case .create: return "cannot create regular file \(name)"
    case .read: return "error reading \(name)"
    case .write: return "error writing \(name)"
    case .copy(let target): return "error copying \(name) to \(Quoting.always(target))"
    case .synchronise: return "error writing \(name) to the device"
    case .close: return "failed to close \(name)"
    case .truncate: return "failed to truncate \(name)"
    case .prepare: return name
    }
  }

  private static func hint(for failure: IOFailure) -> String? {
    switch (failure.action, failure.errno) {
    case (.copy, .notSupported), (.copy, .invalidArgument):
      "the engine cannot move data between these files; name another, or use --engine auto"
    default: nil
    }
  }
}
