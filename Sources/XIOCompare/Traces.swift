public import SystemPackage
internal import XIOSystem

/// What was traced of a comparison.
public struct Traces: Sendable {
  /// A file in Chrome's trace-event format; it goes with the directory of the comparison.
  public var file: FilePath
  /// Settings whose run failed when it was traced, and why.
  public var missing: [Comparison.LeftOut]
}

/// Puts traces of runs together into one, in which each run is a process that is named after its setting.
///
/// All times count from the start of their run, so that runs stand below each other in a viewer.
struct TraceWriter {
  private static let blockSize = 64 << 10
  /// How a trace ends, and the name of its process, which is the first thing in it.
  private static let opening = "[\n", closing = "\n]\n", endOfName = Array("\"}}".utf8)

  /// Where a run writes its trace.
  let source: FilePath
  private let target: FilePath
  private let file: FileDescriptor
  private var isEmpty = true

  /// Begins a trace.
  ///
  /// - Parameter place: Where files are made.
  /// - Throws: ``IOFailure``.
  init(in place: PrivateDirectory) throws(IOFailure) {
    source = place.appending("trace")
    let target = place.appending("traces")
    self.target = target
    file = try System.attempt(.create, target) { () throws(Errno) in
      try System.open(target, [.writeOnly, .create, .truncate])
    }
  }

  /// Adds the trace that the last run has written.
  ///
  /// - Parameter setting: What it is called.
  /// - Throws: ``IOFailure``.
  mutating func add(_ setting: Comparison.Setting) throws(IOFailure) {
    try System.attempt(.write, target) { () throws(Errno) in
      let trace = try System.open(source, .readOnly)
      defer { try? System.close(trace) }
      try write(isEmpty ? Self.opening : ",\n")
      try copy(trace, naming: setting)
    }
    isEmpty = false
  }

  /// Copies what stands between the brackets.
  private func copy(
    _ trace: FileDescriptor, naming setting: Comparison.Setting
  ) throws(Errno) {
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    let begin = Int64(Self.opening.utf8.count)
    let end = try System.status(trace).size - Int64(Self.closing.utf8.count)
    var place = begin
    while place < end {
      let wanted = Int(min(end - place, Int64(block.count)))
      let count = try Self.read(trace, &block, wanted, at: place)
      guard count > 0 else { throw .ioError }
      var bytes = Array(block[..<count])
      if place == begin {
        guard let name = bytes.firstRange(of: Self.endOfName) else { throw .ioError }
        bytes.insert(
          contentsOf: ": \(setting.label.joined(separator: " "))".utf8, at: name.lowerBound)
      }
      try System.writeAll(file, bytes)
      place += Int64(count)
    }
  }

  /// Ends the trace.
  ///
  /// - Returns: Its file.
  /// - Throws: ``IOFailure``.
  func finish() throws(IOFailure) -> FilePath {
    try System.attempt(.write, target) { () throws(Errno) in
      try write(isEmpty ? "[]\n" : Self.closing)
    }
    return target
  }

  /// Closes the file.
  func close() { try? System.close(file) }

  private func write(_ text: String) throws(Errno) {
    try System.writeAll(file, Array(text.utf8))
  }

  private static func read(
    _ file: FileDescriptor, _ block: inout [UInt8], _ count: Int, at place: Int64
  ) throws(Errno) -> Int {
    let result = block.withUnsafeMutableBytes { memory in
      Result { () throws(Errno) in
        try System.read(
          file, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<count]), at: place)
      }
    }
    return try result.get()
  }
}
