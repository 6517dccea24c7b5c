#if DEBUG
  internal import Synchronization
  public import SystemPackage

  /// Faults that a test wants system calls to show, for the code it runs inside ``run(_:)``.
  ///
  /// Debug builds only. The plan belongs to the task that runs it, so tests do not disturb each other.
  public final class FaultPlan: Sendable {
    @TaskLocal static var current: FaultPlan?

    /// One fault: which calls of a name it strikes, and how.
    public struct Fault: Sendable {
      var call: SystemCall
      var first: Int
      var last: Int
      var errno: Errno?
      var limit: Int?

      /// The `nth` call of that name, counted from 1, fails; with `lasting` all later ones too.
      public static func fail(
        _ call: SystemCall, nth: Int, with errno: Errno, lasting: Bool = false
      ) -> Fault {
        Fault(call: call, first: nth, last: lasting ? .max : nth, errno: errno)
      }

      /// Calls of that name from the `nth` on move at most `limit` bytes.
      public static func shorten(_ call: SystemCall, from nth: Int = 1, to limit: Int) -> Fault {
        Fault(call: call, first: nth, last: .max, limit: limit)
      }
    }

    private let faults: [Fault]
    private let made: Mutex<[SystemCall: Int]> = Mutex([:])
    private let struck: Mutex<Int> = Mutex(0)

    /// Makes a plan of faults, none of which has struck yet.
    public init(_ faults: [Fault]) {
      self.faults = faults
    }

    /// How often a fault has made a call fail.
    public var failures: Int { struck.withLock { $0 } }

    /// Runs `body` with these faults in force.
    public func run<Output>(_ body: () throws -> Output) rethrows -> Output {
      try FaultPlan.$current.withValue(self, operation: body)
    }

    func failure(of call: SystemCall) -> Errno? {
      let number = made.withLock { made in
        made[call, default: 0] += 1
        return made[call, default: 0]
      }
      let fault = faults.first { $0.call == call && $0.errno != nil && $0.covers(number) }
      if fault != nil { struck.withLock { $0 += 1 } }
      return fault?.errno
    }

    func limit(of call: SystemCall, _ count: Int) -> Int {
      let next = made.withLock { $0[call, default: 0] } + 1
      let fault = faults.first { $0.call == call && $0.limit != nil && $0.covers(next) }
      return min(count, fault?.limit ?? count)
    }
  }

  extension FaultPlan.Fault {
    func covers(_ number: Int) -> Bool { number >= first && number <= last }
  }
#endif
