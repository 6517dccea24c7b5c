import SystemPackage
import Testing
import XIOSystem

@testable import XIOCommands

/// What is said of each failure.
@Suite struct DiagnosticsTests {
  private static let denied = "'a b': Permission denied"

  @Test(
    arguments: [
      (.stat, "cannot stat \(denied)"), (.open, "cannot open 'a b' for reading: Permission denied"),
      (.openForReading, "cannot open 'a b' for reading: Permission denied"),
      (.create, "cannot create regular file \(denied)"), (.read, "error reading \(denied)"),
      (.write, "error writing \(denied)"),
      (.copy(to: "c"), "error copying 'a b' to 'c': Permission denied"),
      (.synchronise, "error writing 'a b' to the device: Permission denied"),
      (.close, "failed to close \(denied)"),
      (.truncate, "failed to truncate \(denied)"), (.prepare, "\(denied)"),
    ] as [(IOFailure.Action, String)])
  func namesWhatFailed(_ action: IOFailure.Action, _ text: String) {
    let failure = IOFailure(action, "a b", .permissionDenied)
    #expect(Diagnostics.text(failure, namesAreQuoted: true) == text)
    guard case .copy = action else {
      return #expect(Diagnostics.text(failure, namesAreQuoted: false) == Self.denied)
    }
    #expect(
      Diagnostics.text(failure, namesAreQuoted: false)
        == "error copying 'a b' to standard output: Permission denied")
  }

  @Test(
    arguments: [
      (IOFailure(.write, nil, .noSpace), "error writing standard output: No space left on device"),
      (IOFailure(.prepare, nil, nil, reason: "too large"), "too large"),
      (IOFailure(.prepare, "a", nil, reason: "no"), "'a': no"),
      (IOFailure(.read, "a", .ioError, reason: "no"), "error reading 'a': no: Input/output error"),
    ])
  func saysWhy(_ failure: IOFailure, _ text: String) {
    #expect(Diagnostics.text(failure, namesAreQuoted: true) == text)
  }

  @Test func anInterruptedCallIsNoWishToEnd() {
    #expect(!IOFailure(.read, "a", .interrupted).isInterruption)
  }
}
