import Glibc
import Synchronization
import SystemPackage

/// Work on a thread of its own.
public final class Background<Value: Sendable>: Sendable {
  private let work: Work
  private let thread: Mutex<pthread_t?>

  private final class Work: Sendable {
    let body: @Sendable () throws -> Value
    let result = Mutex<Result<Value, any Error>?>(nil)
    let end = Signpost()

    init(_ body: @escaping @Sendable () throws -> Value) { self.body = body }

    func run() {
      let value = Result { try body() }
      result.withLock { $0 = value }
      end.reach()
    }
  }

  /// Begins.
  ///
  /// - Parameters:
  ///   - name: what the thread is called, of at most 15 bytes; the name of its maker without one.
  ///   - body: the work.
  /// - Throws: `SupportFailure` without a thread (pthread_create(3)).
  public init(named name: String? = nil, _ body: @escaping @Sendable () throws -> Value) throws {
    let work = Work {
      if let name {
        let file = try FileDescriptor.open(
          "/proc/thread-self/comm", .writeOnly, options: [.closeOnExec])
        _ = try file.closeAfter { try file.writeAll(name.utf8) }
      }
      return try body()
    }
    self.work = work
    var created = pthread_t()
    let code = pthread_create(
      &created, nil,
      { argument in
        // The closure of a C function can hold no generic type, so it goes by way of a class.
        if let argument {
          Unmanaged<Runner>.fromOpaque(argument).takeRetainedValue().run()
        }
        return nil
      }, Unmanaged.passRetained(Runner(work.run)).toOpaque())
    guard code == 0 else { throw SupportFailure("no thread can be started") }
    thread = Mutex(created)
  }

  deinit { join() }

  private func join() {
    thread.withLock { thread in
      if let joined = thread { pthread_join(joined, nil) }
      thread = nil
    }
  }

  /// Waits for the end of the work.
  ///
  /// - Returns: what it has returned.
  /// - Throws: what it has thrown.
  public func value() throws -> Value {
    join()
    guard let result = work.result.withLock({ $0 }) else {
      throw SupportFailure("the thread left no result")
    }
    return try result.get()
  }

  /// Waits for the end of the work, though not for ever.
  ///
  /// - Parameter limit: how long at most.
  /// - Returns: whether it has ended.
  public func ends(within limit: Duration) -> Bool { work.end.isReached(within: limit) }

  /// Leaves the thread to itself: nobody waits for its end any more.
  func abandon() {
    thread.withLock { thread in
      if let left = thread { pthread_detach(left) }
      thread = nil
    }
  }
}

private final class Runner: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// A place that one thread passes and another waits for.
private final class Signpost: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func reach() { sem_post(semaphore) }

  func isReached(within limit: Duration) -> Bool {
    var end = timespec()
    clock_gettime(CLOCK_REALTIME, &end)
    let nanoseconds = Int(limit / .nanoseconds(1)) + end.tv_nsec
    end.tv_sec += nanoseconds / 1_000_000_000
    end.tv_nsec = nanoseconds % 1_000_000_000
    while sem_timedwait(semaphore, &end) != 0 {
      guard errno == EINTR else { return false }
    }
    // Whoever asks again finds the same.
    sem_post(semaphore)
    return true
  }
}

/// Runs something on a thread of its own and fails when it does not end in time, so that nothing
/// that it waits for in vain can stop the tests.
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
  nonisolated(unsafe) let body = body
  let work = try Background { Carried(value: try body()) }
  if work.ends(within: limit) { return try work.value().value }
  release()
  if work.ends(within: .seconds(5)) {
    _ = try? work.value()
    throw SupportFailure("\(what) had not ended after \(limit), only when it was made to")
  }
  work.abandon()
  throw SupportFailure("\(what) had not ended after \(limit), and cannot be made to")
}

/// A value that goes from a thread that has ended to the one that waited for it.
private struct Carried<Value>: @unchecked Sendable {
  var value: Value
}
