public import SystemPackage
public import Testing

/// Makes options of strace(1) that let system calls fail or disturb them.
///
/// - Parameters:
///   - injections: what happens to which calls, as `-e inject=` takes it, such as
///     `read:error=EIO:when=2`.
///   - log: where the calls are written.
/// - Returns: options for `TestProgram.strace`.
public func straceInjecting(_ injections: [String], log: FilePath = "/dev/null") -> [String] {
  let names = injections.map { $0.prefix { $0 != ":" } }.joined(separator: ",")
  return ["-f", "-qq", "-o", log.string, "-e", "trace=\(names)", "-e", "signal=none"]
    + injections.flatMap { ["-e", "inject=\($0)"] }
}

/// System calls as strace(1) counted them.
public struct SystemCallCounts: Sendable, CustomStringConvertible {
  /// The number of calls by name, without those that did not happen.
  public var byName: [String: Int]

  /// All calls together.
  public var total: Int { byName.values.reduce(0, +) }

  /// Returns the number of calls of a name.
  public subscript(name: String) -> Int { byName[name] ?? 0 }

  /// The counts, most frequent first.
  public var description: String {
    byName.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  /// Reads the summary that `strace -c -U name,calls` writes.
  init(summary: String) {
    byName = [:]
    for line in summary.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count == 2, let count = Int(fields[1]), fields[0] != "total" else { continue }
      byName[String(fields[0])] = count
    }
  }
}

extension TestProgram {
  /// Runs the program under strace(1) and counts the system calls of all its threads.
  ///
  /// - Parameter sourceLocation: where an issue is recorded when the time limit passes.
  /// - Returns: how the program ended, and its calls.
  /// - Throws: `SupportFailure` when it cannot be started or strace wrote no summary.
  public func runCountingSystemCalls(
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> (result: ProgramResult, calls: SystemCallCounts) {
    let directory = try TestDirectory()
    let log = directory.path(of: "calls")
    var traced = self
    traced.strace = ["-f", "-c", "-U", "name,calls", "-o", log.string] + strace
    let result = try traced.run(sourceLocation: sourceLocation)
    // The tracer is no child of the test process, and writes its summary when the program is gone.
    var calls = SystemCallCounts(summary: "")
    try eventually("the summary of strace for \(result)") {
      let summary = String(decoding: try readFile(log), as: UTF8.self)
      calls = SystemCallCounts(summary: summary)
      return summary.contains("\ntotal ") && summary.hasSuffix("\n")
    }
    return (result, calls)
  }
}
