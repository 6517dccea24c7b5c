import SystemPackage
import Testing
import XIOTestSupport

/// What the program says of its engines.
@Suite struct EngineListTests {
  private static let names = Set(EngineVariant.named.map(\.name))

  /// The lines of the table that begin with the name of an engine.
  private func rows(_ text: String) -> [String: [Substring]] {
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    return Dictionary(
      lines.filter { $0.count > 1 && Self.names.contains(String($0[0])) }
        .map { (String($0[0]), Array($0.dropFirst())) }, uniquingKeysWith: { first, _ in first })
  }

  @Test func namesEveryEngine() throws {
    let result = try runXio(["engines"])
    expectQuietSuccess(result)
    expectNarrow(result.outputText)
    #expect(Set(rows(result.outputText).keys) == Self.names)
    for notify in ["suspend", "poll", "signal", "thread"] {
      #expect(result.outputText.contains("posix-aio \(notify)"), "\(result)")
    }
  }

  @Test(arguments: FileSystemKind.allCases)
  func saysWhatFilesAllow(_ kind: FileSystemKind) throws {
    let directory = try TestDirectory(on: kind)
    let file = try directory.write("file", "text".utf8)
    let result = try runXio(["engines", "file"], workingDirectory: directory.path)
    expectQuietSuccess(result)
    expectNarrow(result.outputText)
    let engines = rows(result.outputText)
    #expect(Set(engines.keys) == Self.names)
    for name in ["select", "poll", "epoll", "sigio"] {
      #expect(engines[name]?.starts(with: ["always", "ready"]) == true, "\(result)")
    }
    let modes = result.outputText.split(separator: "\n").map { $0.split(separator: " ") }
    func mode(_ name: String) -> String {
      modes.first { $0.first.map(String.init) == name }?.dropFirst().joined(separator: " ") ?? ""
    }
    let isInMemory = kind == .tmpfs
    let isUncached = kind == .ext4 || kind == .xfs
    #expect(mode("direct").hasPrefix(isInMemory ? "not honoured" : "honoured"), "\(result)")
    #expect(mode("uncached").hasPrefix(isUncached ? "honoured" : "refused"), "\(result)")
    #expect(
      mode("keep").hasPrefix(isUncached ? "as uncached" : isInMemory ? "no" : "as direct"),
      "\(result)")
    #expect(try readFile(file) == Array("text".utf8))
  }

  @Test func doesNotWaitForAFIFO() throws {
    let directory = try TestDirectory()
    _ = try directory.makeFIFO("fifo")
    let result = try runXio(["engines", "fifo"], workingDirectory: directory.path)
    expectQuietSuccess(result)
    expectNarrow(result.outputText)
    expectWaits(result)
  }

  @Test(arguments: StreamKind.allCases)
  func looksAtAnOpenDescriptor(_ kind: StreamKind) throws {
    let streams = try StreamPair(kind)
    let before = statusFlags(streams.input)
    try streams.send("untouched")
    let result = try runXio(["engines", "fd:0"], input: .descriptor(streams.input))
    expectQuietSuccess(result)
    expectNarrow(result.outputText)
    expectWaits(result)
    #expect(statusFlags(streams.input) == before)
    #expect(readableBytes(streams.input) == 10)
  }

  @Test func reportsWhatCannotBeLookedAt() throws {
    expectMessage(try runXio(["engines", "/nonexistent"]), "'/nonexistent'", "No such file")
    expectMessage(try runXio(["engines", "fd:77"]), "'fd:77'", "Bad file descriptor")
    expectMessage(try runXio(["engines", "fd:0"], input: .closed), "'fd:0'")
  }

  private func expectWaits(_ result: ProgramResult) {
    let engines = rows(result.outputText)
    #expect(Set(engines.keys) == Self.names, "\(result)")
    for name in ["select", "poll", "epoll", "sigio", "uring", "libaio"] {
      #expect(engines[name] == ["waits"], "\(result)")
    }
  }
}
