import Glibc

/// Whether tests are to be as large and as many as they can be, because `XIO_TEST_FULL` is 1: all
/// combinations rather than all pairs, and files of gigabytes.
public let runsFullSize = getenv("XIO_TEST_FULL").map { String(cString: $0) } == "1"
