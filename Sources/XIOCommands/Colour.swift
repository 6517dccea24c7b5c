internal import ArgumentParser
internal import Glibc
internal import SystemPackage
internal import XIOSystem

/// When output for people is coloured.
enum ColourChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never

  /// Whether to colour what goes to standard output.
  var isOn: Bool {
    switch self {
    case .always: return true
    case .never: return false
    case .auto:
      let isPlain = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
      return System.isTerminal(.standardOutput) && !isPlain && !Terminal.isDumb
    }
  }
}
