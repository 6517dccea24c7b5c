internal import Glibc

/// A lock that threads can wait under for what others change.
public final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// Nobody holds it.
  public init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  /// Runs `body` while no other thread is inside.
  ///
  /// The corresponding C functions are `pthread_mutex_lock` and `pthread_mutex_unlock`.
  public func locked<Output, Failure: Error>(
    _ body: () throws(Failure) -> Output
  ) throws(Failure) -> Output {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Lets others in until one of them calls ``wakeAll()``; to be called inside, in a loop.
  ///
  /// The corresponding C function is `pthread_cond_wait`.
  public func wait() {
    pthread_cond_wait(condition, mutex)
  }

  /// Wakes one thread that waits.
  ///
  /// The corresponding C function is `pthread_cond_signal`.
  public func wakeOne() {
    pthread_cond_signal(condition)
  }

  /// Wakes all threads that wait.
  ///
  /// The corresponding C function is `pthread_cond_broadcast`.
  public func wakeAll() {
    pthread_cond_broadcast(condition)
  }
}
