internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Where a report goes, and what `--explain` says.
struct ReportOutput {
  private let values: SharedOptions.Values
  private let diagnostics: Diagnostics
  private let file: FileDescriptor?

  /// Opens the file that was named, so that a job does not run whose report could not be kept.
  ///
  /// - Parameters:
  ///   - values: The options.
  ///   - diagnostics: Where messages go.
  ///   - files: The files of the job, none of which the report may overwrite.
  /// - Throws: ``ExitStatus`` after a message.
  init(
    _ values: SharedOptions.Values, _ diagnostics: Diagnostics, apartFrom files: [FilePath]
  ) throws(ExitStatus) {
    self.values = values
    self.diagnostics = diagnostics
    guard let path = values.reportTo else {
      file = nil
      return
    }
    if let other = files.first(where: { Self.isSameFile($0, path) }) {
      diagnostics.report(
        "\(Quoting.always(other)) and the report \(Quoting.always(path)) are the same file")
      throw .failure
    }
    do throws(Errno) {
      file = try System.open(path, [.writeOnly, .create, .truncate])
    } catch {
      diagnostics.report(IOFailure(.create, path, error), namesAreQuoted: true)
      throw .failure
    }
  }

  /// Whether two names stand for one file that holds data, or will once it is made.
  private static func isSameFile(_ first: FilePath, _ second: FilePath) -> Bool {
    guard let one = try? System.status(first), let other = try? System.status(second) else {
      return first.lexicallyNormalized() == second.lexicallyNormalized()
    }
    return one.kind == .regular && one.isSameFile(as: other)
  }

  /// Observes the job, if there is to be a report.
  func makeMeasurement() -> Measurement? {
    values.report == nil ? nil : Measurement()
  }

  /// Writes what was asked for.
  ///
  /// - Returns: Whether that went well.
  func finish(_ selection: EngineSelection, _ report: Report?) -> Bool {
    if values.explains { explain(selection) }
    guard let report else { return true }
    defer { if let file { try? System.close(file) } }
    return write(report)
  }

  /// Writes a report, after which others may follow.
  ///
  /// - Parameter report: What to write.
  /// - Returns: Whether that went well.
  func write(_ report: Report) -> Bool {
    guard let format = values.report else { return true }
    let name = values.reportTo ?? FilePath("standard error")
    do {
      let bytes = format == .json ? try report.json() : Array(report.text().utf8)
      try StandardStreams.write(bytes, to: file ?? .standardError)
      return true
    } catch {
      diagnostics.report("error writing \(Quoting.always(name)): \(error)")
      return false
    }
  }

  private func explain(_ selection: EngineSelection) {
    let asked = selection.asked?.rawValue ?? "auto"
    diagnostics.report("engine \(selection.engine.rawValue) (asked: \(asked))")
    for reason in selection.reasons { diagnostics.report(reason) }
  }
}
