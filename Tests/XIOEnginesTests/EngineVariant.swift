import CXIOTestSupport
import Glibc
import Testing
import XIOSystem

@testable import XIOEngines

/// An engine; for POSIX AIO one way of notification, and for blocking calls with or without threads.
struct EngineVariant: Sendable, Equatable, CustomTestStringConvertible {
  var engine: EngineName
  var notification = AIONotification.suspend
  /// Whether each call blocks in a thread of its own, as where many descriptors are waited for.
  var hasThreads = false

  var testDescription: String {
    if hasThreads { return "\(engine.rawValue) (threads)" }
    return engine == .posixAIO ? "\(engine.rawValue) (\(notification))" : engine.rawValue
  }

  /// Every engine that transfers.
  static let all = EngineName.allCases.flatMap { engine in
    engine == .posixAIO
      ? AIONotification.allCases.map { EngineVariant(engine: engine, notification: $0) }
      : [EngineVariant(engine: engine)]
  }

  /// Those that take operations.
  static let operational =
    all.filter { $0.engine != .kernel } + [EngineVariant(engine: .blocking, hasThreads: true)]

  /// Those that return from a submission before its data is there.
  static let queueing = operational.filter { $0.engine != .blocking || $0.hasThreads }

  /// Those that can also be told to give up.
  static let cancelling = queueing.filter { $0.engine != .posixAIO }

  /// Those that read a file as soon as another descriptor is ready.
  static let linking = operational.filter {
    Registry.description(of: $0.engine).traits.linksReads
  }

  static let readinessWaiters: [EngineName] = [.select, .poll, .epoll, .sigio]

  /// The direction of what comes from the source.
  var input: Direction { engine == .kernel ? .move : .read }

  /// The calls that the engine makes in the end, by what they move.
  var calls: CallNames {
    switch engine {
    case .blocking: CallNames(.pread64, .pwrite64, .read, .write)
    case .nonblocking: CallNames(.preadv2, .pwrite64, .preadv2, .pwritev2)
    case .select, .poll, .epoll, .sigio: CallNames(.pread64, .pwrite64, .preadv2, .pwritev2)
    case .posixAIO: CallNames(.aioRead, .aioWrite, .aioRead, .aioWrite)
    case .libaio: CallNames(.libaioRead, .libaioWrite, .preadv2, .pwritev2)
    case .uring: CallNames(.uringRead, .uringWrite, .uringRead, .uringWrite)
    case .kernel: CallNames(.copyFileRange, .copyFileRange, .splice, .splice)
    }
  }

  /// Runs what may not run twice at once: a signal to the process goes to whoever waits for one, and
  /// to the threads of callbacks, which block none.
  func alone<Output>(_ body: () throws -> Output) rethrows -> Output {
    guard engine == .posixAIO, [.signal, .thread].contains(notification) else { return try body() }
    pthread_mutex_lock(&signalLock.mutex)
    defer { pthread_mutex_unlock(&signalLock.mutex) }
    return try body()
  }

  /// Runs what waits for signals, on the thread that gets them.
  func receivingSignals<Output>(_ body: () throws -> Output) rethrows -> Output {
    guard engine == .posixAIO, notification == .signal else { return try body() }
    xio_test_expect_aio_signals(true)
    defer { xio_test_expect_aio_signals(false) }
    return try body()
  }
}

/// A lock that whoever holds it may take again: a test that is alone makes transfers that have to be.
private final class SignalLock: @unchecked Sendable {
  var mutex = pthread_mutex_t()

  init() {
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_RECURSIVE))
    pthread_mutex_init(&mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }
}

private let signalLock = SignalLock()

/// The names of the calls of an engine.
struct CallNames {
  var fileRead: SystemCall, fileWrite: SystemCall
  var streamRead: SystemCall, streamWrite: SystemCall

  init(
    _ fileRead: SystemCall, _ fileWrite: SystemCall, _ streamRead: SystemCall,
    _ streamWrite: SystemCall
  ) {
    self.fileRead = fileRead
    self.fileWrite = fileWrite
    self.streamRead = streamRead
    self.streamWrite = streamWrite
  }
}
