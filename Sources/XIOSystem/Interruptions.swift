internal import CXIO
public import SystemPackage

/// Matrices that are multiplied while something else goes on.
public final class MatrixProduct {
  private let order: Int
  private let left: [Double], right: [Double]
  private var product: [Double]

  /// Makes two square matrices.
  ///
  /// - Parameter order: The number of rows and columns.
  public init(order: Int) {
    self.order = order
    left = (0..<order * order).map { Double($0 % 7) + 0.5 }
    right = (0..<order * order).map { Double($0 % 5) - 1.5 }
    product = Array(repeating: 0, count: order * order)
  }

  /// Multiplies them once.
  public func multiply() {
    product.withUnsafeMutableBufferPointer { xio_multiply(order, left, right, $0.baseAddress) }
  }

  /// The sum of the entries of the last product.
  public var sum: Double { product.reduce(0, +) }
}

/// Signals that announce I/O and interrupt whatever the process does: the handler records the event.
public enum Interruptions {
  /// The signals that can be recorded.
  public enum Source: Sendable {
    /// Of O_ASYNC descriptors: it stays pending for the engine that takes it from the queue.
    case descriptor
    /// Of POSIX AIO requests, whose results are looked for in any case.
    case request

    fileprivate var number: Int32 {
      switch self {
      case .descriptor: xio_sigio_number()
      case .request: xio_aio_signal_number()
      }
    }
  }

  /// Begins to record a signal.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `sigaction`.
  public static func record(_ source: Source) throws(Errno) {
    try System.perform(.rtSigaction) { xio_record_signal(source.number, source == .descriptor) }
  }

  /// Lets a signal through to the calling thread, whatever it does.
  ///
  /// - Throws: The error number.
  ///
  /// The corresponding C function is `pthread_sigmask`.
  public static func letIn(_ source: Source) throws(Errno) {
    try System.perform(.rtSigprocmask) { xio_let_signal_in(source.number) }
  }

  /// Whether a signal has come since the last question.
  public static func takeRecorded() -> Bool { xio_take_recorded() }

  /// How many signals have been recorded.
  public static var count: UInt64 { xio_recorded_signals() }

  /// How many of them have interrupted a product.
  public static var ofProducts: UInt64 { xio_interrupted_products() }
}
