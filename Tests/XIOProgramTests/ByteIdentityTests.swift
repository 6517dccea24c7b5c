import SystemPackage
import Testing
import XIOTestSupport

/// Random data that does not end where blocks do, made once and read by every test of the process: a
/// gibibyte of it in the full size.
private let whole = Result {
  let directory = try TestDirectory(on: .ext4)
  let count = runsFullSize ? 1 << 30 : 64 << 20
  return (directory, file: try directory.writeRandom("source", count: count + 12_345))
}

/// Less of the same, for what takes the way that copies of a file take too.
private let part = Result {
  let directory = try TestDirectory(on: .ext4)
  return (directory, file: try directory.writeRandom("source", count: 64 << 20))
}

/// Many bytes come out as it went in, through every engine and every cache mode.
@Suite(.serialized) struct ByteIdentityTests {
  /// Every engine in every mode, or every second of these: what `cat` takes from a file into a file and what it
  /// passes through pipes make up for each other, and each engine and each mode meets both.
  private static func half(_ remainder: Int) -> [(EngineVariant, CacheModeName)] {
    EngineVariant.all.enumerated().flatMap { number, variant in
      CacheModeName.allCases.enumerated().filter {
        runsFullSize || (number + $0.offset) % 2 == remainder
      }
      .map { (variant, $0.element) }
    }
  }

  @Test(arguments: EngineVariant.all, CacheModeName.allCases)
  func copies(_ variant: EngineVariant, _ mode: CacheModeName) throws {
    let source = try whole.get().file
    let directory = try TestDirectory(on: .ext4)
    let target = directory.path(of: "target")
    let options = variant.options + mode.options
    let result = try runXio(["copy"] + options + [source, target])
    if let refusal = mode.refusal(variant, on: .ext4) {
      expectMessage(result, refusal, source.string)
      #expect(try directory.names().isEmpty)
      return
    }
    expectQuietSuccess(result)
    try expectIdentical(source, target)
  }

  /// More than the counters and buffers of any size in between have seen.
  @Test func copiesAGibibyte() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: (1 << 30) + 1)
    let target = directory.path(of: "target")
    expectQuietSuccess(try runXio(["copy", "--engine", "blocking", source, target]))
    try expectIdentical(source, target)
  }

  @Test(arguments: half(0))
  func concatenates(_ variant: EngineVariant, _ mode: CacheModeName) throws {
    let source = try part.get().file
    let directory = try TestDirectory(on: .ext4)
    let target = directory.path(of: "target")
    let options = variant.options + mode.options
    let result = try runXio(["cat"] + options + [source], output: .file(target))
    if let refusal = mode.refusal(variant, on: .ext4) {
      expectMessage(result, refusal)
      #expect(try fileSize(target) == 0)
      return
    }
    expectQuietSuccess(result)
    try expectIdentical(source, target)
  }

  /// From a file into a pipe, from that into another, and from that into a file.
  @Test(arguments: half(1))
  func passesThroughPipes(_ variant: EngineVariant, _ mode: CacheModeName) throws {
    guard mode.refusal(variant, on: .ext4) == nil else {
      return try refusesBesidePipes(variant, mode)
    }
    // The ends see the cache, which copies go through at full size; the pipes between them do not.
    let source = try (mode == .page ? whole : part).get().file
    let directory = try TestDirectory(on: .ext4)
    let target = directory.path(of: "target")
    let (first, second) = (try closeOnExecPipe(), try closeOnExecPipe())
    let options = ["cat"] + variant.options + mode.options
    let running = [
      try startXio(options + [source], output: .descriptor(first.writer)),
      try startXio(
        options, input: .descriptor(first.reader), output: .descriptor(second.writer)),
      try startXio(options + ["-"], input: .descriptor(second.reader), output: .file(target)),
    ]
    for end in [first.reader, first.writer, second.reader, second.writer] { try end.close() }
    for program in running { expectQuietSuccess(try program.wait()) }
    try expectIdentical(source, target)
  }

  private func refusesBesidePipes(_ variant: EngineVariant, _ mode: CacheModeName) throws {
    let refusal = mode.refusal(variant, on: .ext4) ?? ""
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.write("source", "bytes".utf8)
    let options = ["cat"] + variant.options + mode.options
    let reading = try runXio(options + [source])
    expectMessage(reading, refusal, source.string)
    #expect(reading.output.isEmpty)
    let target = directory.path(of: "target")
    let writing = try runXio(options, input: .bytes(Array("bytes".utf8)), output: .file(target))
    expectMessage(writing, refusal)
    #expect(try fileSize(target) == 0)
  }
}
