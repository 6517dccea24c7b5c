internal import ArgumentParser
internal import SystemPackage
internal import XIOSystem

/// The name of a file on the command line: bytes, whatever they are.
struct Operand: ExpressibleByArgument {
  /// Where it leads.
  let path: FilePath
  /// The name as it was given.
  let bytes: [UInt8]

  init(argument: String) {
    bytes = Arguments.decode(argument)
    path = FilePath(name: bytes)
  }

  /// The path that names of what is in a directory begin with; of what is no directory, ``path``.
  var root: FilePath {
    (try? System.status(path).kind) == .directory ? FilePath(bytes: bytes) : path
  }
}

/// A number of bytes with an optional suffix, as GNU's tools understand it.
struct ByteCount: ExpressibleByArgument {
  let value: Int

  private static let powers = ["K": 1, "M": 2, "G": 3, "T": 4, "P": 5]

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int(digits) else { return nil }
    var suffix = argument.dropFirst(digits.count)
    var scale = 1
    if !suffix.isEmpty {
      guard let power = Self.powers[suffix.removeFirst().uppercased()] else { return nil }
      let base: Int
      switch suffix {
      case "", "iB": base = 1024
      case "B": base = 1000
      default: return nil
      }
      for _ in 0..<power { scale *= base }
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: scale)
    value = overflow ? .max : product
  }
}
