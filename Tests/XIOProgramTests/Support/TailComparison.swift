import SystemPackage
import Testing
import XIOTestSupport

/// One file of the comparison with GNU's tail.
struct TailFile: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var bytes: [UInt8]

  init(_ name: String, _ bytes: [UInt8]) {
    testDescription = name
    self.bytes = bytes
  }

  /// Lines of growing length that make exactly so many bytes, the last one with its end or without.
  static func lines(_ size: Int, ends: Bool) -> TailFile {
    var bytes: [UInt8] = []
    var length = 0
    while bytes.count < size {
      length = (length + 7) % 113
      bytes += repeatElement(UInt8(ascii: "a") + UInt8(length % 26), count: length) + [10]
    }
    bytes = Array(bytes.prefix(size))
    if let last = bytes.indices.last { bytes[last] = ends ? 10 : UInt8(ascii: "x") }
    return TailFile("\(size) bytes\(ends ? "" : ", open end")", bytes)
  }

  /// Sizes around those of blocks.
  static let edges =
    [0, 1, 2, 4095, 4096, 4097, 16383, 16384, 16385, 65535, 65536, 65537, (1 << 20) - 1, 1 << 20]
    + [(1 << 20) + 1]
  static let all =
    edges.flatMap { [lines($0, ends: true), lines($0, ends: false)] } + [
      TailFile("one long line", Array(repeating: UInt8(ascii: "q"), count: 700_000)),
      TailFile("empty lines", Array(repeating: 10, count: 300_000)),
      TailFile("NULs", Array("a\0bc\0\0d\n\0e".utf8)),
      TailFile("CRLF", Array(repeating: Array("some text\r\n".utf8), count: 9000).flatMap(\.self)),
      TailFile(
        "random bytes",
        {
          var random = RandomBytes(seed: 5); return random.next(400_000)
        }()),
    ]

  /// Files of which the kernel moves parts, and others.
  static let few = [
    lines(0, ends: true), lines(4097, ends: false), lines((1 << 20) + 1, ends: true),
    lines(3 << 20, ends: false),
  ]
}

/// Runs both programs and expects that nobody could tell them apart.
struct TailComparison {
  let directory: TestDirectory

  /// Takes a directory to run in; without one, makes it.
  init(_ directory: TestDirectory? = nil) throws {
    self.directory = try directory ?? TestDirectory()
  }

  /// Compares what both print, say and return.
  ///
  /// - Parameters:
  ///   - arguments: What GNU's tail is told.
  ///   - options: What ours is told besides.
  ///   - input: Standard input; each gets its own.
  ///   - sourceLocation: Where an issue is recorded.
  /// - Throws: `SupportFailure` when one cannot be started.
  func expectSame(
    _ arguments: [String], _ options: [String] = [], input: ProgramInput = .null,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var ours = try xioProgram(["tail"] + options + arguments)
    var theirs = TestProgram("/usr/bin/tail", arguments)
    (ours.input, theirs.input) = (input, input)
    ours.workingDirectory = directory.path
    theirs.workingDirectory = directory.path
    theirs.environment = ["LC_ALL": "C"]
    theirs.argumentZero = "xio tail"
    let (result, expected) = (try ours.run(), try theirs.run())
    #expect(result.ending == expected.ending, "\(result)", sourceLocation: sourceLocation)
    #expect(result.errorText == expected.errorText, "\(result)", sourceLocation: sourceLocation)
    // Not compared by #expect, which would show megabytes.
    let isSame = result.output == expected.output
    #expect(
      isSame, "\(result.output.count), not \(expected.output.count) bytes: \(result.command)",
      sourceLocation: sourceLocation)
  }

  /// Runs a script in which `$TAIL` is a tail, with ours and with GNU's, and compares what it prints.
  func expectSame(
    script: String, _ options: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    func run(_ tail: String) throws -> ProgramResult {
      var shell = TestProgram("/bin/bash", ["-c", script])
      shell.environment = ["TAIL": tail, "LC_ALL": "C"]
      shell.workingDirectory = directory.path
      return try shell.run()
    }
    let ours = try run((["\(try locateXio())", "tail"] + options).joined(separator: " "))
    let theirs = try run("/usr/bin/tail")
    #expect(ours.ending == theirs.ending, "\(ours)", sourceLocation: sourceLocation)
    let isSame = ours.output == theirs.output
    #expect(
      isSame, "\(ours.output.count), not \(theirs.output.count) bytes: \(ours)",
      sourceLocation: sourceLocation)
  }
}
