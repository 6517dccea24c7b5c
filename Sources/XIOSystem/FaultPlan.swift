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
      var isRandom = false

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

      /// Every call of that name moves at most a random number of bytes, up to `limit`.
      public static func shortenAtRandom(_ call: SystemCall, to limit: Int) -> Fault {
        Fault(call: call, first: 1, last: .max, limit: limit, isRandom: true)
      }
    }

    /// A lasting fault gives way after so many failures, so that who tries for ever is found out and not waited
    /// for.
    public static let mostFailures = 100_000

    private let faults: [Fault]
    private let made: Mutex<[SystemCall: Int]> = Mutex([:])
    private let struck: Mutex<Int> = Mutex(0)
    private let shortened: Mutex<Int> = Mutex(0)
    private let misclosed: Mutex<Int> = Mutex(0)

    /// Makes a plan of faults, none of which has struck yet.
    public init(_ faults: [Fault]) {
      self.faults = faults
    }

    /// How often a fault has made a call fail.
    public var failures: Int { struck.withLock { $0 } }

    /// The errors of its faults.
    public var errnos: Set<Errno> { Set(faults.compactMap(\.errno)) }

    /// How often each call was made.
    public var calls: [SystemCall: Int] { made.withLock { $0 } }

    /// How often a call was made to move fewer bytes.
    public var shortenings: Int { shortened.withLock { $0 } }

    /// How often a descriptor was closed that was not open: somebody else might have got its number.
    public var wrongCloses: Int { misclosed.withLock { $0 } }

    func closed(_ result: Int) {
      if result == -Int(Errno.badFileDescriptor.rawValue) { misclosed.withLock { $0 += 1 } }
    }

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
      guard let fault else { return nil }
      let count = struck.withLock { struck in
        struck += 1
        return struck
      }
      return count < Self.mostFailures ? fault.errno : nil
    }

    func limit(of call: SystemCall, _ count: Int) -> Int {
      let next = made.withLock { $0[call, default: 0] } + 1
      let fault = faults.first { $0.call == call && $0.limit != nil && $0.covers(next) }
      guard let fault, let limit = fault.limit, count > 0 else { return count }
      let allowed = min(count, fault.isRandom ? Int.random(in: 1...max(1, limit)) : limit)
      if allowed < count { shortened.withLock { $0 += 1 } }
      return allowed
    }
  }

  extension FaultPlan: CustomStringConvertible {
    /// The faults, and how often they have struck.
    public var description: String {
      let list = faults.map { fault in
        let what = fault.errno.map { "\($0)" } ?? "at most \(fault.limit ?? 0) bytes"
        return "\(fault.call) \(fault.first)\(fault.last == .max ? " and later" : ""): \(what)"
      }
      return list.joined(separator: ", ") + " (\(failures) times)"
    }
  }

  extension FaultPlan.Fault {
    func covers(_ number: Int) -> Bool { number >= first && number <= last }
  }
#endif
