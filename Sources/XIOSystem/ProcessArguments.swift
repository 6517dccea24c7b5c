internal import CXIO
internal import Glibc

/// The arguments of the process as it was given them, its name first.
public enum ProcessArguments {
  /// How many there are, the name included.
  public static var count: Int { Int(xio_argument_count()) }

  /// An argument, which is there as long as the process; nil where there is none.
  public static func word(_ index: Int) -> UnsafePointer<CChar>? {
    UnsafePointer(xio_argument(CInt(truncatingIfNeeded: index)))
  }

  /// The bytes of an argument; nil where there is none.
  public static func bytes(_ index: Int) -> [UInt8]? {
    word(index).map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
  }
}

/// The environment of the process.
public enum ProcessEnvironment {
  /// Makes it what the process was given: something is added where the Swift runtime cannot start
  /// without. Call it before there are threads.
  public static func restore() { xio_runtime_has_started() }
}
