public import SystemPackage
public import XIOSystem

/// Something that happened to a name, to be told to the user.
public enum NameChange: Sendable {
  /// The name leads nowhere any more, or to what cannot be opened.
  case inaccessible(Errno)
  /// It leads to what cannot be followed.
  case untailable
  /// It leads to another file, where there was none before, or where there was one.
  case appeared, replaced
  /// It leads to its old file again.
  case accessible
}

/// How names and files are watched.
public struct WatchOptions: Sendable {
  /// Whether names are followed, rather than files.
  public var byName: Bool
  /// Whether names that cannot be opened are tried again.
  public var retries: Bool
  /// How often everything is looked at, in nanoseconds, whatever has been announced.
  public var interval: Nanoseconds
  /// Whether FIFOs are to block, because the engine waits inside its calls, and whether inotify
  /// instances are, because it does so with those, too.
  public var blocks: Bool, eventsBlock: Bool
  /// Whether a FIFO goes on with the next writer when the last one has left.
  public var reopensFIFOs: Bool
  /// Whether inotify is used; without it everything is looked at from time to time.
  public var watches: Bool

  /// Whether a file that comes from one followed name to another is new under that, and read from its
  /// beginning once more.
  public var readsRenamedAnew: Bool

  /// Whether a name that leads to what cannot be followed may lead to something else yet.
  public var waitsForChange: Bool { byName && retries }

  /// Takes the settings.
  public init(
    byName: Bool, retries: Bool, interval: Nanoseconds, blocks: Bool, eventsBlock: Bool,
    reopensFIFOs: Bool, watches: Bool = true, readsRenamedAnew: Bool = false
  ) {
    self.byName = byName
    self.retries = retries
    self.interval = interval
    self.blocks = blocks
    self.eventsBlock = eventsBlock
    self.reopensFIFOs = reopensFIFOs
    self.watches = watches
    self.readsRenamedAnew = readsRenamedAnew
  }
}
