public import SystemPackage

/// Why a command could not do something to a file.
///
/// It carries what happened and to what; the wording is made in one place, by the commands.
public struct IOFailure: Error, Sendable {
  /// What was tried.
  public enum Action: Sendable {
    case stat, openForReading, create, open, read, write, copy(to: FilePath), synchronise
    case close, truncate, prepare, listen
    case access, createDirectory, createNode, createSymbolicLink(to: FilePath?)
    case createHardLink(to: FilePath), readLink, remove, backup, rename(to: FilePath)
    case makeDirectory, attributes, existing, target, targetDirectory
    case clone(from: FilePath), keepTimes, keepOwner, keepMode, keepAttributes, keepContext, verify
  }

  /// What was tried.
  public var action: Action
  /// The file; nil is a standard stream or no file at all.
  public var path: FilePath?
  /// What the kernel said.
  public var errno: Errno?
  /// What is to be said instead of, or before, what the kernel said.
  public var reason: String?
  /// What to do about it.
  public var hint: String?

  /// Takes what is known.
  public init(
    _ action: Action, _ path: FilePath?, _ errno: Errno?, reason: String? = nil,
    hint: String? = nil
  ) {
    self.action = action
    self.path = path
    self.errno = errno
    self.reason = reason
    self.hint = hint
  }

  /// Whether what was written to has no reader any more.
  public var isBrokenPipe: Bool {
    if case .write = action { errno == .brokenPipe } else { false }
  }

  /// Whether the program was asked to end, which needs no message.
  public var isInterruption: Bool { errno == .interrupted && Termination.requested != nil }
}

extension System {
  /// Makes a system call and says what for it was made when it fails.
  ///
  /// - Throws: ``IOFailure`` with the error number of the call.
  public static func attempt<Output: ~Copyable>(
    _ action: IOFailure.Action, _ path: FilePath?, _ call: () throws(Errno) -> Output
  ) throws(IOFailure) -> Output {
    do throws(Errno) {
      return try call()
    } catch {
      throw IOFailure(action, path, error)
    }
  }
}
