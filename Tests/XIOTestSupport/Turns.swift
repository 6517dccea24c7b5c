import CXIOTestSupport

/// Gives the calling thread the turns on a processor that threads have which ask for none, after a test
/// of what asks for others (sched_setattr(2)).
public func requestDefaultTurns() { xio_test_request_default_turns() }
