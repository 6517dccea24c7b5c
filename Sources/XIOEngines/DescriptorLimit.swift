public import SystemPackage
public import XIOSystem

extension SessionConfiguration {
  /// Checks that the engine can wait for a descriptor, and for the one that will be opened next,
  /// before anything is done with either.
  ///
  /// - Throws: ``IOFailure`` for `select` and numbers beyond its limit.
  public func checkNumber(
    of descriptor: FileDescriptor, _ path: FilePath
  ) throws(IOFailure) {
    guard engine == .select else { return }
    let next = try System.attempt(.prepare, path) { () throws(Errno) in
      try System.duplicate(descriptor)
    }
    try? System.close(next)
    let number = max(descriptor.rawValue, next.rawValue)
    guard number >= System.selectLimit else { return }
    throw IOFailure(
      .prepare, path, nil,
      reason: "select cannot wait for descriptor \(number), beyond FD_SETSIZE "
        + "(\(System.selectLimit))",
      hint: "use --engine poll or --engine epoll")
  }
}
