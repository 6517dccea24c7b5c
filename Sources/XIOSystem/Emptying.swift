extension Array {
  /// Takes everything out and keeps the memory.
  ///
  /// For the one element that most waits bring this does less than `removeAll(keepingCapacity:)`.
  @inlinable
  public mutating func empty() {
    if count > 1 { removeAll(keepingCapacity: true) } else { _ = popLast() }
  }
}
