internal import SystemPackage
internal import XIOCompare
internal import XIOFanin
internal import XIOSystem

/// What `compare fanin` gathers: files that are named, or sources that it makes.
extension ComparedJob {
  /// Says what is gathered.
  ///
  /// - Parameters:
  ///   - options: What takes it.
  ///   - diagnostics: Told when a list of sources cannot be read.
  /// - Throws: ``UsageError``, ``ExitStatus``.
  func applyGathering(to options: inout CompareOptions, _ diagnostics: Diagnostics) throws {
    let order = value(of: "order")
    let endsWithFiles = has("no-follow") || order == FaninOptions.Order.merge.rawValue
    if operands.isEmpty || isDirectory {
      guard !endsWithFiles else {
        throw UsageError("sources are made for this, which are no files: name some")
      }
      // A line that came would be held back for others, of which none can come.
      if !has("latency") { options.words.append(Array("--latency=0".utf8)) }
      return
    }
    guard !has("follow") else {
      throw UsageError("no --follow with compare: files that are followed have no end")
    }
    guard value(of: "format") != FaninOptions.Format.tail.rawValue else {
      throw UsageError("no --format tail with compare: where headings stand is chance")
    }
    if !endsWithFiles { options.words.append(Array("--no-follow".utf8)) }
    do throws(SourceListError) {
      options.gathered = try SourceList.files(
        of: operands.map(\.bytes),
        excludes: self.options.filter { $0.name == "exclude" }.compactMap(\.value))
    } catch {
      switch error {
      case .io(let failure):
        diagnostics.report(failure, namesAreQuoted: true)
        throw ExitStatus.failure
      case .problem(let problem): throw UsageError("'\(problem.name)' \(problem.message)")
      }
    }
    if order != FaninOptions.Order.merge.rawValue { options.delimiter = try delimiter() }
  }

  /// Lines that end with several bytes end with the last of them.
  private func delimiter() throws(UsageError) -> UInt8 {
    if value(of: "format") == FaninOptions.Format.json.rawValue { return UInt8(ascii: "\n") }
    if has("zero-terminated") { return 0 }
    let given = try value(of: "delimiter").map { (text) throws(UsageError) in
      try FaninLineOptions.delimiter(text)
    }
    return given?.last ?? UInt8(ascii: "\n")
  }

  private var isDirectory: Bool {
    operands.count == 1 && (try? System.status(operands[0].path))?.kind == .directory
  }

  private func has(_ name: String) -> Bool { options.contains { $0.name == name } }

  private func value(of name: String) -> String? { options.last { $0.name == name }?.value }
}
