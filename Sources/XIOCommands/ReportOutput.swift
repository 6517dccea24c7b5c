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
  /// - Throws: ``ExitStatus`` after a message.
  init(_ values: SharedOptions.Values, _ diagnostics: Diagnostics) throws(ExitStatus) {
    self.values = values
    self.diagnostics = diagnostics
    guard let path = values.reportTo else {
      file = nil
      return
    }
    do throws(Errno) {
      file = try System.open(path, [.writeOnly, .create, .truncate])
    } catch {
      diagnostics.report(IOFailure(.create, path, error), namesAreQuoted: true)
      throw .failure
    }
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
    guard let report, let format = values.report else { return true }
    let name = values.reportTo ?? FilePath("standard error")
    do {
      let bytes = format == .json ? try report.json() : Array(report.text().utf8)
      try StandardStreams.write(bytes, to: file ?? .standardError)
      if let file { try System.close(file) }
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
