internal import SystemPackage
internal import XIOCat
internal import XIOSystem

/// `cat` of names alone, or of nothing, begun before anything is made of the arguments.
///
/// Strings, arrays and what the runtime has to look up for them take as long as starting the process, and
/// what is small takes none of it.
enum QuickStart {
  private typealias Name = UnsafePointer<CChar>

  /// Runs the command if that is all that was asked for.
  ///
  /// - Returns: How the process is to end; nil when the arguments are to be looked at.
  static func run() -> ExitStatus? {
    let count = ProcessArguments.count
    guard let program = ProcessArguments.word(0) else { return nil }
    // `cat [NAME…]` through a link, or `xio cat [NAME…]`.
    let called = lastPart(program)
    let start: Int
    if isCat(called) {
      start = 1
    } else if isXio(called), let first = ProcessArguments.word(1), isCat(first) {
      start = 2
    } else {
      return nil
    }
    for index in start..<count {
      guard let name = ProcessArguments.word(index), !isOption(name) else { return nil }
    }
    guard let files = SmallFiles() else { return nil }
    let operands = count - start
    let outcome =
      operands == 0
      ? files.writeStandardInput()
      : files.write(operands) { ProcessArguments.word(start + $0) ?? program }
    func rest(after done: Int) -> [FilePath] {
      (start + done..<count).compactMap { index in
        ProcessArguments.bytes(index).map { FilePath(name: $0) }
      }
    }
    // Finding out how the program is called takes as long as all the rest.
    @discardableResult func report(_ failure: IOFailure) -> ExitStatus {
      CatCommand.report(failure, Diagnostics(program: Arguments.shownName))
    }
    switch outcome {
    case .done(max(1, operands)): return .success
    case .done(let done): return CatCommand.execute(rest(after: done))
    case .failed(let errno): return report(IOFailure(.write, nil, errno))
    case .unreadable(let index, let errno):
      report(IOFailure(.read, Concatenation.standardStream, errno))
      guard index + 1 < operands else { return .failure }
      let others = rest(after: index + 1)
      let status = CatCommand.execute(others)
      return status == .success ? .failure : status
    }
  }

  private static func isCat(_ name: Name) -> Bool {
    name[0] == 0x63 && name[1] == 0x61 && name[2] == 0x74 && name[3] == 0
  }

  private static func isXio(_ name: Name) -> Bool {
    name[0] == 0x78 && name[1] == 0x69 && name[2] == 0x6f && name[3] == 0
  }

  private static func isOption(_ name: Name) -> Bool {
    name[0] == 0x2d && name[1] != 0
  }

  private static func lastPart(_ path: Name) -> Name {
    var (part, next) = (path, path)
    while next[0] != 0 {
      if next[0] == 0x2f, next[1] != 0 { part = next + 1 }
      next += 1
    }
    return part
  }
}
