internal import CXIO
public import SystemPackage

/// A thread that runs a closure and takes no signals.
///
/// What it counts of system calls is added to the thread that joins it.
public final class Thread {
  private let body: () -> Void
  private var number: UInt64 = 0
  private var calls = SystemCallTally.current

  private init(_ body: @escaping () -> Void) {
    self.body = body
  }

  /// Starts a thread.
  ///
  /// - Parameter body: What it runs.
  /// - Returns: The thread, which must be joined.
  /// - Throws: EAGAIN when there can be no more threads.
  ///
  /// The corresponding C function is `pthread_create`.
  public static func start(_ body: @escaping () -> Void) throws(Errno) -> Thread {
    let thread = Thread(body)
    let context = Unmanaged.passRetained(thread)
    do throws(Errno) {
      try System.perform(.clone) {
        xio_tree_start_thread(
          { context in
            guard let context else { return }
            let thread = Unmanaged<Thread>.fromOpaque(context).takeRetainedValue()
            let before = SystemCallTally.current
            thread.body()
            thread.calls = SystemCallTally.current.since(before)
          }, context.toOpaque(), &thread.number)
      }
    } catch {
      context.release()
      throw error
    }
    return thread
  }

  /// Gives the calling thread a table of descriptors of its own, with copies of all that are open. It need not wait
  /// for other threads then when it opens, uses or closes one; what either side opens from now on is unknown to
  /// the other.
  ///
  /// - Throws: EPERM where programs must not do that.
  ///
  /// The corresponding C call is `unshare` with `CLONE_FILES`.
  public static func unshareDescriptors() throws(Errno) {
    try System.perform(.unshare) { xio_tree_unshare_descriptors() }
  }

  /// Waits until the thread has ended.
  ///
  /// The corresponding C function is `pthread_join`.
  public func join() {
    xio_tree_join_thread(number)
    for entry in calls.entries { xio_count_system_call(entry.call.rawValue, entry.count) }
  }
}
