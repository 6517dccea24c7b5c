public import SystemPackage
public import XIOSystem

/// Sources, with those of lists in the places of their names.
public enum SourceList {
  /// Lists may name others, so deep.
  private static let deepest = 16

  /// Replaces `@FILE` by what the file names, one source a line; blank lines and those that begin with `#`
  /// are passed over.
  ///
  /// - Parameter operands: The operands.
  /// - Returns: All sources with what they are.
  /// - Throws: ``SourceListError``.
  public static func expand(
    _ operands: [[UInt8]]
  ) throws(SourceListError) -> [(name: [UInt8], source: SourceSpecification)] {
    try expand(operands, depth: 0)
  }

  /// Finds the files that sources stand for, where these give the same to everyone who reads them.
  ///
  /// - Parameters:
  ///   - operands: The operands.
  ///   - excludes: Patterns of names that patterns do not stand for.
  /// - Returns: Paths, those of patterns as they are now.
  /// - Throws: ``SourceListError`` also when a source is no name of files.
  public static func files(
    of operands: [[UInt8]], excludes: [String]
  ) throws(SourceListError) -> [FilePath] {
    let excludes = Excludes(excludes)
    var files: [FilePath] = []
    for (name, source) in try expand(operands) {
      switch source {
      case .path(let path): files.append(path)
      case .glob(let pattern):
        files += GlobPattern(pattern).find().files.filter { !excludes.contains($0) }
          .map(SourceSpecification.path)
      case .descriptor, .command, .connect, .listen:
        throw .problem(
          SourceProblem("", name, "can be read once, and every run has to read the same"))
      }
    }
    return files
  }

  private static func expand(
    _ operands: [[UInt8]], depth: Int
  ) throws(SourceListError) -> [(name: [UInt8], source: SourceSpecification)] {
    var all: [(name: [UInt8], source: SourceSpecification)] = []
    for operand in operands {
      if operand.count > 1, operand.first == UInt8(ascii: "@") {
        let path = SourceSpecification.path(Array(operand.dropFirst()))
        guard depth < deepest else {
          throw .io(IOFailure(.openForReading, path, .tooManySymbolicLinkLevels))
        }
        all += try expand(try lines(of: path), depth: depth + 1)
        continue
      }
      do throws(SourceProblem) {
        all.append((operand, try SourceSpecification(operand)))
      } catch {
        throw .problem(error)
      }
    }
    return all
  }

  private static func lines(of path: FilePath) throws(SourceListError) -> [[UInt8]] {
    do throws(IOFailure) {
      let bytes = try contents(of: path)
      return bytes.split(separator: UInt8(ascii: "\n")).map { line in
        Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
      }.filter { line in
        line.contains { $0 != UInt8(ascii: " ") } && line.first != UInt8(ascii: "#")
      }
    } catch {
      throw .io(error)
    }
  }

  private static func contents(of path: FilePath) throws(IOFailure) -> [UInt8] {
    let file = try System.attempt(.openForReading, path) { () throws(Errno) in
      try System.open(path, .readOnly)
    }
    defer { try? System.close(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = try System.attempt(.read, path) { () throws(Errno) in
        try block.withUnsafeMutableBytes { memory in
          Result { () throws(Errno) in try System.read(file, into: memory, at: nil) }
        }.get()
      }
      if count == 0 { return bytes }
      bytes += block[..<count]
    }
  }
}

/// Why there is no list of sources.
public enum SourceListError: Error, Sendable {
  /// A list cannot be read.
  case io(IOFailure)
  /// An operand cannot be understood.
  case problem(SourceProblem)
}
