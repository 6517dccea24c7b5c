import Glibc
import Synchronization

/// Runs something on a thread of its own and fails when it does not end in time, so that nothing
/// that it waits for in vain can stop the tests.
///
/// What it expects is expected by the test that calls this, and values of the task are its own, too.
///
/// - Parameters:
///   - limit: how long at most.
///   - what: what is run, for the failure.
///   - release: what is done then, to make it end.
///   - body: what is run. Its thread is left alone when `release` does not make it end.
/// - Returns: what it has returned.
/// - Throws: `SupportFailure` when the limit has passed, or what the body throws.
public func within<Output>(
  _ limit: Duration, _ what: String, release: () -> Void = {},
  _ body: @escaping () throws -> Output
) throws -> Output {
  let work = LimitedWork(body)
  Task(executorPreference: ThreadOfItsOwn()) { work.run() }
  if let result = work.result(within: limit) { return try result.get() }
  release()
  guard work.result(within: .seconds(5)) == nil else {
    throw SupportFailure("\(what) had not ended after \(limit), only when it was made to")
  }
  throw SupportFailure("\(what) had not ended after \(limit), and cannot be made to")
}

/// Runs each job on a new thread, as what blocks would take a thread that other tasks need.
private final class ThreadOfItsOwn: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let thread = startThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    if let thread { pthread_detach(thread) }
  }
}

/// Work that one thread does and another waits for.
private final class LimitedWork<Output>: @unchecked Sendable {
  private let body: () throws -> Output
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  // Written before the semaphore is posted, and read after.
  private var outcome: Result<Output, any Error>?

  init(_ body: @escaping () throws -> Output) {
    self.body = body
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func run() {
    outcome = Result { try body() }
    sem_post(semaphore)
  }

  /// Waits for the outcome; nil when there is none in time.
  func result(within limit: Duration) -> Result<Output, any Error>? {
    var end = timespec()
    clock_gettime(CLOCK_REALTIME, &end)
    let nanoseconds = Int(limit / .nanoseconds(1)) + end.tv_nsec
    end.tv_sec += nanoseconds / 1_000_000_000
    end.tv_nsec = nanoseconds % 1_000_000_000
    while sem_timedwait(semaphore, &end) != 0 {
      guard errno == EINTR else { return nil }
    }
    return outcome
  }
}
