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
    var repetition = Repetition(heedsWish: false)
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
        if let failure = repetition.failure(
          after: error, waitingFor: descriptor, forWriting: true)
        {
          throw failure
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

  /// Whether the locale has more characters than those of ASCII.
  static var hasUnicode: Bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"]
    let name = names.lazy.compactMap { getenv($0).map { String(cString: $0) } }
      .first { !$0.isEmpty }
    let encoding = name?.uppercased() ?? ""
    return encoding.hasSuffix("UTF-8") || encoding.hasSuffix("UTF8")
  }
}
