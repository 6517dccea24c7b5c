internal import SystemPackage
internal import XIOCache
internal import XIOCompare
internal import XIOEngines
internal import XIOSystem

/// Messages on standard error: the one place where failures are put into words.
struct Diagnostics {
  /// The name the program was called by, such as `xio copy`.
  let program: String

  private var voice: Voice { Voice(of: program) }

  /// Prints a message.
  func report(_ text: String) {
    show("\(program): \(text)")
  }

  /// Prints what can be done about the last message.
  func hint(_ text: String) {
    voice.hint(text).forEach(show)
  }

  /// Prints what is wrong with the command line.
  func report(_ problem: UsageError) {
    show(voice.lines(problem, program).joined(separator: "\n"))
  }

  private func show(_ line: String) {
    // When standard error cannot be written to, there is nobody left to tell.
    try? StandardStreams.write(Array((line + "\n").utf8), to: .standardError)
  }

  /// Prints what failed, in GNU's words where it has some.
  func report(_ failure: IOFailure, namesAreQuoted: Bool) {
    guard !failure.isInterruption else { return }
    if case .write = failure.action, failure.path == nil, failure.reason == nil,
      let errno = failure.errno
    {
      return reportOutput(errno, isClosed: System.isHeld(.standardOutput))
    }
    report(Self.text(failure, namesAreQuoted: namesAreQuoted))
    if let hint = failure.hint ?? Self.hint(for: failure) { self.hint(hint) }
  }

  /// Prints that standard output takes no more.
  ///
  /// - Parameters:
  ///   - errno: Why.
  ///   - isClosed: Whether it was seen to be closed before anything was written.
  func reportOutput(_ errno: Errno, isClosed: Bool = false) {
    report("\(voice.output(isClosed: isClosed)): \(errno)")
  }

  /// Prints that standard input was closed, where GNU's cat says so when it closes it itself.
  func reportClosedInput() {
    guard voice.isLiteral, System.isHeld(.standardInput) else { return }
    report("closing standard input: \(Errno.badFileDescriptor)")
  }

  /// Prints why an engine cannot run, and how to mend that.
  func report(_ problem: EngineUnavailable) {
    let errno = problem.errno.map { ": \($0)" } ?? ""
    report("engine '\(problem.engine.rawValue)' is not available: \(problem.cause)\(errno)")
    hint(problem.mend)
  }

  /// Prints what a comparison has left behind that was killed.
  func report(_ leftover: Leftover) {
    switch leftover {
    case .removed(let path):
      report("removed \(Quoting.always(path)), left behind by a compare that was killed")
    case .kept(let path):
      report("\(Quoting.always(path)) was perhaps left behind by a compare that was killed")
      hint("remove it when no compare is at work in it, as on another machine")
    }
  }

  /// Prints why the page cache does not hold of a file what it should, and what can be done.
  func report(_ shortfall: CacheShortfall, _ path: FilePath) {
    report("\(Quoting.always(path)): \(Self.text(shortfall))")
    switch shortfall {
    case .unknown:
      hint("the kernel tells of pages those who own a file or may write to it, and root")
    case .dirty, .inUse, .inMemory, .givenUp: break
    }
  }

  /// Why the page cache does not hold what it should.
  static func text(_ shortfall: CacheShortfall) -> String {
    func pages(_ number: UInt64) -> String { number == 1 ? "1 page" : "\(number) pages" }
    switch shortfall {
    case .inMemory(let number):
      return "\(pages(number)) cannot be evicted: the file system keeps its data in memory alone"
    case .dirty(let number):
      return "\(pages(number)) stayed: not on the device, as they were changed meanwhile"
    case .inUse(let number, let processes) where processes.isEmpty:
      return "\(pages(number)) stayed: in use by somebody who cannot be found out"
    case .inUse(let number, let processes):
      let shown = processes.prefix(3).joined(separator: ", ")
      let more = processes.count > 3 ? " and \(processes.count - 3) more" : ""
      return "\(pages(number)) stayed: mapped by process \(shown)\(more)"
    case .givenUp(let number, let all):
      return "\(number) of \(pages(all)) were given up again: memory is short"
    case .unknown(let reason):
      return "what is in the page cache cannot be known: \(reason)"
    }
  }

  /// What failed and why, in one line.
  static func text(_ failure: IOFailure, namesAreQuoted: Bool) -> String {
    let what = subject(failure, namesAreQuoted)
    var errno = failure.errno
    // Nothing is where a closed descriptor would be, and what holds its number is nobody's business. It
    // belongs to root.
    if errno == .noSuchAddressOrDevice || errno == .permissionDenied, let path = failure.path,
      StandardStreams.holdsPlace(of: path)
    {
      errno = .noSuchFileOrDirectory
    }
    let why = [failure.reason, errno.map { "\($0)" }].compactMap { $0 }
      .joined(separator: ": ")
    return what.isEmpty || why.isEmpty ? what + why : "\(what): \(why)"
  }

  private static func subject(_ failure: IOFailure, _ namesAreQuoted: Bool) -> String {
    guard let path = failure.path else {
      if case .write = failure.action { return Voice.own.output() }
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
    case .listen: return "cannot listen at \(name)"
    case .access: return "cannot access \(name)"
    case .createDirectory: return "cannot create directory \(name)"
    case .makeDirectory: return "cannot make directory \(name)"
    case .attributes: return "failed to get attributes of \(name)"
    case .existing: return "\(name) exists but is not a directory"
    case .target: return "target \(name)"
    case .targetDirectory: return "target directory \(name)"
    case .createNode: return "cannot create special file \(name)"
    case .createSymbolicLink(let source):
      let text = "cannot create symbolic link \(name)"
      return source.map { "\(text) to \(Quoting.always($0))" } ?? text
    case .createHardLink(let source):
      return "cannot create hard link \(name) to \(Quoting.always(source))"
    case .readLink: return "cannot read symbolic link \(name)"
    case .remove: return "cannot remove \(name)"
    case .backup: return "cannot backup \(name)"
    case .rename(let target): return "cannot rename \(name) to \(Quoting.always(target))"
    case .clone(let source): return "failed to clone \(name) from \(Quoting.always(source))"
    case .keepTimes: return "preserving times for \(name)"
    case .keepOwner: return "failed to preserve ownership for \(name)"
    case .keepMode: return "preserving permissions for \(name)"
    case .keepAttributes: return "setting attributes for \(name)"
    case .keepContext: return "failed to set the security context of \(name)"
    case .verify: return "cannot verify \(name)"
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
