internal import SystemPackage
internal import XIOSystem

/// The commands whose output is gathered.
final class Children {
  private var running: [Feed] = []
  private var closed: [Feed] = []
  var onNotice: (FaninNotice) -> Void = { _ in }

  /// Starts a command.
  func add(_ feed: Feed) { running.append(feed) }

  /// Takes note that a command prints nothing more; it may run on for a while.
  func ended(_ feed: Feed) {
    running.removeAll { $0 === feed }
    closed.append(feed)
    reap()
  }

  /// Whether the status of a command is still to come.
  var awaitsStatus: Bool { !closed.isEmpty }

  /// Tells of commands that have failed.
  func reap() {
    closed.removeAll { feed in
      guard let process = feed.process else { return true }
      do throws(Errno) {
        switch try System.reap(process) {
        case .status(0): break
        case .status(let status): onNotice(.failed(feed.title, "ended with status \(status)"))
        case .signal(let signal): onNotice(.failed(feed.title, "was ended by signal \(signal)"))
        }
        return true
      } catch {
        return error != .wouldBlock
      }
    }
  }

  /// Asks all that still run to end.
  func endAll() {
    for feed in running + closed {
      if let process = feed.process { try? System.endGroup(of: process) }
    }
  }
}
