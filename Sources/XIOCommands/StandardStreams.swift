internal import Glibc
internal import SystemPackage
internal import XIOSystem

/// Standard input, output and error.
enum StandardStreams {
  /// The standard descriptors that were closed when the program began.
  ///
  /// Asking for it first keeps them from being given to files that are opened later. Using them, or
  /// opening them by a name such as `/dev/stdin`, fails as if they were still closed.
  static let closed: Set<CInt> = {
    var closed: Set<CInt> = []
    for (number, flags) in [(CInt(0), OpenFlags.writeOnly), (1, .readOnly), (2, .readOnly)] {
      let descriptor = FileDescriptor(rawValue: number)
      guard (try? System.statusFlags(descriptor)) == nil else { continue }
      do throws(Errno) { try System.hold(descriptor) } catch {
        // Numbers have no names here. The lowest that is free is this one; the wrong way round it is
        // of no use.
        _ = try? System.open("/dev/null", flags)
      }
      closed.insert(number)
    }
    return closed
  }()

  /// Whether a name leads to what holds the number of a descriptor that was closed.
  static func holdsPlace(of path: FilePath) -> Bool {
    guard let found = try? System.status(path) else { return false }
    return closed.contains { number in
      let held = try? System.status(FileDescriptor(rawValue: number))
      return held.map { found.isSameFile(as: $0) } ?? false
    }
  }

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
      Diagnostics(program: Arguments.shownName).reportOutput(error)
      return .failure
    }
  }
}

/// What is known of the terminal.
enum Terminal {
  private static let usualColumns = 80

  /// COLUMNS, where it says what makes sense.
  private static var wantedColumns: Int? {
    getenv("COLUMNS").flatMap { Int(String(cString: $0)) }.flatMap {
      (40...200).contains($0) ? $0 : nil
    }
  }

  /// The width that help is laid out for: COLUMNS, or 80.
  static var columns: Int { wantedColumns ?? usualColumns }

  /// The width that tables are laid out for: COLUMNS, or that of the terminal, or 80. In a narrower one than
  /// 40 lines are broken, and beyond 200 nobody finds the way back.
  static var tableColumns: Int {
    wantedColumns
      ?? System.columns(ofTerminal: .standardOutput).map { min(max($0, 40), 200) } ?? usualColumns
  }

  /// Whether it understands no escape sequences, or is not known.
  static var isDumb: Bool { getenv("TERM").map { String(cString: $0) == "dumb" } ?? true }

  /// Whether the locale has more characters than those of ASCII.
  static var hasUnicode: Bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"]
    let name = names.lazy.compactMap { getenv($0).map { String(cString: $0) } }
      .first { !$0.isEmpty }
    let encoding = name?.uppercased() ?? ""
    return encoding.hasSuffix("UTF-8") || encoding.hasSuffix("UTF8")
  }
}
