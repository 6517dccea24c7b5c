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

    init(_ body: @escaping @Sendable () throws -> Value) { self.body = body }

    func run() {
      let value = Result { try body() }
      result.withLock { $0 = value }
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
    guard let created = startThread(work.run) else {
      throw SupportFailure("no thread can be started")
    }
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
}

/// Starts a thread; nil when there can be no more.
func startThread(_ run: @escaping @Sendable () -> Void) -> pthread_t? {
  var created = pthread_t()
  let runner = Unmanaged.passRetained(Runner(run))
  let code = pthread_create(
    &created, nil,
    { argument in
      // The closure of a C function can hold nothing, so what it runs is its argument.
      if let argument {
        Unmanaged<Runner>.fromOpaque(argument).takeRetainedValue().run()
      }
      return nil
    }, runner.toOpaque())
  if code == 0 { return created }
  runner.release()
  return nil
}

private final class Runner: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
