import Testing
import XIOTestSupport

/// An engine as it is named on the command line.
struct EngineVariant: Sendable, Hashable, CustomTestStringConvertible {
  var name: String
  var notify: String?

  init(_ name: String, notify: String? = nil) {
    self.name = name
    self.notify = notify
  }

  /// The options that ask for it.
  var options: [String] {
    ["--engine", name] + (notify.map { ["--notify", $0] } ?? [])
  }

  var testDescription: String { ([name] + [notify].compactMap { $0 }).joined(separator: "-") }

  /// Whether transfers of the engine can carry RWF_DONTCACHE.
  var carriesFlags: Bool { name != "posix-aio" && name != "kernel" }

  static let kernel = EngineVariant("kernel")
  static let auto = EngineVariant("auto")
  static let posixAIO = ["suspend", "poll", "signal", "thread"].map {
    EngineVariant("posix-aio", notify: $0)
  }
  /// The engines that a user can name.
  static let named =
    ["blocking", "nonblocking", "select", "poll", "epoll", "sigio"].map { EngineVariant($0) }
    + posixAIO + ["libaio", "uring", "kernel"].map { EngineVariant($0) }
  /// The engines that a user can name, and the choice of the program.
  static let all = named + [auto]
  /// The engines that move bytes through memory of the process.
  static let throughMemory = all.filter { $0 != kernel }
}

/// A cache mode as it is named on the command line.
enum CacheModeName: String, CaseIterable, Sendable {
  case page, direct, uncached, keep

  /// The options that ask for it.
  var options: [String] { ["--cache", rawValue] }

  /// What an engine says of the mode on a kind of file system; nil where it is possible.
  func refusal(_ variant: EngineVariant, on kind: FileSystemKind) -> String? {
    let reason: String
    switch (self, kind) {
    case (.page, _): return nil
    case _ where variant == .kernel: reason = "the kernel engine moves pages of the page cache"
    case (.uncached, _) where !variant.carriesFlags:
      reason = "\(variant.name) cannot carry RWF_DONTCACHE"
    case (.uncached, .btrfs), (.uncached, .tmpfs):
      reason = "the file system refuses RWF_DONTCACHE: Operation not supported"
    case (.direct, .tmpfs), (.keep, .tmpfs):
      reason = "O_DIRECT is not honoured: the file system serves it from the page cache"
    default: return nil
    }
    return "--cache \(rawValue) is not possible: \(reason)"
  }
}
