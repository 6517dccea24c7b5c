internal import XIOEngines
internal import XIOSystem

/// What `--version` prints.
enum Version {
  /// The version of the program.
  static let number = "0.1.0"

  /// One line, or with `isVerbose` also the kernel, liburing and the engines found.
  static func text(isVerbose: Bool) -> String {
    var lines = ["xio \(number)"]
    if isVerbose {
      lines.append("kernel \(System.kernelRelease)")
      lines.append("liburing \(System.uringLibraryVersion)")
      let found = Registry.all.filter {
        if case .available = $0.availability() { true } else { false }
      }
      lines.append("engines")
      lines += found.map { "  \($0.name.rawValue)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
