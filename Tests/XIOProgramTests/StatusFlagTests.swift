import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// Status flags belong to everybody who shares an open file, the user's shell among them.
@Suite struct StatusFlagTests {
  /// How a program comes to its end.
  enum Ending: String, CaseIterable, Sendable {
    case success, failure, interrupt, termination, readerLeaves
  }

  @Test(arguments: EngineVariant.all, StreamKind.allCases)
  func leavesFlagsAsTheyWere(_ variant: EngineVariant, _ kind: StreamKind) throws {
    for ending in Ending.allCases {
      // Nobody reads a terminal that is gone: there is nothing left to restore.
      if kind == .terminal, ending == .readerLeaves { continue }
      for inherited in [0, O_NONBLOCK] {
        try check(variant, kind, ending, inherited)
      }
    }
  }

  private func check(
    _ variant: EngineVariant, _ kind: StreamKind, _ ending: Ending, _ inherited: CInt
  ) throws {
    let streams = try StreamPair(kind)
    for end in [streams.input, streams.output] {
      try #require(fcntl(end.rawValue, F_SETFL, statusFlags(end) | inherited) == 0)
    }
    let before = [statusFlags(streams.input), statusFlags(streams.output)]
    let operands = ending == .failure ? ["-", "/nonexistent"] : []
    let running = try startXio(
      ["cat"] + variant.options + operands, input: .descriptor(streams.input),
      output: .descriptor(streams.output), errorOutput: .descriptor(streams.output))
    try streams.send("line")
    try streams.expectLine("line")
    let status = try end(running, streams, ending)
    let after = [statusFlags(streams.input), statusFlags(streams.output)]
    let what: Comment = "\(variant.testDescription) \(kind) \(ending) flags \(inherited)"
    #expect(after == before, what)
    #expect(running.hasEnded && status, what)
  }

  /// Brings the end about; says whether the program ended as it should.
  private func end(
    _ running: RunningProgram, _ streams: StreamPair, _ ending: Ending
  ) throws -> Bool {
    switch ending {
    case .success:
      try streams.endInput()
      return try running.wait().ending == .status(0)
    case .failure:
      try streams.endInput()
      return try running.wait().ending == .status(1)
    case .interrupt:
      try running.signal(SIGINT)
      return try running.wait().ending == .signal(SIGINT)
    case .termination:
      try running.signal(SIGTERM)
      return try running.wait().ending == .signal(SIGTERM)
    case .readerLeaves:
      try streams.leave()
      // A process that is being started elsewhere may hold a copy of the end for a moment.
      try eventually("the program notices") {
        if !running.hasEnded { try streams.send("more") }
        return running.hasEnded
      }
      return try running.wait().ending == .signal(SIGPIPE)
    }
  }
}
