internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Where a report goes, and what `--explain` says.
struct ReportOutput {
  private let values: SharedOptions.Values
  private let diagnostics: Diagnostics
  private let file: FileDescriptor?
  /// Where operations are drawn, when that was asked for.
  let timeline: Timeline?

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
    file = try values.reportTo.map { (path) throws(ExitStatus) in
      try OutputFile.create(path, "report", diagnostics, apartFrom: files)
    }
    timeline = try values.timeline.map { (path) throws(ExitStatus) in
      let others = files + (values.reportTo.map { [$0] } ?? [])
      return Timeline(
        try OutputFile.create(path, "timeline", diagnostics, apartFrom: others),
        command: diagnostics.program)
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
    let isDrawn = finishTimeline()
    guard let report else { return isDrawn }
    defer { if let file { try? System.close(file) } }
    return write(report) && isDrawn
  }

  private func finishTimeline() -> Bool {
    guard let timeline, let path = values.timeline else { return true }
    do throws(Errno) {
      try timeline.finish()
      return true
    } catch {
      diagnostics.report(IOFailure(.write, path, error), namesAreQuoted: true)
      return false
    }
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
