internal import CXIO
public import SystemPackage

/// System calls with typed errors: every one the program makes goes through here, is counted under
/// its name, and can be made to fail by a test.
public enum System {
  /// Makes one system call.
  ///
  /// - Parameters:
  ///   - call: The name it is counted under.
  ///   - body: The call itself; a count, or the negated error number.
  /// - Returns: The count.
  /// - Throws: The error number of the call.
  @inline(__always)
  @discardableResult
  static func perform(_ call: SystemCall, _ body: () -> Int) throws(Errno) -> Int {
    xio_count_system_call(call.rawValue, 1)
    #if DEBUG
      let plan = FaultPlan.current
      if let failure = plan?.failure(of: call) {
        // A descriptor is gone also when closing it tells of an error.
        if call == .close { plan?.closed(body()) }
        throw failure
      }
    #endif
    let result = body()
    #if DEBUG
      if call == .close { plan?.closed(result) }
    #endif
    guard result >= 0 else { throw Errno(rawValue: CInt(truncatingIfNeeded: -result)) }
    return result
  }

  /// Makes one call that moves bytes, which a test can also make move fewer.
  @inline(__always)
  static func transfer(
    _ call: SystemCall, _ count: Int, _ body: (Int) -> Int
  ) throws(Errno) -> Int {
    #if DEBUG
      let limited = FaultPlan.current?.limit(of: call, count) ?? count
    #else
      let limited = count
    #endif
    return try perform(call) { body(limited) }
  }

  /// Counts a request of a completion engine, and lets a test fail or shorten it.
  ///
  /// - Returns: How many bytes the request may ask for.
  /// - Throws: The error a test wants the request to complete with.
  @inline(__always)
  public static func request(_ call: SystemCall, _ count: Int) throws(Errno) -> Int {
    xio_count_system_call(call.rawValue, 1)
    #if DEBUG
      if let failure = FaultPlan.current?.failure(of: call) { throw failure }
      return FaultPlan.current?.limit(of: call, count) ?? count
    #else
      return count
    #endif
  }
}
