#if DEBUG
  import SystemPackage
  import XIOCopy
  import XIOEngines
  import XIOSystem

  /// Copies a tree by one thread of this process, to a name that there is not yet.
  ///
  /// - Returns: Whether all was copied, and what was told.
  /// - Throws: ``CopyProblem`` when nothing was begun.
  func copyTree(
    _ source: FilePath, _ target: FilePath, engine: EngineName? = nil,
    verification: CopyOptions.Verification? = nil, _ change: (inout CopyOptions) -> Void = { _ in }
  ) throws -> (succeeded: Bool, notices: [CopyNotice]) {
    var options = CopyOptions()
    options.isRecursive = true
    options.jobs = 1
    options.transfer.engine = engine
    options.verification = verification
    change(&options)
    let operands = CopyOperands(
      sources: [PathName(Array(source.string.utf8))], target: PathName(Array(target.string.utf8)),
      targetIsDirectory: false, targetIsNoDirectory: true)
    var notices: [CopyNotice] = []
    let output = try Copy(operands, options).run(
      nil, onNotice: { notices.append($0) }, onQuestion: { _, _ in false })
    return (output.succeeded, notices)
  }
#endif
