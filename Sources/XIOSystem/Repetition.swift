internal import CXIO
public import SystemPackage

/// The one place that says whether a call is to be made again that has not failed for good.
///
/// EINTR is no failure when a signal has come that does not ask for the end, nor EAGAIN once a wait is over.
/// A call that has either error thousands of times in a row, while no signal is handled, will have it for
/// ever, and that is a failure.
public struct Repetition {
  private var state = xio_repetition()
  private let heedsWish: Bool

  /// Nothing has been repeated yet.
  ///
  /// - Parameter heedsWish: Whether nothing is repeated once the program is asked to end.
  @inline(__always)
  public init(heedsWish: Bool = true) {
    self.heedsWish = heedsWish
  }

  /// Whether to make a call once more that a signal has interrupted.
  ///
  /// - Parameter error: The error of the call; another one than EINTR is no reason.
  /// - Returns: Whether it is EINTR, nobody asks for the end, and it has not come too often.
  public mutating func isDue(after error: Errno) -> Bool {
    guard error == .interrupted, !heedsWish || Termination.requested == nil else { return false }
    return xio_may_repeat(&state)
  }

  /// Whether to make a call once more that would have had to wait, when the wait is over.
  public mutating func isDueAfterWait() -> Bool { xio_may_repeat(&state) }

  /// Waits where a call would have had to.
  ///
  /// - Parameters:
  ///   - error: The error of the call.
  ///   - descriptor: What is waited for after EAGAIN.
  ///   - forWriting: Whether until it can be written, rather than read.
  /// - Returns: Why the call is not to be made again; nil when it is.
  ///
  /// The corresponding C function is `ppoll`.
  public mutating func failure(
    after error: Errno, waitingFor descriptor: FileDescriptor, forWriting: Bool
  ) -> Errno? {
    guard error == .wouldBlock else { return isDue(after: error) ? nil : error }
    guard isDueAfterWait() else { return error }
    do throws(Errno) {
      _ = try System.waitUntilReady(descriptor, forWriting: forWriting, timeout: nil)
      return nil
    } catch {
      // Nobody waits any more once the program is asked to end.
      let isOver = error != .interrupted || Termination.requested != nil
      return isOver || !isDueAfterWait() ? error : nil
    }
  }
}

extension System {
  /// Makes a call again that a signal has interrupted which is no reason to end.
  ///
  /// - Returns: What the call returns.
  /// - Throws: The error number; EINTR only once the program is asked to end, or when it never ceases.
  @inline(__always)
  public static func retry<Output>(_ call: () throws(Errno) -> Output) throws(Errno) -> Output {
    var repetition = Repetition()
    while true {
      do throws(Errno) {
        return try call()
      } catch {
        guard repetition.isDue(after: error) else { throw error }
      }
    }
  }
}
