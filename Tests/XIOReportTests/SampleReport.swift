import SystemPackage
import Testing
import XIOSystem

@testable import XIOEngines
@testable import XIOReport

/// A report of made-up facts, to which nothing need have happened.
struct SampleReport: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var engine = EngineName.blocking
  var sources: [FilePath] = ["source"]
  var result = TransferResult()
  var recorder = PhaseRecorder()
  var counters = EngineCounters()
  var files: [ObservedFile] = []

  /// One of each kind, the extremes included.
  static let all: [SampleReport] = [
    SampleReport(testDescription: "nothing"),
    SampleReport(testDescription: "every basis", engine: .uring, recorder: everyBasis),
    SampleReport(testDescription: "notification", engine: .posixAIO, recorder: everyBasis),
    SampleReport(
      testDescription: "kernel", engine: .kernel, result: huge, recorder: everyBasis,
      files: [file(.source, "page", known: false), file(.target, "page", known: false)]),
    SampleReport(
      testDescription: "direct", engine: .libaio, result: huge, counters: full,
      files: [file(.source, "direct", known: true), file(.target, "direct", known: true)]),
    SampleReport(
      testDescription: "direct, not counted",
      files: [file(.target, "direct", known: false)]),
    SampleReport(
      testDescription: "long names", sources: [long, FilePath("a  b\u{1B}[31m\n")],
      files: [file(.source, "uncached", known: true, path: long)]),
  ]

  private static var long: FilePath { FilePath("/" + String(repeating: "name", count: 60)) }

  private static var huge: TransferResult {
    var result = TransferResult()
    result.bytesWritten = 1 << 61
    result.bytesOffloaded = 1 << 61
    result.bytesReflinked = 1 << 61
    result.directBytes = (.max, 1 << 62)
    result.tailBytes = 4095
    result.mechanisms = ["FICLONE", "copy_file_range", "sendfile", "splice through a pipe"]
    return result
  }

  private static var full: EngineCounters {
    var counters = EngineCounters()
    counters.retries = .max
    counters.signals = .max
    counters.remarks = [String(repeating: "a remark of several words ", count: 8)]
    return counters
  }

  private static var everyBasis: PhaseRecorder {
    var recorder = PhaseRecorder()
    for direction in Direction.allCases {
      for basis in PhaseBasis.allCases {
        recorder.begin(direction, at: 0)
        recorder.end(direction, at: .max / 8, .measured(basis, wait: .max / 8, copy: 2, prepare: 1))
      }
    }
    return recorder
  }

  static func file(
    _ role: TransferRole, _ mode: String, known: Bool, path: FilePath = "file"
  ) -> ObservedFile {
    var probe = PageCacheProbe(FileDescriptor(rawValue: -1), kind: .regular, size: 1)
    if known {
      probe.counts = try? zeroPages()
      probe.method = "cachestat"
      probe.reason = nil
    }
    return ObservedFile(
      path: path, role: role, asked: "keep", mode: mode,
      alignment: mode == "direct" ? 512 : nil, size: .max, before: probe, after: probe)
  }

  private static func zeroPages() throws -> PageCounts {
    let device = try FileDescriptor.open("/dev/null", .readOnly)
    return try device.closeAfter { try System.cachedPages(device) }
  }

  /// Makes the report.
  func make() -> Report {
    var metrics = DriverMetrics()
    metrics.recorder = recorder
    return Measurement().report(
      Measurement.Facts(
        command: "copy", sources: sources, target: "target",
        selection: EngineSelection.resolve(engine, candidates: []),
        session: SessionConfiguration(engine: engine, blockSize: 4096, queueDepth: 1),
        queueDepth: 8, files: files, result: result, metrics: metrics, counters: counters,
        succeeded: false))
  }
}
