import Glibc
import Synchronization
import SystemPackage
import XIOTestSupport

/// Work on a thread of its own.
final class Background<Value: Sendable>: Sendable {
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
  init(named name: String? = nil, _ body: @escaping @Sendable () throws -> Value) throws {
    let work = Work {
      if let name {
        let file = try FileDescriptor.open("/proc/thread-self/comm", .writeOnly)
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
  func value() throws -> Value {
    join()
    guard let result = work.result.withLock({ $0 }) else {
      throw SupportFailure("the thread left no result")
    }
    return try result.get()
  }
}

private final class Runner: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
