internal import Glibc
internal import SystemPackage
internal import XIOSystem

/// Standard input, output and error.
enum StandardStreams {
  /// The standard descriptors that were closed when the program began.
  ///
  /// Asking for it first keeps them from being given to files that are opened later: they are opened
  /// the wrong way round, so that using them fails as if they were still closed.
  static let closed: Set<CInt> = {
    var closed: Set<CInt> = []
    for (number, flags) in [(CInt(0), OpenFlags.writeOnly), (1, .readOnly), (2, .readOnly)] {
      let descriptor = FileDescriptor(rawValue: number)
      guard (try? System.statusFlags(descriptor)) == nil else { continue }
      // The lowest free number is taken, and that is this one.
      _ = try? System.open("/dev/null", flags)
      closed.insert(number)
    }
    return closed
  }()

  /// Writes all of some bytes.
  ///
  /// - Throws: The error number.
  static func write(_ bytes: [UInt8], to descriptor: FileDescriptor) throws(Errno) {
    var done = 0
    while done < bytes.count {
      do throws(Errno) {
        let result = bytes.withUnsafeBytes { all in
          Result { () throws(Errno) in
            try System.write(
              descriptor, from: UnsafeRawBufferPointer(rebasing: all[done...]), at: nil)
          }
        }
        let count = try result.get()
        guard count > 0 else { throw .ioError }
        done += count
      } catch {
        switch error {
        case .interrupted: continue
        case .wouldBlock:
          _ = try System.waitUntilReady(descriptor, forWriting: true, timeout: nil)
        default: throw error
        }
      }
    }
  }

  /// Prints text on standard output, and says so when that fails.
  static func print(_ text: String) -> ExitStatus {
    do throws(Errno) {
      try write(Array(text.utf8), to: .standardOutput)
      return .success
    } catch {
      if error == .brokenPipe { return .readerLeft }
      Diagnostics(program: Arguments.shownName).report("error writing standard output: \(error)")
      return .failure
    }
  }
}

/// What is known of the terminal.
enum Terminal {
  /// The width that help is laid out for: COLUMNS, or 80.
  static var columns: Int {
    let value = getenv("COLUMNS").flatMap { Int(String(cString: $0)) } ?? 80
    return (40...200).contains(value) ? value : 80
  }
}
