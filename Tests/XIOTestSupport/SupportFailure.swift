import Glibc
import SystemPackage

/// A test that could not be set up or a condition that did not come true.
public struct SupportFailure: Error, CustomStringConvertible {
  /// What went wrong, in one sentence or with the output of a tool below it.
  public var description: String

  /// Makes a failure.
  ///
  /// - Parameter description: what went wrong.
  public init(_ description: String) {
    self.description = description
  }

  /// Makes a failure from the error number the last call left.
  static func system(_ operation: String, _ code: CInt = errno) -> SupportFailure {
    SupportFailure("cannot \(operation): \(Errno(rawValue: code))")
  }
}
